/** Behaviour modules: real threads and real programs, since the claims are about loading; placement is the other thread by nature. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { build } from "esbuild";
import { startSystem } from "../../index.ts";
import { neverEnds } from "../fixtures/modules/never-ends.ts";
import { getHidden } from "../fixtures/modules/not-exported.ts";
import { sometimes } from "../fixtures/modules/other-export.ts";
import { throws } from "../fixtures/modules/throws.ts";
import { keeper } from "../fixtures/volume.ts";
import { packageRoot } from "../support/package-root.ts";

const run = promisify(execFile);
const elsewhere = { placement: { thread: 1 } } as const;
const program = (name: string) => join(packageRoot, "dist/test/fixtures/programs", `${name}.js`);

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
    code: expect.stringMatching(/^(module_failed|started_while_loading)$/) as unknown,
    message: expect.stringMatching(/import\.meta\.main/) as unknown,
  });
});

test("a guarded main file may hold the behaviour", async () => {
  expect((await run(process.execPath, [program("guarded")])).stdout).toBe("42 on thread 1\n");
});

test("a main file that awaits the spawn at its top level gets an error that says what to do", async () => {
  const { stdout } = await run(process.execPath, [program("top-level-await")]);
  expect(JSON.parse(stdout)).toMatchObject({
    code: "module_unknown",
    message: expect.stringMatching(/still loading/) as unknown,
  });
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
