/** Bounds of what the engine makes of a module before a line of it runs: how many things it keeps, and what it compiles at a time. */
import { expect, test } from "@jest/globals";
import { boundedModule } from "../../../plugins/wasm/bounded-module.ts";
import { countBytes } from "../../../plugins/wasm/byte-reader.ts";
import { type WasmConfig, wasmConfig } from "../../../plugins/wasm/config.ts";
import { useSystem } from "../../support/use-system.ts";
import { useWasm } from "../../support/wasm-runner.ts";
import { wasmOf } from "../../support/wat.ts";

const system = useSystem({ clock: "system", threads: 1 });
const { start, call } = useWasm(system);

const go = { go: { parameters: [], results: [] } } as const;
const result = wasmConfig["~standard"].validate({ kind: "raw", exports: go, module: new Uint8Array(8) });
const config = (result as { readonly value: WasmConfig }).value;

/** Why it is not taken. */
function refusal(module: Uint8Array): string | undefined {
  try {
    boundedModule(module, config);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

function section(id: number, ...content: (number | readonly number[] | Uint8Array)[]): Uint8Array {
  const bytes = Buffer.concat(content.map((part) => Uint8Array.from(typeof part === "number" ? [part] : part)));
  return Buffer.concat([Uint8Array.from([id, ...countBytes(bytes.length)]), bytes]);
}
const moduleOf = (...sections: Uint8Array[]) =>
  new Uint8Array(Buffer.concat([Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0), ...sections]));
const many = (count: number, ...bytes: number[]) => Buffer.alloc(count * bytes.length, Uint8Array.from(bytes));
const noType = section(1, 1, [0x60, 0, 0]);
const exported = section(7, 1, 2, Buffer.from("go"), 0, 0);

test.each<[string, number, number]>([
  ["types", 1, 10_000],
  ["imports", 2, 1_000],
  ["functions", 3, 100_000],
  ["globals", 6, 10_000],
  ["exports", 7, 10_000],
  ["tags", 13, 1_000],
])("of %s as many are taken as the thread's heap has room for", (what, id, max) => {
  expect(refusal(moduleOf(section(id, countBytes(max + 1))))).toBe(
    `the module has ${max + 1} ${what}: ${max} are taken`,
  );
  expect(refusal(moduleOf(section(id, countBytes(max))))).not.toMatch(/are taken/);
});

/** A passive segment: the engine makes its entries when they are first asked for. */
const entries = (count: number) => section(9, 1, 1, 0, countBytes(count), many(count, 0));

test("entries of tables are bounded as well, wherever they are for", () => {
  expect(refusal(moduleOf(entries(600_000)))).toBe(
    "the module has 600010 bytes of entries for its tables: 524288 are taken",
  );
});

test("a module that has as much of everything as it may have starts, and runs", async () => {
  const names = Array.from({ length: 9_999 }, (_, at) => [
    4,
    ...Buffer.from(String(at).padStart(4, "0")),
    0,
    ...countBytes(at),
  ]);
  const [globals, functions, tags] = [10_000, 100_000, 1_000];
  const module = moduleOf(
    noType,
    section(3, countBytes(functions), many(functions, 0)),
    section(4, 1, 0x70, 1, 1, 1),
    section(13, countBytes(tags), many(tags, 0, 0)),
    section(6, countBytes(globals), many(globals, 0x70, 0, 0xd0, 0x70, 0x0b)),
    section(7, countBytes(10_000), 2, Buffer.from("go"), 0, 0, names.flat()),
    entries(524_270),
    // The first one asks for the entries: table.init.
    section(
      10,
      countBytes(functions),
      [12, 0, 0x41, 0, 0x41, 0, 0x41, 1, 0xfc, 0x0c, 0, 0, 0x0b],
      many(functions - 1, 2, 0, 0x0b),
    ),
  );
  await start({ kind: "raw", exports: go, module });
  expect(await call("invoke", { name: "go" })).toEqual([]);
});

/** One function, with an i32 as its first local and so many more. */
const one = (locals: number, ...code: (readonly number[] | Uint8Array)[]) => {
  const parts = [[2, 1, 0x7f, ...countBytes(locals), 0x7e], ...code, [0x0b]];
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)));
  return moduleOf(noType, section(3, 1, 0), exported, section(10, 1, countBytes(body.length), body));
};
const tooMuch =
  /^function 0 of the module branches with (\d+) locals and values of its stack in all: 16000000 are taken/;
const [block, end, unreachable] = [[0x02, 0x40], [0x0b], [0x00]];

/** What it branches with, where that is too much. */
const branchesWith = (module: Uint8Array) => Number(tooMuch.exec(refusal(module) ?? "")?.[1] ?? 0);

test("conditional branches over 1,000 locals are bounded", () => {
  // At each of them, at the block and its end, and at its own end; and of each instruction a sixteenth.
  const branches = (count: number) => one(999, block, many(count, 0x20, 0, 0x0d, 0), end);
  expect(branchesWith(branches(14_219))).toBe(1_000 * 14_222 + Math.ceil((1_000 * 28_441 + 14_219) / 16));
  expect(refusal(branches(14_218))).toBeUndefined();
});

test("a table of branches counts each of its ways", () => {
  const table = (ways: number) => one(999, block, [0x20, 0, 0x0e], countBytes(ways), many(ways + 1, 0), end);
  expect(branchesWith(table(15_996))).toBe(1_000 * 16_000 + Math.ceil(5_001 / 16));
  expect(refusal(table(15_995))).toBeUndefined();
});

test("blocks over a full stack are bounded", () => {
  // The local and 10,000 values: at the block, at the branch out of it, and at its end.
  const blocks = (count: number) => one(0, many(10_000, 0x41, 0), many(count, 0x02, 0x40, 0x0c, 0, 0x0b), unreachable);
  expect(branchesWith(blocks(404))).toBe(16_004_727);
  expect(refusal(blocks(403))).toBeUndefined();
});

test("calls over a full stack are bounded", () => {
  const calls = (count: number) => one(0, many(10_000, 0x41, 0), many(count, 0x10, 0), unreachable);
  expect(branchesWith(calls(21_000))).toBeGreaterThan(16_000_000);
  expect(refusal(calls(20_000))).toBeUndefined();
});

test("what is taken from the stack does not count", () => {
  // A constant and drop; a sum of two; a value that is stored; a local that is set.
  const nothing = [0x41, 0, 0x1a, 0x41, 0, 0x41, 0, 0x6a, 0x1a, 0x41, 0, 0x21, 0];
  expect(refusal(one(0, many(10_000, ...nothing, 0x02, 0x40, 0x0b)))).toBeUndefined();
  // Two vectors of one number each, their sum, and drop.
  const vector = [0x41, 0, 0xfd, 0x0f];
  const sum = [...vector, ...vector, 0xfd, 0x6e, 0x1a];
  expect(refusal(one(0, many(10_000, ...sum, 0x02, 0x40, 0x0b)))).toBeUndefined();
});

test.each<[string, string, string]>([
  ["of a function", "(return_call $go)", ""],
  ["through a table", "(return_call_indirect (i32.const 0))", "(table 1 1 funcref)"],
])("a tail call %s is refused: a thread in which they follow one another cannot be ended", (_what, code, fields) => {
  expect(refusal(wasmOf(`(module ${fields} (func $go (export "go") ${code}))`))).toMatch(
    /^function 0 of the module has a tail call: .* build it without/,
  );
});

test("an instruction that is not known is refused", () => {
  expect(refusal(one(0, [0xfb, 0x00, 0x00]))).toMatch(/^the module has an instruction that is not taken \(0x100\)/);
});

test("every kind of instruction is passed over to the byte", () => {
  const text = `(module
    (memory 1 1) (table $t 2 2 funcref) (global $g (mut i64) (i64.const 0)) (tag $oops (param i32)) (data $d "abc") (elem $e func $f)
    (type $two (func (param i32) (result i32)))
    (func $f (param i32) (result i32) (local.get 0))
    (func (export "go") (local $n i32) (local $v v128)
      (local.set $n (block (result i32) (loop (result i32) (br_if 1 (i32.const -70000) (local.get $n)))))
      (if (local.get $n) (then (nop)) (else (global.set $g (i64.const -5000000000))))
      (try (do (throw $oops (i32.const 1))) (catch $oops (drop)) (catch_all))
      (drop (call_indirect $t (type $two) (i32.const 1) (i32.const 0)))
      (f64.store offset=70000 (i32.const 8) (f64.mul (f64.const 1.5) (f64.promote_f32 (f32.const 2))))
      (local.set $v (v128.load (i32.const 16)))
      (v128.store8_lane 3 (i32.const 16) (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 (local.get $v) (v128.const i32x4 1 2 3 4)))
      (drop (i32x4.extract_lane 2 (i32x4.add (local.get $v) (i32x4.splat (i32.const 1)))))
      (memory.init $d (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $d)
      (memory.copy (i32.const 0) (i32.const 1) (i32.const 1)) (memory.fill (i32.const 0) (i32.const 0) (i32.const 1))
      (table.init $t $e (i32.const 0) (i32.const 0) (i32.const 1)) (elem.drop $e)
      (table.set $t (i32.const 0) (ref.func $f)) (drop (table.size $t)) (drop (ref.is_null (table.get $t (i32.const 0))))
      (drop (select (i32.const 1) (i32.const 2) (local.get $n)))
      (drop (i32.trunc_sat_f64_s (f64.const 1)))
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1))) (atomic.fence)
      (drop (memory.grow (memory.size)))
      (block (block (br_table 0 1 0 (local.get $n))))
      (return)))`;
  expect(refusal(wasmOf(text))).toBeUndefined();
});

test("a function has the number that tools give it: the imported ones come first", () => {
  const text = `(module (import "mofa" "log" (func)) (import "mofa" "random" (func)) (func) (func $go (return_call $go)))`;
  expect(refusal(wasmOf(text))).toMatch(/^function 3 of the module has a tail call/);
});

test("what a function says of its locals does not reach into the next one", () => {
  // Its one byte says that it has two groups of them, which are the bytes of the second function.
  // It ends at byte 32.
  const bodies = section(10, 2, 1, 2, 4, 0, 0x7f, 0, 0x0b);
  expect(refusal(moduleOf(noType, section(3, 2, 0, 0), exported, bodies))).toBe("the module breaks off at byte 32");
});
