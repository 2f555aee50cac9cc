/** Kind `raw`: numbers in and out, the memory from outside, and what is refused before the module sees it. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type WasmPluginDefinition, wasmPlugin } from "../../../plugins/wasm/index.ts";
import { store as texts } from "../../fixtures/plugins.ts";
import { clerk } from "../../fixtures/wasm-plugins.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { abiModule, jsonEcho, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, startAbi, call, failure } = useWasm(system);

const calculator = wasmOf(`(module
  (memory (export "memory") 1 1)
  (data (i32.const 16) "hello")
  (func (export "same32") (param i32) (result i32) (local.get 0))
  (func (export "same64") (param i64) (result i64) (local.get 0))
  (func (export "half") (param f32) (result f32) (f32.div (local.get 0) (f32.const 2)))
  (func (export "both") (param f64 i32) (result i32 f64) (local.get 1) (local.get 0))
  (func (export "nothing"))
  (func (export "secret") (result i32) (i32.const 42)))`);

const exports = {
  same32: { parameters: ["i32"], results: ["i32"] },
  same64: { parameters: ["i64"], results: ["i64"] },
  half: { parameters: ["f32"], results: ["f32"] },
  both: { parameters: ["f64", "i32"], results: ["i32", "f64"] },
  nothing: { parameters: [], results: [] },
} as const;

describe("a module with numbers", () => {
  beforeEach(async () => {
    await start({ kind: "raw", module: calculator, exports });
  });

  const invoke = async (name: string, ...args: unknown[]) => await call("invoke", { name, args });

  test("each type comes and goes; results are a list", async () => {
    expect(await invoke("same32", -1)).toEqual([-1]);
    expect(await invoke("same32", 0xffff_ffff)).toEqual([-1]);
    expect(await invoke("same64", -(2n ** 63n))).toEqual([-(2n ** 63n)]);
    expect(await invoke("same64", 5)).toEqual([5n]);
    expect(await invoke("half", 3)).toEqual([1.5]);
    expect(await invoke("half", Number.NaN)).toEqual([Number.NaN]);
    expect(await invoke("both", 0.1, 7)).toEqual([7, 0.1]);
    expect(await call("invoke", { name: "nothing" })).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    [
      "an export that is not declared",
      { name: "secret" },
      /name is one of the declared exports \(same32, .*\), got "secret"/,
    ],
    ["a name out of an object's own", { name: "constructor" }, /got "constructor"/],
    ["no name", undefined, /got undefined/],
    ["too few numbers", { name: "both", args: [1] }, /args are 2 \(f64, i32\), got \[1\]/],
    ["too many", { name: "nothing", args: [1] }, /args are 0 \(\), got \[1\]/],
    ["no list", { name: "same32", args: 1 }, /args are 1 \(i32\), got 1/],
    [
      "an i32 that is too large",
      { name: "same32", args: [2 ** 32] },
      /args\[0\] is i32, a whole number of 32 bits, got 4294967296/,
    ],
    ["an i32 that is broken", { name: "same32", args: [1.5] }, /got 1\.5/],
    ["a bigint for an i32", { name: "same32", args: [1n] }, /is i32, .* got 1n/],
    [
      "an i64 that is too large",
      { name: "same64", args: [2n ** 64n] },
      /is i64, a bigint of 64 bits.* got 18446744073709551616n/,
    ],
    ["an i64 that is no safe number", { name: "same64", args: [2 ** 53] }, /got 9007199254740992/],
    ["a text for an f64", { name: "both", args: ["1", 1] }, /args\[0\] is f64, a number, got "1"/],
  ])("%s is bad_argument, and the module goes on", async (_what, argument, message) => {
    expect(await failure(call("invoke", argument))).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(message),
    });
    expect(await invoke("same32", 1)).toEqual([1]);
  });

  test("its memory is read and written from outside", async () => {
    expect(Buffer.from((await call("read", { pointer: 16, length: 5 })) as Uint8Array).toString()).toBe("hello");
    await call("write", { pointer: 17, bytes: new TextEncoder().encode("u") });
    expect(Buffer.from((await call("read", { pointer: 16, length: 5 })) as Uint8Array).toString()).toBe("hullo");
    expect(await call("read", { pointer: 65_536, length: 0 })).toEqual(new Uint8Array());
  });

  test.each<[string, "read" | "write", unknown, string, RegExp]>([
    [
      "a read out of it",
      "read",
      { pointer: 65_530, length: 7 },
      "bad_argument",
      /read: bytes 65530 to 65537 are outside of its memory \(65536 bytes\)/,
    ],
    [
      "a write out of it",
      "write",
      { pointer: 65_536, bytes: Uint8Array.of(1) },
      "bad_argument",
      /write: bytes 65536 to 65537 are outside/,
    ],
    [
      "a pointer below it",
      "read",
      { pointer: -1, length: 1 },
      "bad_argument",
      /read: \{ pointer, length \} of 32 bits, got/,
    ],
    ["no bytes", "write", { pointer: 0, bytes: "text" }, "bad_argument", /write: bytes is a Uint8Array, got "text"/],
    [
      "a read above the bound",
      "read",
      { pointer: 0, length: 1_048_577 },
      "wasm_limit",
      /a message of 1048577 bytes, and messageBytesMax is 1048576/,
    ],
  ])("%s is refused, and what was written before stays", async (_what, name, argument, code, message) => {
    await call("write", { pointer: 16, bytes: new TextEncoder().encode("H") });
    expect(await failure(call(name, argument))).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(Buffer.from((await call("read", { pointer: 16, length: 1 })) as Uint8Array).toString()).toBe("H");
  });

  test.each(["handle"])("%s is no call of its kind", async (name) => {
    expect(await failure(call(name, new Uint8Array()))).toMatchObject({
      code: "bad_argument",
      message: "handle is a call of kind bytes, and this module is of kind raw",
    });
  });
});

test("a module without a memory of its own has none to read", async () => {
  const module = wasmOf('(module (func (export "nothing")))');
  await start({ kind: "raw", module, exports: { nothing: exports.nothing } });
  expect(await failure(call("read", { pointer: 0, length: 1 }))).toMatchObject({
    code: "bad_argument",
    message: 'read: the module exports no memory as "memory"',
  });
  expect(await call("invoke", { name: "nothing" })).toEqual([]);
});

test("invoke, read and write are no calls of other kinds", async () => {
  await startAbi({});
  for (const name of ["invoke", "read", "write"])
    expect(await failure(call(name))).toMatchObject({
      code: "bad_argument",
      message: `${name} is a call of kind raw, and this module is of kind bytes`,
    });
});

test("kind bytes takes bytes alone", async () => {
  await startAbi({});
  expect(await failure(call("handle", "text"))).toMatchObject({
    code: "bad_argument",
    message: 'handle: the input is a Uint8Array, got "text"',
  });
});

describe("calls by name", () => {
  test("are told to the module, by call and by topic of what the plugin provides", async () => {
    const handle = await system().startPlugins([
      { plugin: texts },
      { plugin: clerk, config: { module: abiModule({ handle: jsonEcho }) } },
    ]);
    expect(await system().call("plugin.clerk", "compose", 1)).toEqual({ call: "compose", argument: 1 });
    expect(await system().request("capability.letters.deliver", [2])).toEqual({ call: "deliver", argument: [2] });
    system().exit(handle.ref, "shutdown");
    await handle.exit;
  });

  test("are for kind json", async () => {
    const config = { module: abiModule(), kind: "bytes" };
    expect(await failure(system().startPlugins([{ plugin: texts }, { plugin: clerk, config }]))).toMatchObject({
      message: expect.stringContaining(
        "the plugin has calls (compose, deliver), which are for kind json, and kind is bytes",
      ),
    });
  });

  test.each<[string, unknown, RegExp]>([
    [
      "handle",
      { calls: ["handle"] },
      /^wasmPlugin: calls is a list of names beside handle, invoke, read, write, got \["handle"\]/,
    ],
    ["nothing", { calls: [""] }, /got \[""\]/],
    ["a number", { calls: [1] }, /got \[1\]/],
    ["no list", { calls: "compose" }, /got "compose"/],
    ["health, which every plugin has", { calls: ["health"] }, /every plugin has the call health/],
  ])("may not be called %s", (_what, given, message) => {
    expect(thrownBy({ name: "other", version: "1.0.0", ...(given as object) })).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(message),
    });
  });
});

test.each<[string, unknown, RegExp]>([
  ["no definition", undefined, /wasmPlugin/],
  ["a key that it does not know", { name: "other", version: "1.0.0", config: {} }, /wasmPlugin.*config/],
])("%s is bad_argument", (_what, given, message) => {
  expect(thrownBy(given)).toMatchObject({ code: "bad_argument", message: expect.stringMatching(message) });
});

function thrownBy(definition: unknown): unknown {
  try {
    return wasmPlugin(definition as WasmPluginDefinition);
  } catch (error) {
    return error;
  }
}
