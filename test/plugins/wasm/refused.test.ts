/** Modules that are not taken: each with what is wrong with it, before a line of it has run. No actors but the plugin's. */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RuntimeError } from "../../../index.ts";
import { boundedModule } from "../../../plugins/wasm/bounded-module.ts";
import { type WasmConfig, wasmConfig } from "../../../plugins/wasm/config.ts";
import { keeper } from "../../fixtures/bad-plugins.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { abiModule, abiText, wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, failure } = useWasm(system);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-wasm-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const raw: Partial<WasmConfig> = { kind: "raw", exports: { add: { parameters: ["i32", "i32"], results: ["i32"] } } };
const add = '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))';
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const binary = (...bytes: number[]) => Uint8Array.from([...header, ...bytes]);
const imports = (field: string) => abiModule({ fields: `(import ${field})` });
const memory = (text: string) => abiModule({ memory: text });

const modules: readonly (readonly [string, () => Uint8Array, Partial<WasmConfig>, RegExp])[] = [
  ["no module", () => new TextEncoder().encode("#!/bin/sh -x"), {}, /these bytes are no WebAssembly module/],
  ["nothing", () => new Uint8Array(), {}, /these bytes are no WebAssembly module/],
  [
    "a component",
    () => Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]),
    {},
    /is a WebAssembly component/,
  ],
  [
    "one that breaks off",
    () => abiModule().subarray(0, -1),
    {},
    /the module breaks off: \d+ bytes are said to come at byte \d+/,
  ],
  ["a number that never ends", () => binary(1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80), {}, /no number of 32 bits/],
  [
    "types of many parameters",
    () => wasmOf(`(module ${add} (func (param ${"i64 ".repeat(65)})))`),
    raw,
    /a type of 65 parameters and 0 results: 64 and 8 are taken/,
  ],
  [
    "types of many results",
    () => wasmOf(`(module ${add} (func (result ${"i64 ".repeat(9)}) unreachable))`),
    raw,
    /a type of 0 parameters and 9 results: 64 and 8 are taken/,
  ],
  [
    "many locals",
    () => wasmOf(`(module ${add} (func (local ${"i32 ".repeat(501)} ${"f64 ".repeat(500)})))`),
    raw,
    /function 1 of the module has 1001 locals: 1000 are taken/,
  ],
  [
    "a function of 256 KiB and more",
    () => wasmOf(`(module ${add} (func ${"nop ".repeat(262_144)}))`),
    raw,
    /function 1 of the module has 262146 bytes: 262144 are taken/,
  ],
  [
    "a memory without a maximum",
    () => memory('(memory (export "memory") 2)'),
    {},
    /memory has no maximum: build it with one, or set addMaximum/,
  ],
  [
    "a maximum above the bound",
    () => memory('(memory (export "memory") 2 257)'),
    {},
    /may grow to 257 pages of 65536 bytes, and memoryPagesMax is 256/,
  ],
  [
    "a minimum above the bound",
    () => memory('(memory (export "memory") 257 257)'),
    { addMaximum: true },
    /memory begins with 257 pages of 65536 bytes/,
  ],
  ["a shared memory", () => memory('(memory (export "memory") 2 4 shared)'), {}, /a memory that is shared/],
  [
    "a memory of 64 bits",
    () => wasmOf(`(module (memory i64 2 4) ${add})`),
    raw,
    /a memory of 64 bits: build it for 32 bits/,
  ],
  ["several memories", () => wasmOf(`(module (memory 1 1) (memory 1 1) ${add})`), raw, /has 2 memories: one is taken/],
  [
    "an imported memory",
    () => imports('"env" "memory" (memory 1 4)'),
    {},
    /imports the memory env\.memory: it must have its own/,
  ],
  ["an imported table", () => imports('"env" "table" (table 1 4 funcref)'), {}, /imports the table env\.table/],
  ["an imported global", () => imports('"env" "base" (global i32)'), {}, /imports the global env\.base/],
  ["an imported tag", () => imports('"env" "oops" (tag (param i32))'), {}, /imports the tag env\.oops/],
  [
    "a function that the host has not",
    () => imports('"env" "exec" (func (param i32))'),
    {},
    /imports env\.exec, and the host has no such function \(it has mofa\.log,/,
  ],
  [
    "a function of WASI",
    () => imports('"wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))'),
    {},
    /imports wasi_snapshot_preview1\.fd_write/,
  ],
  [
    "a name out of an object's own",
    () => imports('"mofa" "constructor" (func)'),
    {},
    /imports mofa\.constructor, and the host has no such/,
  ],
  [
    "a name that would steer a terminal",
    () => imports('"env" "\\1b[2J\\0aok\\c2\\9b" (func)'),
    {},
    /imports env\.\ufffd\[2J\ufffdok\ufffd, and the host has no such/,
  ],
  [
    "a name that is long",
    () => imports(`"env" "${"a".repeat(81)}" (func)`),
    {},
    /imports env\.a{80}…, and the host has no such/,
  ],
  [
    "exports with such names",
    () => wasmOf(`(module (func (export "\\1b[2J")) (func (export "${"a".repeat(81)}")))`),
    raw,
    /it exports \ufffd\[2J, a{80}…\)/,
  ],
  [
    "a function that is not granted",
    () => imports('"mofa" "log" (func (param i32 i32 i32))'),
    { grants: ["random"] },
    /imports mofa\.log, which is not granted \(granted: random\)/,
  ],
  [
    "a granted function of another type",
    () => imports('"mofa" "log" (func (param i32 i64))'),
    { grants: ["log"] },
    /imports mofa\.log as \(i32, i64\) -> \(\), and it is \(i32, i32, i32\) -> \(\)/,
  ],
  ["a table without a maximum", () => wasmOf(`(module (table 1 funcref) ${add})`), raw, /table has no maximum/],
  [
    "a table above the bound",
    () => wasmOf(`(module (table 1 10001 funcref) ${add})`),
    raw,
    /table may grow to 10001 entries/,
  ],
  [
    "a table that begins above it",
    () => wasmOf(`(module (table 10001 10001 externref) ${add})`),
    raw,
    /table begins with 10001 entries/,
  ],
  ["a table of 64 bits", () => binary(4, 4, 1, 0x70, 5, 1, 1), raw, /has a table of 64 bits/],
  [
    "a table that begins with values",
    () => binary(4, 9, 1, 0x40, 0, 0x70, 1, 1, 1, 0xd0, 0x70, 0x0b),
    raw,
    /a table whose entries begin with a value/,
  ],
  [
    "seventeen tables",
    () => wasmOf(`(module ${"(table 1 1 funcref)".repeat(17)} ${add})`),
    raw,
    /has 17 tables: 16 are taken/,
  ],
  ["types for the collector", () => binary(1, 3, 1, 0x5f, 0), raw, /types of the garbage collection proposal \(0x5f\)/],
  ["limits of an unknown kind", () => binary(5, 4, 1, 9, 1, 1), raw, /a memory of an unknown kind \(limits 0x9\)/],
  ["two sections of memories", () => binary(5, 4, 1, 1, 1, 1, 5, 4, 1, 1, 1, 1), raw, /has 2 memories: one is taken/],
  ["no memory exported", () => abiModule({ memory: "(memory 2 4)" }), {}, /does not export its memory as "memory"/],
  [
    "a function called memory",
    () => abiModule({ memory: '(memory 2 4) (func (export "memory"))' }),
    {},
    /does not export its memory as "memory"/,
  ],
  [
    "one that knows no ABI",
    () => wasmOf(`(module ${add})`),
    {},
    /does not export mofa_abi, \(\) -> i32: kind json needs it \(it exports add\)/,
  ],
  [
    "an export of the ABI with another type",
    () =>
      wasmOf(
        abiText().replace(
          '"mofa_alloc") (param $size i32) (result i32)',
          '"mofa_alloc") (param $size i32) (param i32) (result i32)',
        ),
      ),
    {},
    /exports mofa_alloc as \(i32, i32\) -> i32, and kind json needs it as \(i32\) -> i32/,
  ],
  [
    "an export that is no function",
    () => wasmOf('(module (global (export "add") i32 (i32.const 1)))'),
    raw,
    /exports add as a global, and kind raw needs it as \(i32, i32\) -> i32/,
  ],
  [
    "a declared export that is not there",
    () => wasmOf('(module (func (export "sub")))'),
    raw,
    /does not export add, \(i32, i32\) -> i32: kind raw needs it \(it exports sub\)/,
  ],
  [
    "a declared export of another type",
    () => wasmOf(`(module ${add})`),
    { kind: "raw", exports: { add: { parameters: ["i32"], results: ["i64"] } } },
    /exports add as \(i32, i32\) -> i32, and kind raw needs it as \(i32\) -> i64/,
  ],
  [
    "an _initialize that wants something",
    () => wasmOf(`(module ${add} (func (export "_initialize") (param i32)))`),
    raw,
    /exports _initialize as \(i32\) -> \(\), and it is called as \(\) -> \(\)/,
  ],
  [
    "one that asks and has no allocator",
    () =>
      wasmOf(
        `(module (import "mofa" "request" (func (param i32 i32) (result i64))) (memory (export "memory") 1 1) ${add})`,
      ),
    { ...raw, grants: ["request"] },
    /does not export mofa_alloc, .* mofa\.request hands its answer over by it/,
  ],
];

/** What is found when it is compiled or begins to run; and one of those above. */
const starting: typeof modules = [
  [
    "a memory without a maximum",
    () => memory('(memory (export "memory") 2)'),
    {},
    /memory has no maximum: build it with one, or set addMaximum/,
  ],
  [
    "code that does not add up",
    () => binary(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 7, 1, 3, 0x61, 0x64, 0x64, 0, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b),
    { kind: "raw", exports: { add: { parameters: [], results: [] } } },
    /not enough arguments on the stack/,
  ],
  [
    "a data segment outside of the memory",
    () => abiModule({ fields: '(data (i32.const 131070) "abcd")' }),
    {},
    /data segment .* out of bounds/,
  ],
  [
    "a start function that traps",
    () => abiModule({ fields: "(func $boom unreachable) (start $boom)" }),
    {},
    /the module trapped: unreachable/,
  ],
  [
    "an _initialize that traps",
    () => abiModule({ fields: '(func (export "_initialize") unreachable)' }),
    {},
    /the module trapped: unreachable/,
  ],
  [
    "another version of the ABI",
    () => abiModule({ version: 2 }),
    {},
    /mofa_abi gave 2: version 1 of the ABI is spoken here/,
  ],
];

test.each(modules)("%s is refused before it is compiled", (_what, module, config, message) => {
  expect(caught(() => boundedModule(module(), configOf(config)))).toMatchObject({
    code: "wasm_refused",
    message: expect.stringMatching(message),
  });
});

test.each(starting)("%s fails the start of its plugin", async (_what, module, config, message) => {
  expect(await failure(start({ module: module(), ...config }))).toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(message),
  });
  expect(system().whereis("plugin.module")).toBeUndefined();
});

test("a module that imports what was not granted is refused at the start, which says so, and its neighbours go on", async () => {
  const other = await system().startPlugins([keeper]);
  const module = imports('"mofa" "log" (func (param i32 i32 i32))');
  expect(await failure(start({ module, grants: ["random"] }))).toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(/imports mofa\.log, which is not granted \(granted: random\)/),
  });
  expect(system().whereis("plugin.module")).toBeUndefined();
  expect(await system().call("plugin.keeper", "coins")).toBe(1);
  system().exit(other.ref, "shutdown");
  await other.exit;
});

function caught(run: () => unknown): unknown {
  try {
    return { value: run() };
  } catch (error) {
    return error;
  }
}

test("a module of 50 MB is refused by its size", async () => {
  const file = join(folder, "large.wasm");
  writeFileSync(file, "");
  truncateSync(file, 50_000_000);
  expect(await failure(start({ file }))).toMatchObject({
    message: expect.stringMatching(/the module has 50000000 bytes, and moduleBytesMax is 4194304: raise it/),
  });
});

test("a file of 3 GB is refused by its size: more than could be read at all", async () => {
  const file = join(folder, "huge.wasm");
  writeFileSync(file, "");
  truncateSync(file, 3_000_000_000);
  expect(await failure(start({ file, moduleBytesMax: 2 ** 31 - 1 }))).toMatchObject({
    message: expect.stringMatching(/the module has 3000000000 bytes, and moduleBytesMax is 2147483647/),
  });
});

test("a module of 50 MB by its bytes is refused by its size as well", async () => {
  expect(await failure(start({ module: new Uint8Array(50_000_000) }))).toMatchObject({
    code: "start_failed",
    message: expect.stringMatching(/the module has 50000000 bytes, and moduleBytesMax is 4194304: raise it/),
  });
});

test.each([
  ["a file that is not there", "none.wasm", /none\.wasm cannot be read: ENOENT/],
  ["a device that never ends", "/dev/zero", /the module \/dev\/zero is no file/],
  ["a folder", ".", /is no file/],
])("%s is refused", async (_what, name, message) => {
  expect(await failure(start({ file: resolve(folder, name) }))).toMatchObject({
    message: expect.stringMatching(message),
  });
});

function configOf(given: Partial<WasmConfig>): WasmConfig {
  const result = wasmConfig["~standard"].validate(given);
  if (!("value" in result)) throw new Error("not a configuration");
  return result.value;
}

describe("whatever bytes come", () => {
  const sound = abiModule({ fields: '(import "mofa" "log" (func (param i32 i32 i32))) (table 1 2 funcref)' });
  const config = configOf({ grants: ["log"], memoryPagesMax: 100 });
  const engine = (
    globalThis as unknown as {
      WebAssembly: {
        Module: {
          new (bytes: Uint8Array): object;
          imports(module: object): { module: string; name: string; kind: string }[];
        };
        Instance: new (
          module: object,
          imports: object,
        ) => { readonly exports: { readonly memory?: { grow(pages: number): number; buffer: ArrayBuffer } } };
      };
    }
  ).WebAssembly;

  let held = 0;

  /** What is wrong with how it was judged; undefined: nothing. */
  const misjudged = (bytes: Uint8Array): unknown => {
    let taken: Uint8Array;
    try {
      taken = boundedModule(bytes, config);
    } catch (error) {
      return error instanceof RuntimeError && error.code === "wasm_refused" ? undefined : error;
    }
    let module: object;
    try {
      module = new engine.Module(taken);
    } catch {
      return undefined; // the engine refuses it
    }
    const other = engine.Module.imports(module).find(
      (one) => `${one.kind} ${one.module}.${one.name}` !== "function mofa.log",
    );
    return other ?? unbounded(module);
  };

  /** How far its memory has grown, where that is too far. */
  const unbounded = (module: object): unknown => {
    let memory: InstanceType<typeof engine.Instance>["exports"]["memory"];
    try {
      memory = new engine.Instance(module, { mofa: { log: () => undefined } }).exports.memory;
    } catch {
      return undefined; // its data lie outside of its memory
    }
    if (memory === undefined) return "it exports no memory";
    try {
      memory.grow(config.memoryPagesMax + 1 - memory.buffer.byteLength / 65_536);
      return memory;
    } catch {
      held++;
      return undefined;
    }
  };

  test("each beginning of a module is refused, or as good as the module", () => {
    for (let length = 0; length <= sound.length; length++)
      expect({ length, wrong: misjudged(sound.subarray(0, length)) }).toEqual({ length, wrong: undefined });
    expect(held).toBeGreaterThan(0);
  });

  test("a module with one byte changed is refused, or keeps to its grants and its bounds", () => {
    held = 0;
    for (let at = 0; at < sound.length; at++) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0xff, (sound[at] as number) ^ 1, (sound[at] as number) ^ 0x40]) {
        const changed = sound.slice();
        changed[at] = value;
        const wrong = misjudged(changed);
        if (wrong !== undefined) throw new Error(`byte ${at} as ${value}`, { cause: wrong });
      }
    }
    // Many a byte says nothing of either.
    expect(held).toBeGreaterThan(sound.length);
  });
});
