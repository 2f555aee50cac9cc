/** What a module asks of its host: each function that may be granted, its bounds, and what becomes of nonsense. */
import { expect, test } from "@jest/globals";
import { store } from "../../fixtures/plugins.ts";
import { clerk } from "../../fixtures/wasm-plugins.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { type AbiText, abiModule, echo, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, startAbi, call, failure } = useWasm(system);

const logImport = '(import "mofa" "log" (func $log (param i32 i32 i32)))';
const publishImport = '(import "mofa" "publish" (func $publish (param i32 i32 i32 i32)))';
const requestImport = '(import "mofa" "request" (func $request (param i32 i32) (result i64)))';
const randomImport = '(import "mofa" "random" (func $random (param i32 i32)))';
const bytes = (text: string) => new TextEncoder().encode(text);

/** What is logged in the name of plugins until `run` has ended. */
async function logged(run: () => Promise<unknown>): Promise<unknown[]> {
  const logs: unknown[] = [];
  const quiet = system().events.on("log", ({ level, message }) => logs.push([level, message]));
  await run();
  await system().settled();
  quiet();
  return logs;
}

test("log: the input is logged, at the level of its first byte, and cut at 4,096 bytes", async () => {
  const handle = `(call $log (i32.load8_u (local.get $at)) (i32.add (local.get $at) (i32.const 1)) (i32.sub (local.get $length) (i32.const 1))) ${echo}`;
  await startAbi({ fields: logImport, handle }, { grants: ["log"] });
  const logs = await logged(async () => {
    for (let level = 0; level < 4; level++) await call("handle", bytes(`${String.fromCharCode(level)}level ${level}`));
    await call("handle", bytes(`\u0001${"é".repeat(10_000)}`));
  });
  expect(logs).toEqual([
    ["debug", "level 0"],
    ["info", "level 1"],
    ["warning", "level 2"],
    ["error", "level 3"],
    ["info", "é".repeat(2_048)],
  ]);
  expect(await failure(call("handle", bytes("\u0004a")))).toMatchObject({
    code: "wasm_abi",
    message: "mofa.log: the level is 0 to 3, got 4",
  });
});

test("log: a text that is no UTF-8 is told with marks in its place", async () => {
  const handle = `(call $log (i32.const 1) (local.get $at) (local.get $length)) ${echo}`;
  await startAbi({ fields: logImport, handle }, { grants: ["log"] });
  expect(await logged(() => call("handle", Uint8Array.of(0x41, 0xff)))).toEqual([["info", "A\ufffd"]]);
});

test("log: a pointer out of the memory is wasm_abi", async () => {
  const handle = `(call $log (i32.const 1) (i32.const -1) (i32.const 2)) ${echo}`;
  await startAbi({ fields: logImport, handle }, { grants: ["log"] });
  expect(await failure(call("handle", bytes("a")))).toMatchObject({
    code: "wasm_abi",
    message: "mofa.log: bytes 4294967295 to 4294967297 are outside of its memory (131072 bytes)",
  });
});

test("publish: JSON is published below the plugin's name", async () => {
  const handle = `(call $publish (i32.const 512) (i32.const 4) (local.get $at) (local.get $length)) ${echo}`;
  await startAbi({ fields: `${publishImport} (data (i32.const 512) "news")`, handle }, { grants: ["publish"] });
  const news = await system().subscribe("plugin.module.>");
  await call("handle", bytes('{"a":[1]}'));
  for await (const { topic, message } of news) {
    expect([topic, message]).toEqual(["plugin.module.news", { a: [1] }]);
    break;
  }
});

test.each<[string, string, Uint8Array]>([
  ["a text that is no JSON", "news", bytes("{")],
  ["a topic that is none", "..  ", bytes("1")],
])("publish: %s is told in the log, and the call goes on", async (_what, topic, input) => {
  const handle = `(call $publish (i32.const 512) (i32.const 4) (local.get $at) (local.get $length)) ${echo}`;
  await startAbi({ fields: `${publishImport} (data (i32.const 512) "${topic}")`, handle }, { grants: ["publish"] });
  const logs = await logged(async () => expect(await call("handle", input)).toEqual(input));
  expect(logs).toEqual([["warning", expect.stringMatching(/^mofa\.publish: /)]]);
});

test("publish: JSON is at most 64 levels deep, as an answer is", async () => {
  const handle = `(call $publish (i32.const 512) (i32.const 4) (local.get $at) (local.get $length)) ${echo}`;
  await startAbi({ fields: `${publishImport} (data (i32.const 512) "news")`, handle }, { grants: ["publish"] });
  const nested = (levels: number) => bytes("[".repeat(levels) + "]".repeat(levels));
  expect(await failure(call("handle", nested(65)))).toMatchObject({
    code: "wasm_abi",
    message: "mofa.publish: JSON that is nested deeper than 64 levels",
  });
  expect(await call("handle", nested(64))).toEqual(nested(64));
});

test("publish: bytes that are no UTF-8 are wasm_abi", async () => {
  const handle = `(call $publish (local.get $at) (local.get $length) (local.get $at) (local.get $length)) ${echo}`;
  await startAbi({ fields: publishImport, handle }, { grants: ["publish"] });
  expect(await failure(call("handle", Uint8Array.of(0xff)))).toMatchObject({
    code: "wasm_abi",
    message: "mofa.publish: bytes that are no UTF-8",
  });
});

/** Asks for what the call's argument says: the text lies between `"argument":` and the last brace. */
const asking: AbiText = {
  fields: requestImport,
  handle: `
    (local $reply i64)
    (local.set $reply (call $request (i32.add (local.get $at) (i32.const 29)) (i32.sub (local.get $length) (i32.const 30))))
    (local.get $reply)`,
};

test("request: a module asks for what its plugin requires, and gets the answer or the error", async () => {
  const config = { module: abiModule(asking), grants: ["request"] };
  const handle = await system().startPlugins([store, { plugin: clerk, config }]);
  await system().call("plugin.store", "put", { key: "a", text: "A" });
  const compose = async (argument: unknown) => await failure(system().call("plugin.clerk", "compose", argument));
  expect(await compose({ capability: "texts", call: "get", argument: "a" })).toEqual({ value: "A" });
  expect(await compose({ capability: "texts", call: "greeting" })).toEqual({ value: "hello" });
  // Errors of others come through by the module's mouth: this one hands on what it gets.
  expect(await compose({ capability: "texts", call: "get", argument: "b" })).toMatchObject({ code: "no_text" });
  expect(await compose({ capability: "secrets", call: "get" })).toMatchObject({
    code: "wasm_abi",
    message: expect.stringContaining('"code":"not_required"'),
  });
  for (const strange of [5, null, { capability: "texts" }, { capability: {}, call: "get" }])
    expect(await compose(strange)).toMatchObject({
      code: "wasm_abi",
      message: expect.stringContaining('"bad_argument","message":"mofa.request: { capability, call, argument }, got'),
    });
  const nested = JSON.parse("[".repeat(63) + "]".repeat(63)) as unknown;
  expect(await compose({ capability: "texts", call: "greeting", argument: nested })).toEqual({ value: "hello" });
  expect(await compose({ capability: "texts", call: "greeting", argument: [nested] })).toMatchObject({
    code: "wasm_abi",
    message: "mofa.request: JSON that is nested deeper than 64 levels",
  });
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});

test("request: what a slow answer takes is the call's time, and the thread is ended while it waits", async () => {
  const config = { module: abiModule(asking), grants: ["request"], callTimeoutMs: 100 };
  const handle = await system().startPlugins([store, { plugin: clerk, config }]);
  const asked = system().call("plugin.clerk", "compose", { capability: "texts", call: "never" });
  expect(await failure(asked)).toMatchObject({ code: "wasm_timeout" });
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});

test("request: an allocator that has no room for the answer is wasm_abi", async () => {
  const alloc =
    "(if (result i32) (i32.gt_u (local.get $size) (i32.const 72)) (then (i32.const 1024)) (else (i32.const 0)))";
  const config = { module: abiModule({ ...asking, alloc }), grants: ["request"] };
  const handle = await system().startPlugins([store, { plugin: clerk, config }]);
  const asked = system().call("plugin.clerk", "compose", {
    capability: "texts",
    call: "greeting",
    argument: "x".repeat(40),
  });
  expect(await failure(asked)).toMatchObject({
    code: "wasm_abi",
    message: "mofa_alloc gave 0 for the 14 bytes of a reply",
  });
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});

test("request: an answer above messageBytesMax is an error to the module, and not the answer", async () => {
  const config = { module: abiModule(asking), grants: ["request"], messageBytesMax: 200 };
  const handle = await system().startPlugins([store, { plugin: clerk, config }]);
  const ask = async () =>
    await failure(system().call("plugin.clerk", "compose", { capability: "texts", call: "get", argument: "a" }));
  await system().call("plugin.store", "put", { key: "a", text: "x".repeat(191) });
  expect(await ask()).toEqual({ value: "x".repeat(191) }); // with {"ok":""} around it
  await system().call("plugin.store", "put", { key: "a", text: "x".repeat(192) });
  expect(await ask()).toMatchObject({
    code: "wasm_abi",
    message: expect.stringContaining('"wasm_limit","message":"the answer has 201 bytes, and messageBytesMax is 200"'),
  });
  system().exit(handle.ref, "shutdown");
  await handle.exit;
});

test("publish: a text above messageBytesMax is wasm_limit", async () => {
  const handle = `(call $publish (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 201)) ${echo}`;
  await startAbi({ fields: publishImport, handle }, { grants: ["publish"], messageBytesMax: 200 });
  expect(await failure(call("handle", bytes("a")))).toMatchObject({
    code: "wasm_limit",
    message: "mofa.publish: a text of 201 bytes, and messageBytesMax is 200",
  });
});

test("random: the bytes are others each time, and none beside them", async () => {
  const handle = `(call $random (local.get $at) (i32.sub (local.get $length) (i32.const 1))) ${echo}`;
  await startAbi({ fields: randomImport, handle }, { grants: ["random"] });
  const draw = async () => (await call("handle", new Uint8Array(33))) as Uint8Array;
  const [one, other] = [await draw(), await draw()];
  expect(Buffer.compare(one, other)).not.toBe(0);
  expect(one.subarray(0, 32).some((byte) => byte !== 0)).toBe(true);
  expect([one[32], other[32]]).toEqual([0, 0]);
});

test("random: more than 65,536 bytes at once are wasm_abi", async () => {
  const handle = `(call $random (i32.const 0) (i32.const 65537)) ${echo}`;
  await startAbi({ fields: randomImport, handle }, { grants: ["random"] });
  expect(await failure(call("handle", new Uint8Array(1)))).toMatchObject({
    code: "wasm_abi",
    message: "mofa.random: at most 65536 bytes at once, got 65537",
  });
});

test("a start function that calls its host fails the start", async () => {
  const fields = `${logImport} (func $early (call $log (i32.const 1) (i32.const 0) (i32.const 1))) (start $early)`;
  expect(await failure(startAbi({ fields }, { grants: ["log"] }))).toMatchObject({
    message: expect.stringContaining(
      "mofa.log: called by the start function, before the module's memory can be reached",
    ),
  });
});

test("a module that catches the refusal of its host has no more calls for it", async () => {
  const handle = `
    (local $n i32)
    (loop $again
      (try (do (call $log (i32.const 1) (i32.const 1018) (i32.const 4))) (catch_all))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $n) (i32.const 1000))))
    ${echo}`;
  await startAbi({ fields: logImport, handle }, { grants: ["log"], hostCallsMax: 3 });
  expect(await logged(() => call("handle", bytes("a")))).toHaveLength(3);
});

test("a module of kind raw may log, where it exports its memory", async () => {
  const text = (memory: string) =>
    wasmOf(`(module ${logImport} (memory ${memory} 1 1) (data (i32.const 0) "raw")
      (func (export "go") (call $log (i32.const 1) (i32.const 0) (i32.const 3))))`);
  const config = { kind: "raw", grants: ["log"], exports: { go: { parameters: [], results: [] } } } as const;
  expect(await failure(start({ ...config, module: text("") }))).toMatchObject({
    message: expect.stringContaining('does not export its memory as "memory"'),
  });
  await start({ ...config, module: text('(export "memory")') });
  expect(await logged(() => call("invoke", { name: "go" }))).toEqual([["info", "raw"]]);
});
