/**
 * The command's entry file and `prepare.cjs`, as processes, in a copy of the package that has just what a case needs.
 * The pinned Node of these copies is a shell script, and their package.json demands a Node that nobody has.
 */
import {
  chmodSync,
  copyFileSync,
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
import { describe, expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import { type ProgramOptions, type ProgramResult, runProgram } from "../support/run-program.ts";

class PackageCopy implements Disposable {
  readonly root = mkdtempSync(join(tmpdir(), "mofa-entry-"));

  constructor(minimum: string) {
    mkdirSync(join(this.root, "cli"));
    for (const name of entryFiles()) copyFileSync(join(packageRoot, "cli", name), join(this.root, "cli", name));
    this.write("package.json", JSON.stringify({ name: "mofa", engines: { node: `>=${minimum}` } }));
  }

  write(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
  }

  /** What a build needs. @param compiler its code. @param bundler its code; absent: the package's own, without what it loads */
  setUp(compiler: string, bundler?: string): void {
    this.write("node_modules/typescript/bin/tsc", compiler);
    if (bundler !== undefined) this.write("cli/bundle.cjs", bundler);
    this.write("tsconfig.json", "{}");
    this.write("package-lock.json", "{}");
  }

  pinNode(version: string, shellScript: string): void {
    this.write("node_modules/node/package.json", JSON.stringify({ version }));
    this.write("node_modules/node/bin/node", `#!/bin/sh\n${shellScript}\n`);
    chmodSync(join(this.root, "node_modules/node/bin/node"), 0o755);
  }

  run(file: string, args: readonly string[] = [], options: ProgramOptions = {}): Promise<ProgramResult> {
    return runProgram(process.execPath, [join(this.root, "cli", file), ...args], options);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}

function entryFiles(): string[] {
  return readdirSync(join(packageRoot, "cli")).filter((name) => name.endsWith(".cjs"));
}

describe("the entry of the command", () => {
  test("loads the built command with its arguments, and ends with its exit code", async () => {
    using copy = new PackageCopy("24");
    copy.write("dist/package.json", JSON.stringify({ type: "module" }));
    copy.write("dist/cli/main.js", "export const run = async (args) => (console.log(args.join(' ')), 7);");
    expect(await copy.run("mofa.cjs", ["demo", "--json"])).toEqual({
      code: 7,
      signal: null,
      stdout: "demo --json\n",
      stderr: "",
    });
  });

  test("says in one sentence that the command is not built", async () => {
    using copy = new PackageCopy("24");
    expect(await copy.run("mofa.cjs")).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: `mofa is not built: run "npm ci && npm run build" in ${copy.root}, or install the package again.\n`,
    });
  });

  test("says in one sentence that this Node is too old, where no other is to be had", async () => {
    using copy = new PackageCopy("99.0");
    const result = await copy.run("mofa.cjs");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^mofa needs Node 99\.0 or later and this is v\d+\.\d+\.\d+: install [^\n]+\.\n$/);
  });

  test("starts the pinned Node with the same arguments and streams, and ends with its exit code", async () => {
    using copy = new PackageCopy("99.0");
    copy.pinNode("99.1.0", 'shift; echo "out: $*"; echo "err: $MOFA_REEXECUTED" >&2; exit 7');
    expect(await copy.run("mofa.cjs", ["demo", "--json", "a b"])).toEqual({
      code: 7,
      signal: null,
      stdout: "out: demo --json a b\n",
      stderr: "err: 1\n",
    });
  });

  test("does not start a third Node from the one that it started", async () => {
    using copy = new PackageCopy("99.0");
    copy.pinNode("99.1.0", `exec "${process.execPath}" "$@"`); // says that it is 99.1 and is not
    const result = await copy.run("mofa.cjs");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(/^mofa needs Node 99\.0 or later/);
  });

  test("does not pass its own mark on to what the command starts", async () => {
    using copy = new PackageCopy("24");
    copy.write("dist/package.json", JSON.stringify({ type: "module" }));
    copy.write("dist/cli/main.js", "export const run = async () => (console.log(process.env.MOFA_REEXECUTED), 0);");
    const result = await copy.run("mofa.cjs", [], { env: { ...process.env, MOFA_REEXECUTED: "1" } });
    expect(result.stdout).toBe("undefined\n");
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "hands %s on to the pinned Node, which decides how it ends",
    async (signal) => {
      using copy = new PackageCopy("99.0");
      // A Node, since a shell cannot trap a signal that was ignored when it started, as SIGINT is in a background job.
      copy.write(
        "waits.cjs",
        `process.on("${signal}", () => (console.log("got ${signal}"), process.exit(9)));
      setInterval(() => process.exit(1), 20_000); console.log("up");`,
      );
      copy.pinNode("99.1.0", `exec "${process.execPath}" "${copy.root}/waits.cjs"`);
      const result = await copy.run("mofa.cjs", [], {
        onStdout: (text, kill) => {
          if (text === "up\n") kill(signal);
        },
      });
      expect(result).toEqual({ code: 9, signal: null, stdout: `up\ngot ${signal}\n`, stderr: "" });
    },
  );

  test("ends by the signal that ended the pinned Node", async () => {
    using copy = new PackageCopy("99.0");
    copy.pinNode("99.1.0", "kill -TERM $$");
    expect(await copy.run("mofa.cjs")).toMatchObject({ code: null, signal: "SIGTERM" });
  });

  test("is written in ES5, as is all that it loads before it knows which Node it runs on", () => {
    for (const name of entryFiles().filter((file) => file !== "load.cjs" && file !== "bundle.cjs")) {
      const code = readFileSync(join(packageRoot, "cli", name), "utf8")
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .replace(/\/\/.*$/gm, "")
        .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
      const newer = /=>|`|\b(?:let|const|class|async|await|import|of)\b|\?\.|\?\?|\.\.\.|,\s*\)|\bnode:/.exec(code);
      expect({ name, newer: newer?.[0] }).toEqual({ name, newer: undefined });
    }
  });
});

describe("prepare.cjs", () => {
  test("says in one sentence that the development dependencies are not installed", async () => {
    using copy = new PackageCopy("24");
    expect(await copy.run("prepare.cjs")).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: 'The development dependencies are not installed: run "npm ci" first.\n',
    });
  });

  test("says in one sentence that the pinned Node was not installed", async () => {
    using copy = new PackageCopy("99.0");
    copy.write("node_modules/typescript/bin/tsc", "");
    const result = await copy.run("prepare.cjs");
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(
      /^This runs on Node v[\d.]+ because node_modules\/\.bin\/node is missing [^\n]+\.\n$/,
    );
  });

  test("builds when a source changed, came or went, and not otherwise; always when told to; silently", async () => {
    using copy = new PackageCopy("24");
    // A compiler that leaves a note of each build beside the sources.
    copy.setUp(
      'const fs = require("fs"); fs.mkdirSync("dist"); fs.appendFileSync("builds.log", "built\\n");',
      "exports.bundle = async () => undefined;",
    );
    copy.write("core/actor.ts", "export {};");
    const builds = async (...args: string[]) => {
      const before = readLog(copy).length;
      expect(await copy.run("prepare.cjs", args)).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
      return readLog(copy).length - before;
    };

    expect(await builds()).toBe(1); // there was no dist
    expect(await builds()).toBe(0);
    copy.write("core/actor.ts", "export const changed = 1;");
    expect(await builds()).toBe(1);
    copy.write("core/new.ts", "");
    expect(await builds()).toBe(1);
    rmSync(join(copy.root, "core/new.ts"));
    expect(await builds()).toBe(1);
    copy.write("core/README.md", "not a source");
    expect(await builds()).toBe(0);
    expect(await builds("--build")).toBe(1);
  });

  test("follows no link: one may lead nowhere, or round and round", async () => {
    using copy = new PackageCopy("24");
    copy.setUp('require("fs").mkdirSync("dist");', "exports.bundle = async () => undefined;");
    symlinkSync("nowhere", join(copy.root, "notes.ts"));
    symlinkSync("..", join(copy.root, "cli", "round"));
    expect(await copy.run("prepare.cjs")).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });

  test("says in one sentence that the bundler is not installed", async () => {
    using copy = new PackageCopy("24");
    copy.setUp('require("fs").mkdirSync("dist");');
    const { code, stderr } = await copy.run("prepare.cjs");
    expect([code, stderr]).toEqual([1, expect.stringMatching(/run "npm ci"\. Cannot find module 'rolldown'\n$/)]);
  });

  test("ends with what kept the core from being bundled on stderr, and builds anew the next time", async () => {
    using copy = new PackageCopy("24");
    copy.setUp(
      'require("fs").mkdirSync("dist");',
      'exports.bundle = async () => { throw new Error("no such module"); };',
    );
    const stderr = 'The runtime could not be bundled; if a package is missing, run "npm ci". no such module\n';
    const failure = { code: 1, signal: null, stdout: "", stderr };
    expect(await copy.run("prepare.cjs")).toEqual(failure);
    expect(await copy.run("prepare.cjs")).toEqual(failure);
  });

  test("ends with the compiler's findings on stderr, and builds anew the next time", async () => {
    using copy = new PackageCopy("24");
    copy.setUp('console.log("a.ts(1,1): error"); process.exitCode = 2;');
    const failure = { code: 1, signal: null, stdout: "", stderr: "a.ts(1,1): error\n" };
    expect(await copy.run("prepare.cjs")).toEqual(failure);
    expect(await copy.run("prepare.cjs")).toEqual(failure);
  });
});

function readLog(copy: PackageCopy): string[] {
  try {
    return readFileSync(join(copy.root, "builds.log"), "utf8").trim().split("\n");
  } catch {
    return []; // not built yet
  }
}
