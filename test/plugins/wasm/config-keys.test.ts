/** Each key of the configuration: what its default does, and what a changed value does instead. No actors but the plugin's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { wasmConfig } from "../../../plugins/wasm/config.ts";
import { keyTests } from "../../support/key-tests.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { abiModule, echo, jsonEcho, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, startAbi, call, failure } = useWasm(system);

const input = Uint8Array.of(1, 2);

/** What the start fails with. */
const refusal = async (...given: Parameters<typeof start>) =>
  await failure(start(...given).then(() => "it has started"));

const said = (message: RegExp) => ({ code: "start_failed", message: expect.stringMatching(message) });

/** Pages of memory that the module can have, by its own growth. */
const grow = '(func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))';
const growExport = { grow: { parameters: ["i32"], results: ["i32"] } } as const;

describe("configuration keys of wasm", () => {
  const key = keyTests("wasm", wasmConfig);

  key("file", "without it, and without bytes, there is no module; with it the file is the module", async () => {
    expect(await refusal({})).toMatchObject(
      said(/given by its file or by its bytes, and there is neither: give file or module/),
    );
    const folder = mkdtempSync(join(tmpdir(), "mofa-wasm-"));
    try {
      const file = join(folder, "module.wasm");
      writeFileSync(file, abiModule());
      await start({ kind: "bytes", file });
      expect(await call("handle", input)).toEqual(input);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  key("module", "its bytes are the module; beside a file they are one too many", async () => {
    expect(await refusal({ file: "a.wasm", module: abiModule() })).toMatchObject(
      said(/there is both: give file or module/),
    );
    await start({ kind: "bytes", module: abiModule() });
    expect(await call("handle", input)).toEqual(input);
  });

  key("kind", "json unless it says otherwise", async () => {
    const handle = await startAbi({ handle: jsonEcho }, { kind: "json" });
    expect(await call("handle", 5)).toEqual({ call: "handle", argument: 5 });
    system().exit(handle.ref, "shutdown");
    await handle.exit;
    await start({ module: abiModule({ handle: jsonEcho }), kind: "bytes" });
    expect(await call("handle", input)).toEqual(Uint8Array.from([...new TextEncoder().encode('{"ok":'), 1, 2, 125]));
  });

  key("exports", "none may be called that are not declared, and none are for other kinds than raw", async () => {
    const module = wasmOf(`(module (memory 1 1) ${grow})`);
    expect(await refusal({ module, kind: "raw" })).toMatchObject(
      said(/kind is raw and exports is empty: declare what may be called/),
    );
    expect(await refusal({ module, exports: growExport })).toMatchObject(
      said(/exports \(\["grow"\]\) is for kind raw, and kind is json/),
    );
    await start({ module, kind: "raw", exports: growExport });
    expect(await call("invoke", { name: "grow", args: [0] })).toEqual([1]);
  });

  key("grants", "nothing is granted unless it says so", async () => {
    const module = abiModule({ fields: '(import "mofa" "log" (func (param i32 i32 i32)))' });
    expect(await refusal({ module })).toMatchObject(
      said(/imports mofa\.log, which is not granted \(granted: nothing\)/),
    );
    await start({ module, kind: "bytes", grants: ["log"] });
    expect(await call("handle", input)).toEqual(input);
  });

  key(
    "addMaximum",
    "a memory without a maximum is refused; with it, it grows to memoryPagesMax and no further",
    async () => {
      const module = wasmOf(`(module (memory 1) ${grow})`);
      const raw = { module, kind: "raw", exports: growExport, memoryPagesMax: 300 } as const;
      expect(await refusal(raw)).toMatchObject(said(/memory has no maximum/));
      await start({ ...raw, addMaximum: true });
      const pages = async (more: number) => await call("invoke", { name: "grow", args: [more] });
      expect([await pages(299), await pages(1), await pages(0)]).toEqual([[1], [-1], [300]]);
    },
  );

  key("addMaximum", "a maximum above the bound becomes the bound", async () => {
    const module = wasmOf(`(module (memory 1 65536) ${grow})`);
    const raw = { module, kind: "raw", exports: growExport } as const;
    expect(await refusal(raw)).toMatchObject(said(/may grow to 65536 pages/));
    await start({ ...raw, addMaximum: true });
    const pages = async (more: number) => await call("invoke", { name: "grow", args: [more] });
    expect([await pages(256), await pages(255), await pages(1)]).toEqual([[-1], [1], [-1]]);
  });

  key("addMaximum", "tables without one grow to 10,000 entries each and no further", async () => {
    const module = wasmOf(`(module
      (table $one 1 funcref) (table $two 2 5 externref) (table $three 200 externref) (memory 1)
      (func $f) (elem (table $one) (i32.const 0) func $f)
      (func (export "one") (param i32) (result i32) (table.grow $one (ref.null func) (local.get 0)))
      (func (export "two") (param i32) (result i32) (table.grow $two (ref.null extern) (local.get 0)))
      (func (export "three") (param i32) (result i32) (table.grow $three (ref.null extern) (local.get 0))))`);
    const signature = { parameters: ["i32"], results: ["i32"] } as const;
    const raw = { module, kind: "raw", exports: { one: signature, two: signature, three: signature } } as const;
    expect(await refusal(raw)).toMatchObject(said(/memory has no maximum/));
    await start({ ...raw, addMaximum: true });
    const entries = async (name: string, more: number) => await call("invoke", { name, args: [more] });
    expect([await entries("one", 9_999), await entries("one", 1)]).toEqual([[1], [-1]]);
    expect([await entries("two", 4), await entries("two", 3)]).toEqual([[-1], [2]]);
    expect([await entries("three", 9_801), await entries("three", 9_800)]).toEqual([[-1], [200]]);
  });

  key("memoryPagesMax", "256 pages unless it says otherwise", async () => {
    const module = (pages: number) => wasmOf(`(module (memory 1 ${pages}) ${grow})`);
    const raw = { kind: "raw", exports: growExport } as const;
    expect(await refusal({ ...raw, module: module(257) })).toMatchObject(
      said(/grow to 257 pages .* memoryPagesMax is 256/),
    );
    expect(await refusal({ ...raw, module: module(256), memoryPagesMax: 255 })).toMatchObject(
      said(/grow to 256 pages .* memoryPagesMax is 255/),
    );
    await start({ ...raw, module: module(257), memoryPagesMax: 257 });
    expect(await call("invoke", { name: "grow", args: [256] })).toEqual([1]);
  });

  key("moduleBytesMax", "4 MiB unless it says otherwise", async () => {
    const small = abiModule();
    // A section that means nothing, of 5,000,000 bytes.
    const size = [0xc0, 0x96, 0xb1, 0x02];
    const large = Buffer.concat([small, Uint8Array.from([0, ...size]), new Uint8Array(5_000_000)]);
    const module = new Uint8Array(large);
    expect(await refusal({ module })).toMatchObject(
      said(/the module has 50\d{5} bytes, and moduleBytesMax is 4194304/),
    );
    expect(await refusal({ module: small, moduleBytesMax: 100 })).toMatchObject(said(/and moduleBytesMax is 100/));
    await start({ module, kind: "bytes", moduleBytesMax: 6_000_000 });
    expect(await call("handle", input)).toEqual(input);
  });

  key("messageBytesMax", "1 MiB unless it says otherwise, of an input and of an answer", async () => {
    const handle = `(if (result i64) (i32.eq (local.get $length) (i32.const 1))
      (then (call $packed (i32.const 0) (i32.const 1048577))) (else ${echo}))`;
    const module = abiModule({ handle, memory: '(memory (export "memory") 20 20)' });
    const tooLong = {
      code: "wasm_limit",
      message: expect.stringMatching(/1048577 bytes, and messageBytesMax is 1048576/),
    };
    const first = await start({ module, kind: "bytes" });
    expect(await failure(call("handle", new Uint8Array(1_048_577)))).toMatchObject(tooLong);
    expect(await failure(call("handle", new Uint8Array(1)))).toMatchObject(tooLong);
    system().exit(first.ref, "shutdown");
    await first.exit;
    await start({ module, kind: "bytes", messageBytesMax: 1_048_577 });
    expect(await call("handle", new Uint8Array(1_048_577))).toHaveLength(1_048_577);
    expect(await call("handle", new Uint8Array(1))).toHaveLength(1_048_577);
  });

  key("messageBytesMax", "a call of kind json counts as its text", async () => {
    await startAbi({ handle: jsonEcho }, { kind: "json", messageBytesMax: 100 });
    const text = "x".repeat(100 - '{"call":"handle","argument":""}'.length - '{"ok":}'.length);
    expect(await call("handle", text)).toEqual({ call: "handle", argument: text });
    // The answer is longer than the call.
    expect(await failure(call("handle", `${text}x`))).toMatchObject({
      code: "wasm_limit",
      message: "the module's answer has 101 bytes, and messageBytesMax is 100",
    });
    expect(await failure(call("handle", `${text}12345678`))).toMatchObject({
      code: "wasm_limit",
      message: "a message of 101 bytes, and messageBytesMax is 100: raise it, or send less at once",
    });
  });

  for (const [config, limitMs] of [
    [{}, 1_000],
    [{ callTimeoutMs: 50 }, 50],
  ] as const)
    key("callTimeoutMs", `a call may take so long: ${JSON.stringify(config)}`, async () => {
      await startAbi({ handle: "(loop (br 0)) (unreachable)" }, config);
      expect(await failure(call("handle", input))).toMatchObject({
        code: "wasm_timeout",
        message: `the call took longer than callTimeoutMs (${limitMs}), and its thread was ended`,
      });
    });

  for (const [config, limitMs] of [
    [{}, 5_000],
    [{ startTimeoutMs: 50 }, 50],
  ] as const)
    key("startTimeoutMs", `a start may take so long: ${JSON.stringify(config)}`, async () => {
      const module = abiModule({ fields: "(func $spin (loop (br 0))) (start $spin)" });
      expect(await refusal({ module, ...config })).toMatchObject(
        said(new RegExp(`took longer than startTimeoutMs \\(${limitMs}\\)`)),
      );
    });

  for (const [config, max] of [
    [{}, 100],
    [{ hostCallsMax: 2 }, 2],
    [{ hostCallsMax: 0 }, 0],
  ] as const)
    key("hostCallsMax", `the host is called so often in one call: ${JSON.stringify(config)}`, async () => {
      const handle = `(loop $again (call $random (i32.const 0) (i32.const 1)) (br_if $again
        (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 1))))
        ) ${echo}`;
      await startAbi(
        { fields: '(import "mofa" "random" (func $random (param i32 i32)))', handle },
        { grants: ["random"], ...config },
      );
      expect(await failure(call("handle", Uint8Array.of(1)))).toMatchObject({
        code: "wasm_limit",
        message: `the module called the host for the ${max + 1}th time in one call (mofa.random): hostCallsMax is ${max}`,
      });
    });

  key("stackMb", "1 MiB unless it says otherwise", async () => {
    const module = wasmOf(`(module (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`);
    const raw = { module, kind: "raw", exports: { down: { parameters: ["i32"], results: ["i32"] } } } as const;
    const down = async (calls: number) => await call("invoke", { name: "down", args: [calls] });
    const first = await start(raw);
    expect(await down(1_000)).toEqual([1_000]);
    expect(await failure(down(100_000))).toMatchObject({
      code: "wasm_trap",
      message: expect.stringContaining("call stack"),
    });
    system().exit(first.ref, "shutdown");
    await first.exit;
    await start({ ...raw, stackMb: 32 });
    expect(await down(100_000)).toEqual([100_000]);
  });

  test("every wrong key is named, with what it should be", async () => {
    const wrong = {
      file: 5,
      module: "bytes",
      kind: "wasi",
      exports: { add: { parameters: ["v128"], results: [] } },
      grants: ["exec"],
      addMaximum: "yes",
      memoryPagesMax: 0,
      moduleBytesMax: 1.5,
      messageBytesMax: -1,
      callTimeoutMs: 0,
      startTimeoutMs: Number.NaN,
      hostCallsMax: -1,
      stackMb: 65,
      memory: 1,
    };
    const { message } = (await refusal(wrong as never)) as Error;
    for (const name of Object.keys(wrong)) expect(message).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
