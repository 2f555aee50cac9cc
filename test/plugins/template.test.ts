/** The template of a plugin, copied out of the packed package to somewhere outside the tree: it compiles, and does what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import { PackedPackage } from "../support/packed-package.ts";
import { runProgram } from "../support/run-program.ts";

let packed: PackedPackage;
/** The copy. */
let plugin: string;
let program: ChildProcess | undefined;

beforeAll(async () => {
  packed = await PackedPackage.make();
  plugin = join(packed.folder, "my-plugin");
  cpSync(join(packed.root, "plugins", "template"), plugin, { recursive: true });
  // With what the compiler needs.
  packed.install(plugin, ["@types", "undici-types"]);
}, 60_000);

afterAll(async () => {
  if (program !== undefined && program.exitCode === null) {
    const ended = once(program, "close");
    program.kill("SIGTERM");
    await ended;
  }
  packed[Symbol.dispose]();
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
  expect([code, stderr]).toEqual([0, "14 plugins\n"]);
  expect(stdout.split("\n").map((line) => [line.split(" ")[0], /npm install .*$/.exec(line)?.[0]])).toEqual([
    ["plugin", undefined],
    ["llm-anthropic", "npm install @anthropic-ai/sdk@1"],
    ["llm-native", "npm install node-llama-cpp@3"],
    ["llm-ollama", "npm install ollama@0.6"],
    ["llm-openai", "npm install openai@7"],
    ["llm-scripted", undefined],
    ["prometheus", undefined],
    ["storage-memory", undefined],
    ["storage-mysql", "npm install mysql2@3"],
    ["storage-postgres", "npm install pg@8"],
    ["storage-sqlite", 'npm install sqlite3@6 (for driver: "sqlite3")'],
    ["telemetry", "npm install @opentelemetry/api@1"],
    ["tool-fs", undefined],
    ["tool-http", undefined],
    ["tool-shell", undefined],
    ["", undefined],
  ]);
});

test("its program runs, it answers there, and mofa plugins lists it", async () => {
  const mofa = join(plugin, "node_modules", "mofa", "cli", "mofa.cjs");
  const env = { ...process.env, XDG_RUNTIME_DIR: packed.folder };
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
