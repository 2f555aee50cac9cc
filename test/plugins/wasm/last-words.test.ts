/** What a module's thread says before it ends, heard by an actor whose thread stood still meanwhile. No actors but in name. */
import { expect, test } from "@jest/globals";
import type { PluginBus } from "../../../core/index.ts";
import { wasmConfig } from "../../../plugins/wasm/config.ts";
import { ModuleThread } from "../../../plugins/wasm/module-thread.ts";
import { wasmOf } from "../../support/wat.ts";

const trapsAtOnce = wasmOf('(module (func $boom unreachable) (start $boom) (func (export "add")))');

test("a module that cannot start says why, also where its thread's end is heard first", async () => {
  const config = wasmConfig["~standard"].validate({ kind: "raw", exports: { add: { parameters: [], results: [] } } });
  if (!("value" in config)) throw new Error("not a configuration");
  const bus = { signal: new AbortController().signal } as PluginBus;
  const start = ModuleThread.start(trapsAtOnce, config.value, bus, "boom");
  // Until the thread has started, failed and ended: both its last word and its end wait for this thread then.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  await expect(start).rejects.toMatchObject({ code: "wasm_trap", message: "the module trapped: unreachable" });
});
