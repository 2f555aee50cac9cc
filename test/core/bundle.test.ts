/** The core as it is built, in few files (`cli/bundle.cjs`). */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "@jest/globals";
import { packageRoot } from "../support/package-root.ts";
import { runProgram } from "../support/run-program.ts";

const built = (path: string): string => pathToFileURL(join(packageRoot, "dist", path)).href;

/** Says each module of the core that a worker thread loads. */
const hooks = `
  import { writeSync } from "node:fs";
  import { registerHooks } from "node:module";
  import { isMainThread } from "node:worker_threads";
  registerHooks({
    load(url, context, next) {
      if (!isMainThread && url.includes("/dist/core/")) writeSync(2, url + "\\n");
      return next(url, context);
    },
  });`;

const program = `
  import { startSystem } from ${JSON.stringify(built("index.js"))};
  await using system = await startSystem({ threads: 1, spare: false, watchdog: false });`;

test("a thread that starts loads the core from fewer than ten files", async () => {
  const flags = [
    "--import",
    `data:text/javascript,${encodeURIComponent(hooks)}`,
    "--input-type=module",
    "--eval",
    program,
  ];
  const { code, stderr } = await runProgram(process.execPath, flags);
  const files = stderr.split("\n").filter((line) => line.includes("/dist/core/"));
  expect(code).toBe(0);
  expect(files).toContain(built("core/bundle/thread-entry.js"));
  expect(files.length).toBeLessThan(10);
});

test("a module of the core has what the bundle has, however it is come by", async () => {
  const { Kernel } = await import("../../core/kernel/kernel.ts");
  const { startSystem } = await import("../../index.ts");
  const whole = (await import(built("core/bundle/whole.js"))) as Record<string, unknown>;
  expect(whole["kernel_kernel__Kernel"]).toBe(Kernel);
  await using system = await startSystem({ threads: 1, spare: false });
  const { System } = await import("../../core/system/system.ts");
  expect(system).toBeInstanceOf(System);
});
