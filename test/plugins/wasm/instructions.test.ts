/** What the reader of modules says of each instruction, beside what the engine's own check of types finds. No actors. */
import { expect, test } from "@jest/globals";
import { ByteReader, countBytes } from "../../../plugins/wasm/byte-reader.ts";
import { passOver, readOpcode } from "../../../plugins/wasm/instructions.ts";

const engine = (globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }).WebAssembly;

const [i32, i64, f32, f64, v128] = [0x7f, 0x7e, 0x7d, 0x7c, 0x7b];
const types = [i32, i64, f32, f64, v128];

const section = (id: number, content: readonly number[]) => [id, ...countBytes(content.length), ...content];

/** Whether a function of such a type may have such code. */
function isValid(parameters: readonly number[], results: readonly number[], code: readonly number[]): boolean {
  const body = [0, ...code, 0x0b];
  return engine.validate(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, parameters.length, ...parameters, results.length, ...results]),
      ...section(3, [1, 0]),
      ...section(5, [1, 0, 1]),
      ...section(10, [1, ...countBytes(body.length), ...body]),
    ]),
  );
}

/** What may stand behind an instruction: nothing, a lane, a place of some alignment, a place and a lane, 16 bytes. */
const operandBytes = [[], [0], [0, 0], [1, 0], [2, 0], [3, 0], [0, 0, 0], new Array<number>(16).fill(0)];
/** Up to three of each type, the shortest first. */
const takenTypes: number[][] = [[]];
for (const taken of takenTypes) if (taken.length < 3) takenTypes.push(...types.map((type) => [...taken, type]));

interface Known {
  readonly code: readonly number[];
  readonly effect: number;
}

/** Undefined: the engine does not know it. */
function knownToEngine(opcode: readonly number[]): Known | undefined {
  const [unreachable, constant] = [[0x00], [0x44, ...new Array<number>(8).fill(0x0b)]];
  // Where one byte of the constant is taken for an operand, the next one ends the function.
  const operands = operandBytes.find((bytes) =>
    isValid([], [], [...unreachable, ...opcode, ...bytes, ...constant, ...unreachable]),
  );
  if (operands === undefined) return undefined;
  const code = [...opcode, ...operands];
  const withAll = (taken: readonly number[]) => [...taken.flatMap((_type, at) => [0x20, at]), ...code];
  const taken = takenTypes.find((some) => isValid(some, [], [...withAll(some), ...unreachable]));
  if (taken === undefined) throw new Error(`nothing fits what ${opcode.join(" ")} takes`);
  const left = [[], ...types.map((type) => [type])].find((some) => isValid(taken, some, withAll(taken)));
  if (left === undefined) throw new Error(`nothing fits what ${opcode.join(" ")} leaves`);
  return { code, effect: left.length - taken.length };
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_none, at) => first + at);

test.each<[string, readonly (readonly number[])[], number]>([
  ["arithmetic", range(0x45, 0xc4).map((code) => [code]), 128],
  ["conversions", range(0x00, 0x07).map((code) => [0xfc, code]), 8],
  ["vectors", range(0x000, 0x1ff).map((code) => [0xfd, ...countBytes(code)]), 256],
  ["atomic memory", range(0x00, 0x7f).map((code) => [0xfe, ...countBytes(code)]), 67],
])("of the instructions of %s each leaves as many values as the engine says", (_what, opcodes, least) => {
  const known = opcodes.map(knownToEngine).filter((one) => one !== undefined);
  expect(known.length).toBeGreaterThanOrEqual(least);
  const read = known.map(({ code }): Known => {
    const reader = new ByteReader(Uint8Array.from(code));
    const effect = passOver(readOpcode(reader), reader);
    return { code: code.slice(0, reader.at), effect };
  });
  expect(read).toEqual(known);
});
