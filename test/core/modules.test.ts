/** Behaviour modules: real threads and real programs, since the claims are about loading; placement is the other thread by nature. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { build } from "esbuild";
import { defineActor, startSystem } from "../../index.ts";
import { neverEnds } from "../fixtures/modules/never-ends.ts";
import { getHidden } from "../fixtures/modules/not-exported.ts";
import { sometimes } from "../fixtures/modules/other-export.ts";
import { throws } from "../fixtures/modules/throws.ts";
import { keeper } from "../fixtures/volume.ts";
import { packageRoot } from "../support/package-root.ts";

const run = promisify(execFile);
const elsewhere = { placement: { thread: 1 } } as const;
const program = (name: string) => join(packageRoot, "dist/test/fixtures/programs", `${name}.js`);
const source = (name: string) => join(packageRoot, "test/fixtures/programs", `${name}.ts`);

test("a module that throws on that thread is module_failed, and the thread goes on", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await expect(system.spawn(throws, undefined, elsewhere)).rejects.toMatchObject({ code: "module_failed" });
  expect((await system.spawn(keeper, undefined, elsewhere)).thread).toBe(1);
});

test("a module that never ends loading is load_timeout, afterwards deadlocked_load, and the thread goes on", async () => {
  await using system = await startSystem({ threads: 1, spare: false, loadTimeoutMs: 200 });
  await expect(system.spawn(neverEnds, undefined, elsewhere)).rejects.toMatchObject({ code: "load_timeout" });
  await expect(system.spawn(neverEnds, undefined, elsewhere)).rejects.toMatchObject({ code: "deadlocked_load" });
  expect((await system.spawn(keeper, undefined, elsewhere)).thread).toBe(1);
});

test("a behaviour that no module exports is module_unknown, with the remedy", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  await expect(system.spawn(getHidden(), undefined, elsewhere)).rejects.toMatchObject({
    code: "module_unknown",
    message: expect.stringMatching(/not-exported\.js.*export const/s) as unknown,
  });
  expect((await system.spawn(getHidden(), undefined, { placement: "local" })).thread).toBe(0);
});

test("a behaviour that its module does not export on that thread is module_export_missing", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  if (sometimes === undefined) throw new Error("main exports it");
  await expect(system.spawn(sometimes, undefined, elsewhere)).rejects.toMatchObject({ code: "module_export_missing" });
});

test("an unguarded main file is refused while a thread loads it, with the guard as remedy", async () => {
  const { stdout } = await run(process.execPath, [program("main-file")]);
  expect(JSON.parse(stdout)).toMatchObject({
    code: "started_while_loading",
    message: expect.stringMatching(/main-file\.js.*import\.meta\.main.*counter\.ts/s) as unknown,
  });
});

test("a guarded main file may hold the behaviour", async () => {
  expect((await run(process.execPath, [program("guarded")])).stdout).toBe("42 on thread 1\n");
});

// As built, and as it was written.
const forms = [
  ["js", program],
  ["ts", source],
] as const;

test.each(forms)(
  "a guarded main file (.%s) may await everything at its top level, on every placement",
  async (_, at) => {
    expect((await run(process.execPath, [at("one-file")])).stdout.split("\n")).toEqual([
      "pong on 0",
      "pong on 0",
      "pong on 1",
      "pong on 1",
      "pong on 3", // two scheduler threads, so the first dedicated one is the third
      "pong on 4",
      "pong from 0",
      "pong from 1",
      "pong from 2",
      "tree on 0: 2 2 0 2",
      "tree on 1: 2 2 0 2",
      "",
    ]);
  },
);

test.each(forms)(
  "an unguarded main file (.%s) that awaits its spawns has them on main, and elsewhere an error without delay, with both remedies",
  async (extension, at) => {
    const [here, error = ""] = (await run(process.execPath, [at("unguarded")])).stdout.split("\n");
    expect(here).toBe("on 0");
    const { code, message } = JSON.parse(error) as Record<string, string>;
    expect(code).toBe("started_while_loading");
    expect(message).toMatch(
      new RegExp(`unguarded\\.${extension} .*if \\(import\\.meta\\.main\\) \\{.*"\\./counter\\.ts"`, "s"),
    );
  },
);

test("of a main file that is still loading only what it exports, each from a place of its own, runs elsewhere", async () => {
  const lines = (await run(process.execPath, [program("unclear")])).stdout.split("\n");
  const [hidden, left] = lines.slice(0, 2).map((line) => JSON.parse(line) as Record<string, string>);
  expect(hidden).toMatchObject({
    code: "module_unknown",
    message: expect.stringMatching(/unclear\.js does not export/),
  });
  expect(left).toMatchObject({ code: "module_unknown", message: expect.stringMatching(/unclear\.js exports several/) });
});

test("a program that is in no file is module_unknown, with the remedy", async () => {
  const text = `
    import { defineActor, startSystem } from "mofa";
    await using system = await startSystem({ threads: 1, spare: false });
    await system.spawn(defineActor({ receive() {} })).catch((error) => console.log(error.code, error.message));
  `;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", text], { cwd: packageRoot });
  expect(stdout).toMatch(/^module_unknown .*one of its own that the program imports/s);
});

test("a module that a behaviour names and that cannot be imported is module_failed, with the remedy", async () => {
  await using system = await startSystem({ threads: 1, spare: false });
  const lost = defineActor({ name: "lost", module: "file:///nowhere/lost.mjs", receive: () => undefined });
  await expect(system.spawn(lost, undefined, elsewhere)).rejects.toMatchObject({
    code: "module_failed",
    message: expect.stringMatching(/^behaviour lost .*lost\.mjs.*import\.meta\.url/s),
  });
});

test("a module is named by its URL, and anything else refused where it is defined", () => {
  for (const module of ["./lost.mjs", "lost.mjs", "", 5 as never])
    expect(() => defineActor({ module, receive: () => undefined })).toThrow(/module is the URL .*import\.meta\.url/);
});

test("rejections and exceptions that actors leave behind end the actor, on main and on a worker, and not the program", async () => {
  const { stdout } = await run(process.execPath, [program("rejections")]);
  const error = (message: string) => `{"error":{"name":"Error","message":"${message}"}}`;
  expect(stdout.split("\n")).toEqual([
    `0 rejection: ${error("nobody awaits this")}`,
    `0 timer: ${error("too late")}`,
    `0 task: ${error("a task that nobody awaits")}`,
    `1 rejection: ${error("nobody awaits this")}`,
    `1 timer: ${error("too late")}`,
    `1 task: ${error("a task that nobody awaits")}`,
    '1 exit: {"exitCalled":7}',
    "alive",
    "",
  ]);
});

test("a program bundled by esbuild runs when its behaviours name their module", async () => {
  const folder = mkdtempSync(join(packageRoot, "dist-bundle-"));
  try {
    await build({
      entryPoints: [join(packageRoot, "test/fixtures/programs/bundled.ts")],
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["mofa"],
      outfile: join(folder, "program.js"),
    });
    expect((await run(process.execPath, [join(folder, "program.js")])).stdout).toBe("true on thread 1\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
