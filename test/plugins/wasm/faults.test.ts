/** Hostile and broken modules: what a call fails with, what is left of the plugin, and that its neighbours notice nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { type Isolation, type PluginBus, type Ref, type SupervisorHandle, startSystem } from "../../../index.ts";
import { wasmConfig } from "../../../plugins/wasm/config.ts";
import { ModuleThread } from "../../../plugins/wasm/module-thread.ts";
import { store } from "../../fixtures/plugins.ts";
import { module as plugin } from "../../fixtures/wasm-plugins.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { type AbiText, abiModule, answering, echo, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system" });
const { start, startAbi, call, failure } = useWasm(system);

/** Whoever sends a 1 as the first byte gets what `bad` does, others their input. */
const badAtOne = (bad: string, rest: AbiText = {}): AbiText => ({
  ...rest,
  handle: `(if (result i64) (i32.eq (i32.load8_u (local.get $at)) (i32.const 1)) (then ${bad}) (else ${echo}))`,
});
const bad = Uint8Array.of(1);
const good = Uint8Array.of(2, 3);

/** Linux tells the names of threads. */
const hasProc = existsSync("/proc/self/task");

/** Threads of modules that live in this process. */
function moduleThreads(): number {
  return readdirSync("/proc/self/task").filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, "utf8").startsWith("wasm module");
    } catch {
      return false; // it ended while they were listed
    }
  }).length;
}

function expectThreads(count: number): void {
  if (hasProc) expect(moduleThreads()).toBe(count);
}

/** A thread that was left to itself ends a little later, and never if it was forgotten. */
async function lastThreads(count: number): Promise<void> {
  while (hasProc && moduleThreads() !== count) await new Promise((resolve) => setImmediate(resolve));
}

const restarted = () => new Promise((resolve) => system().events.on("restarted", resolve));

describe("an endless loop", () => {
  const looping = badAtOne("(loop (br 0)) (unreachable)");

  test("fails with wasm_timeout, its thread ends, its supervisor starts the plugin anew, and its neighbours go on", async () => {
    const handle = await system().startPlugins([
      { plugin: store },
      { plugin, config: { kind: "bytes", module: abiModule(looping), callTimeoutMs: 100 } },
    ]);
    await system().call("plugin.store", "put", { key: "a", text: "A" });
    expectThreads(1);
    const again = restarted();
    const failed = failure(call("handle", bad));
    // While it loops.
    expect(await system().call("plugin.store", "get", "a")).toBe("A");
    expect(await failed).toMatchObject({
      code: "wasm_timeout",
      message: "the call took longer than callTimeoutMs (100), and its thread was ended",
    });
    await again;
    expect(await call("handle", good)).toEqual(good);
    expect(await system().call("plugin.store", "get", "a")).toBe("A");
    expectThreads(1);
    await end(handle);
    expectThreads(0);
  });

  test("what waits behind it fails with crashed, as behind any actor that ends", async () => {
    await startAbi(looping, { callTimeoutMs: 100 });
    const again = restarted();
    const failures = [failure(call("handle", bad)), failure(call("handle", good))];
    expect(await Promise.all(failures)).toMatchObject([{ code: "wasm_timeout" }, { code: "crashed" }]);
    await again;
  });

  test.each<Isolation>(["shared", "thread"])(
    "ends with the plugin, when that is killed: isolation %s",
    async (isolation) => {
      const says = { fields: '(import "mofa" "log" (func $log (param i32 i32 i32)))' };
      await startAbi(
        badAtOne("(call $log (i32.const 1) (i32.const 1018) (i32.const 4)) (loop (br 0)) (unreachable)", says),
        {
          callTimeoutMs: 600_000,
          grants: ["log"],
        },
        { isolation },
      );
      const looping = new Promise((resolve) => system().events.on("log", resolve));
      const failed = failure(call("handle", bad));
      await looping;
      const again = restarted();
      system().exit(system().whereis("plugin.module") as Ref, "kill");
      expect(await failed).toMatchObject({ code: "killed" });
      await again;
      expect(await call("handle", good)).toEqual(good);
      await lastThreads(1);
    },
  );

  test("in a list of its own takes nobody with it, also where its supervisor gives up", async () => {
    const others = await system().startPlugins([store]);
    await system().call("plugin.store", "put", { key: "a", text: "A" });
    const config = { kind: "bytes", module: abiModule(looping), callTimeoutMs: 20 };
    const handle = await system().startPlugins([{ plugin, config }], { intensity: 0 });
    expect(await failure(call("handle", bad))).toMatchObject({ code: "wasm_timeout" });
    expect(await handle.exit).toBe("shutdown");
    expect(await system().call("plugin.store", "get", "a")).toBe("A");
    await end(others);
  });

  test("in a start function fails the start after startTimeoutMs", async () => {
    const module = abiModule({ fields: "(func $spin (loop (br 0))) (start $spin)" });
    expect(await failure(start({ module, startTimeoutMs: 100 }))).toMatchObject({
      code: "start_failed",
      message: expect.stringContaining(
        "the start of the module took longer than startTimeoutMs (100), and its thread was ended",
      ),
    });
    expectThreads(0);
  });
});

test("a plugin that ended while its module was read starts no thread, which nobody would end", async () => {
  const bus = { signal: AbortSignal.abort() } as PluginBus;
  const module = abiModule();
  const read = await wasmConfig["~standard"].validate({ module, kind: "bytes" });
  if (read.issues !== undefined) throw new Error("the configuration is right");
  const started = ModuleThread.start(module, read.value, bus, "module");
  expect(await failure(started)).toMatchObject({
    code: "wasm_lost",
    message: "the plugin module ended before its module's thread started",
  });
  expectThreads(0);
});

test("a heap that is full ends the thread: wasm_lost, and the plugin starts anew", async () => {
  // Each caught exception holds its 64 numbers as long as its block is on the stack.
  const numbers = 64;
  const throwing = `${"(i64.const 81985529216486895)".repeat(numbers)} (throw $full)`;
  const module = wasmOf(`(module (tag $full (param ${"i64 ".repeat(numbers)}))
    (func $deep (export "deep") (param $n i32)
      (try (do ${throwing})
        (catch_all (if (local.get $n) (then (call $deep (i32.sub (local.get $n) (i32.const 1)))))))))`);
  const exports = { deep: { parameters: ["i32"], results: [] } } as const;
  await start({ kind: "raw", module, exports, stackMb: 64, callTimeoutMs: 60_000 });
  const deep = async (calls: number) => await failure(call("invoke", { name: "deep", args: [calls] }));
  expect(await deep(10)).toEqual({ value: [] });
  const again = restarted();
  expect(await deep(60_000)).toMatchObject({ code: "wasm_lost", message: expect.stringMatching(/memory limit/) });
  await again;
  expect(await deep(10)).toEqual({ value: [] });
  expectThreads(1);
});

test("a system that stops ends a module that loops", async () => {
  const other = await startSystem({ threads: 1, spare: false });
  const says = { fields: '(import "mofa" "log" (func $log (param i32 i32 i32)))' };
  const handle = "(call $log (i32.const 1) (i32.const 1018) (i32.const 4)) (loop (br 0)) (unreachable)";
  const config = { kind: "bytes", module: abiModule({ ...says, handle }), grants: ["log"], callTimeoutMs: 600_000 };
  await other.startPlugins([{ plugin, config, shutdown: 50 }]);
  const looping = new Promise((resolve) => other.events.on("log", resolve));
  const failed = failure(other.call("plugin.module", "handle", good));
  await looping;
  await other.stop();
  expect(await failed).toMatchObject({ code: expect.stringMatching(/^(killed|not_started)$/) });
  await lastThreads(0);
});

async function end(handle: SupervisorHandle): Promise<void> {
  system().exit(handle.ref, "shutdown");
  await handle.exit;
}

describe("a fault costs the module its state, and nothing else:", () => {
  const counted = `(global $count (mut i32) (i32.const 0))`;
  /** The second byte of an answer counts the calls of this instance. */
  const counting = (worse: string, rest: AbiText = {}): AbiText => ({
    ...rest,
    fields: `${rest.fields ?? ""} ${counted}`,
    handle: `
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 1)) (then (return ${worse})))
      (i32.store8 (i32.add (local.get $at) (i32.const 1)) (global.get $count))
      ${echo}`,
  });

  test.each<[string, string, AbiText, string, RegExp]>([
    ["unreachable", "(unreachable)", {}, "wasm_trap", /the module trapped: unreachable/],
    [
      "a load outside of the memory",
      "(i64.load (i32.const 0xfffffff0))",
      {},
      "wasm_trap",
      /memory access out of bounds/,
    ],
    [
      "a store outside of the memory",
      "(block (result i64) (i32.store (i32.const 262141) (i32.const 1)) (i64.const 0))",
      {},
      "wasm_trap",
      /memory access out of bounds/,
    ],
    ["a division by zero", "(i64.div_u (i64.const 1) (i64.const 0))", {}, "wasm_trap", /divide by zero/],
    [
      "a call of no function",
      "(call_indirect (result i64) (i32.const 0))",
      { fields: "(table 1 1 funcref)" },
      "wasm_trap",
      /the module trapped: .*(null function|signature mismatch)/,
    ],
    [
      "an exception that it does not catch",
      "(throw $oops)",
      { fields: "(tag $oops)" },
      "wasm_trap",
      /an exception that it does not catch/,
    ],
    [
      "recursion without an end",
      "(call $down)",
      { fields: "(func $down (result i64) (i64.add (i64.const 1) (call $down)))" },
      "wasm_trap",
      /Maximum call stack size exceeded/,
    ],
    [
      "an answer that reaches out of its memory",
      "(call $packed (i32.const 131070) (i32.const 3))",
      {},
      "wasm_abi",
      /mofa_handle answered with 3 bytes at 131070: bytes 131070 to 131073 are outside of its memory \(131072 bytes\)/,
    ],
    [
      "an answer that lies outside of it",
      "(call $packed (i32.const 0x80000000) (i32.const 1))",
      {},
      "wasm_abi",
      /bytes 2147483648 to 2147483649 are outside/,
    ],
    [
      "an answer of 4 GiB",
      "(i64.const -1)",
      {},
      "wasm_limit",
      /the module's answer has 4294967295 bytes, and messageBytesMax is 1048576/,
    ],
  ])("%s", async (_what, worse, text, code, message) => {
    await startAbi(counting(worse, text));
    expect(await call("handle", good)).toEqual(Uint8Array.of(2, 1));
    expect(await call("handle", good)).toEqual(Uint8Array.of(2, 2));
    const { slot } = system().whereis("plugin.module") as { slot: number };
    expect(await failure(call("handle", bad))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await call("handle", good)).toEqual(Uint8Array.of(2, 1));
    expect(system().whereis("plugin.module")).toMatchObject({ slot });
  });
});

test("the memories of instances that have ended do not add up", async () => {
  const filling = "(drop (memory.grow (i32.const 254))) (memory.fill (i32.const 0) (i32.const 1) (i32.const 16777216))";
  const memory = '(memory (export "memory") 2 256)';
  await startAbi({ memory, handle: `${filling} (unreachable)` }, { callTimeoutMs: 60_000 });
  const before = process.memoryUsage.rss();
  let most = 0;
  for (let fault = 0; fault < 80; fault++) {
    expect(await failure(call("handle", good))).toMatchObject({ code: "wasm_trap" });
    most = Math.max(most, process.memoryUsage.rss() - before);
  }
  // All of them would be 1,280 MiB.
  expect(most / 2 ** 20).toBeLessThan(400);
});

test.each<[string, string, RegExp]>([
  [
    "outside of the memory",
    "(i32.const -16)",
    /mofa_alloc gave 4294967280 for 2 bytes: bytes 4294967280 to 4294967282 are outside of its memory/,
  ],
  [
    "at the end of the memory",
    "(i32.const 131071)",
    /mofa_alloc gave 131071 for 2 bytes: bytes 131071 to 131073 are outside/,
  ],
  ["of no room", "(i32.const 0)", /mofa_alloc gave 0: the module has no room for an input of 2 bytes/],
])("an allocator that gives a pointer %s is wasm_abi", async (_what, alloc, message) => {
  await startAbi({ alloc });
  expect(await failure(call("handle", good))).toMatchObject({
    code: "wasm_abi",
    message: expect.stringMatching(message),
  });
});

test("a memory that the module grows while it is asked is the one that is read", async () => {
  await startAbi({
    handle: `(drop (memory.grow (i32.const 1))) (i32.store8 (i32.const 140000) (i32.const 7)) (call $packed (i32.const 140000) (i32.const 1))`,
  });
  expect(await call("handle", good)).toEqual(Uint8Array.of(7));
});

test("memory.grow beyond the maximum gives -1, and the module goes on", async () => {
  await start({
    kind: "raw",
    module: wasmOf('(module (memory 1 3) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))'),
    exports: { grow: { parameters: ["i32"], results: ["i32"] } },
  });
  const grow = async (pages: number) => await call("invoke", { name: "grow", args: [pages] });
  expect([await grow(2), await grow(1), await grow(0)]).toEqual([[1], [-1], [3]]);
});

test.each<[string, string, string, RegExp]>([
  ["no JSON", "{", "wasm_abi", /answer is no JSON/],
  ["no UTF-8", "\u0000", "wasm_abi", /answer is no JSON/],
  [
    "neither ok nor error",
    '{"fine":1}',
    "wasm_abi",
    /is \{ ok \} or \{ error: \{ code, message \} \}, got \{"fine":1\}/,
  ],
  ["null", "null", "wasm_abi", /got null/],
  ["an error without a code", '{"error":"no"}', "wasm_abi", /the module's error is \{ code, message \}/],
  [
    "an error in the runtime's words",
    '{"error":{"code":"wasm_timeout","message":"forged"}}',
    "wasm_abi",
    /none of the runtime's, got .*wasm_timeout/,
  ],
  ["an error of its own", '{"error":{"code":"no_stamps","message":"buy some"}}', "no_stamps", /^buy some$/],
  ["nested without an end", `{"ok":${"[".repeat(500_000)}`, "wasm_abi", /nested deeper than 64 levels/],
])("a JSON answer that is %s", async (_what, answer, code, message) => {
  const wide = '(memory (export "memory") 16 16)';
  await startAbi({ ...answering(answer), memory: wide }, { kind: "json" });
  expect(await failure(call("handle"))).toMatchObject({ code, message: expect.stringMatching(message) });
});

test("levels within a text are none", async () => {
  await startAbi(answering(`{"ok":"${"[".repeat(100)}\\"{"}`), { kind: "json" });
  expect(await call("handle")).toBe(`${"[".repeat(100)}"{`);
});

test("a key __proto__ changes no prototype", async () => {
  await startAbi(answering('{"ok":{"__proto__":{"polluted":true}}}'), { kind: "json" });
  const value = (await call("handle")) as Record<string, unknown>;
  expect([value["polluted"], Object.hasOwn(value, "__proto__"), ({} as Record<string, unknown>)["polluted"]]).toEqual([
    undefined,
    true,
    undefined,
  ]);
});
