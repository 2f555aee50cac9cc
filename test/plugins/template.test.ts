/** The template of a plugin, copied out of the packed package to somewhere outside the tree: it compiles, and does what it says. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const run = promisify(execFile);
let folder: string;
/** The copy. */
let plugin: string;
let program: ChildProcess | undefined;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "mofa-template-"));
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder, "--cache", join(folder, "cache")], {
    cwd: packageRoot,
  });
  const tarball = readdirSync(folder).find((file) => file.endsWith(".tgz")) ?? "";
  await run("tar", ["-xzf", join(folder, tarball), "-C", folder]);
  plugin = join(folder, "my-plugin");
  const modules = join(plugin, "node_modules");
  cpSync(join(folder, "package", "plugins", "template"), plugin, { recursive: true });
  // As npm would install it, without asking a registry for what is there.
  mkdirSync(modules);
  cpSync(join(folder, "package"), join(modules, "mofa"), { recursive: true });
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package", "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const compilers = ["@types", "undici-types"];
  for (const name of [...Object.keys(dependencies), ...compilers]) {
    const installed = join(packageRoot, "node_modules", name);
    if (existsSync(installed)) symlinkSync(installed, join(modules, name), "junction");
  }
}, 60_000);

afterAll(async () => {
  if (program !== undefined && program.exitCode === null) {
    const ended = once(program, "close");
    program.kill("SIGTERM");
    await ended;
  }
  rmSync(folder, { recursive: true });
});

test("its types fit, as its comments have them", async () => {
  const compilerOptions = {
    ...{ allowJs: true, checkJs: true, noEmit: true, strict: true, skipLibCheck: true },
    ...{ target: "ES2024", lib: ["ES2024", "ESNext.Disposable"], module: "NodeNext", types: ["node"] },
  };
  writeFileSync(join(plugin, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.js"] }));
  const tsc = join(packageRoot, "node_modules/typescript/bin/tsc");
  expect(await runProgram(process.execPath, [tsc, "--project", plugin])).toEqual({
    code: 0,
    signal: null,
    stdout: "",
    stderr: "",
  });
});

test("its tests pass", async () => {
  const { code, stdout } = await runProgram(process.execPath, ["--test", "--test-reporter=tap"], { cwd: plugin });
  expect([code, stdout.match(/^# (?:pass|fail) \d+$/gm)]).toEqual([0, ["# pass 3", "# fail 0"]]);
});

test("beside it mofa plugins --available has the commands that install what is missing there", async () => {
  const mofa = join(plugin, "node_modules", "mofa", "cli", "mofa.cjs");
  const { code, stdout, stderr } = await runProgram(process.execPath, [mofa, "plugins", "--available"], {
    cwd: plugin,
  });
  expect([code, stderr]).toEqual([0, "4 plugins\n"]);
  expect(stdout.split("\n").map((line) => [line.split(" ")[0], /npm install .*$/.exec(line)?.[0]])).toEqual([
    ["plugin", undefined],
    ["storage-memory", undefined],
    ["storage-mysql", "npm install mysql2@3"],
    ["storage-postgres", "npm install pg@8"],
    ["storage-sqlite", 'npm install sqlite3@6 (for driver: "sqlite3")'],
    ["", undefined],
  ]);
});

test("its program runs, it answers there, and mofa plugins lists it", async () => {
  const mofa = join(plugin, "node_modules", "mofa", "cli", "mofa.cjs");
  const env = { ...process.env, XDG_RUNTIME_DIR: folder };
  program = spawn(process.execPath, [mofa, "run", "example.js"], {
    cwd: plugin,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once((program.stdout as NodeJS.ReadableStream).setEncoding("utf8"), "data")) as [string];
  expect(said).toBe("birds: 2\n");
  const { code, stdout } = await runProgram(process.execPath, [mofa, "plugins", "--json"], { cwd: plugin, env });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    plugins: [
      {
        name: "tally",
        version: "0.1.0",
        state: "running",
        provides: [{ name: "tallies", version: "0.1.0" }],
        packages: [],
        health: { status: "up", detail: "2 of 100 things" },
      },
    ],
  });
});
