/** Instances of a module, in this thread. No actors. */
import { expect, test } from "@jest/globals";
import type { ActorInbox } from "../../../plugins/wasm/actor-inbox.ts";
import { HostCalls } from "../../../plugins/wasm/host-calls.ts";
import { ModuleInstance } from "../../../plugins/wasm/module-instance.ts";
import type { ThreadData } from "../../../plugins/wasm/thread-protocol.ts";
import { wasmOf } from "../../support/wat.ts";

// A start function that traps in a later instance alone: at the end of its stack, which is shorter within a question.
test("the memories of instances whose start function traps do not add up", () => {
  const data = {
    module: wasmOf(`(module (memory (export "memory") 2 256) (func (export "run"))
      (func $fill (drop (memory.grow (i32.const 254))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 16777216)) (unreachable))
      (start $fill))`),
    isRaw: true,
    isJson: false,
    imports: [],
    memoryPagesMax: 256,
    messageBytesMax: 1_000,
  } as unknown as ThreadData; // without its port, by which the module asks for nothing
  const instance = new ModuleInstance(data, new HostCalls({} as ActorInbox, 0, 0));
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let fault = 0; fault < 80; fault++) {
    expect(() => instance.answer({ type: "invoke", name: "run", args: [] })).toThrow("the module trapped: unreachable");
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  // All of them would be 1,280 MiB.
  expect(most / 2 ** 20).toBeLessThan(800);
});
