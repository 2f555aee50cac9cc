/**
 * Instructions of WebAssembly as far as a reader needs them who passes over them: what stands behind each, and how many values it
 * leaves on the stack. Those of blocks, branches and calls are in function-body.ts. Source: WebAssembly core specification,
 * "Instructions" of "Binary Format", and the proposals of threads,
 * exceptions and relaxed vectors.
 */
import { type ByteReader, refused } from "./byte-reader.ts";

/** Numbers of 32 and 64 bits, a place in the memory, or so many bytes. */
type Operand = "number" | "long" | "place" | number;

/** First and last of several, and how many values they leave beyond those that they take: never too few. */
type Row = readonly [first: number, last: number, effect: number, ...operands: readonly Operand[]];

interface Instruction {
  readonly effect: number;
  readonly operands: readonly Operand[];
}

/** Where instructions behind a prefix (0xfb to 0xfe) begin here; there are at most so many of each. */
const perPrefix = 0x200;
const [reference, misc, vector, atomic] = [0x100, 0x300, 0x500, 0x700];

export const opcodes = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throw_ref: 0x0a,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  return_call: 0x12,
  return_call_indirect: 0x13,
  call_ref: 0x14,
  return_call_ref: 0x15,
  delegate: 0x18,
  catch_all: 0x19,
  typed_select: 0x1c,
  try_table: 0x1f,
  br_on_null: 0xd5,
  br_on_non_null: 0xd6,
  br_on_cast: reference + 0x18,
  br_on_cast_fail: reference + 0x19,
} as const;

/** First and last of those that make one of two: swizzles, comparisons, arithmetic, shifts. What lies between them takes one. */
const vectorsOfTwo: readonly (readonly [first: number, last?: number])[] = [
  [0x0e],
  [0x23, 0x4c],
  [0x4e, 0x51],
  [0x65, 0x66],
  [0x6b, 0x73],
  [0x76, 0x79],
  [0x7b],
  [0x82],
  [0x85, 0x86],
  [0x8b, 0x93],
  [0x95, 0x99],
  [0x9b, 0x9f],
  [0xab, 0xae],
  [0xb1],
  [0xb5, 0xba],
  [0xbc, 0xbf],
  [0xcb, 0xce],
  [0xd1],
  [0xd5, 0xdf],
  [0xe4, 0xeb],
  [0xf0, 0xf7],
  [0x100],
  [0x10d, 0x112],
];

/** The last row that names an instruction is the one that counts. */
const rows: readonly Row[] = [
  [0x01, 0x01, 0],
  // drop, select
  [0x1a, 0x1a, -1],
  [0x1b, 0x1b, -2],
  // locals, globals, tables
  [0x20, 0x20, 1, "number"],
  [0x21, 0x21, -1, "number"],
  [0x22, 0x22, 0, "number"],
  [0x23, 0x23, 1, "number"],
  [0x24, 0x24, -1, "number"],
  [0x25, 0x25, 0, "number"],
  [0x26, 0x26, -2, "number"],
  // loads, stores, the size of the memory
  [0x28, 0x35, 0, "place"],
  [0x36, 0x3e, -2, "place"],
  [0x3f, 0x3f, 1, "number"],
  [0x40, 0x40, 0, "number"],
  // constants
  [0x41, 0x41, 1, "number"],
  [0x42, 0x42, 1, "long"],
  [0x43, 0x43, 1, 4],
  [0x44, 0x44, 1, 8],
  // arithmetic; of two numbers, one
  [0x45, 0xc4, 0],
  [0x46, 0x4f, -1],
  [0x51, 0x66, -1],
  [0x6a, 0x78, -1],
  [0x7c, 0x8a, -1],
  [0x92, 0x98, -1],
  [0xa0, 0xa6, -1],
  // references; those of the collector's own objects are not taken
  [0xd0, 0xd0, 1, "number"],
  [0xd1, 0xd1, 0],
  [0xd2, 0xd2, 1, "number"],
  [0xd3, 0xd3, -1],
  [0xd4, 0xd4, 0],
  [reference + 0x0f, reference + 0x0f, 0],
  [reference + 0x14, reference + 0x17, 0, "number"],
  [reference + 0x1a, reference + 0x1e, 0],
  // conversions, bytes and entries at once
  [misc, misc + 0x07, 0],
  [misc + 0x08, misc + 0x08, -3, "number", "number"],
  [misc + 0x09, misc + 0x09, 0, "number"],
  [misc + 0x0a, misc + 0x0a, -3, "number", "number"],
  [misc + 0x0b, misc + 0x0b, -3, "number"],
  [misc + 0x0c, misc + 0x0c, -3, "number", "number"],
  [misc + 0x0d, misc + 0x0d, 0, "number"],
  [misc + 0x0e, misc + 0x0e, -3, "number", "number"],
  [misc + 0x0f, misc + 0x0f, -1, "number"],
  [misc + 0x10, misc + 0x10, 1, "number"],
  [misc + 0x11, misc + 0x11, -3, "number"],
  // vectors; what is not told apart leaves no more than it takes
  [vector, vector + perPrefix - 1, 0],
  [vector, vector + 0x0a, 0, "place"],
  [vector + 0x0b, vector + 0x0b, -2, "place"],
  [vector + 0x0c, vector + 0x0c, 1, 16],
  [vector + 0x0d, vector + 0x0d, -1, 16],
  [vector + 0x15, vector + 0x22, 0, 1],
  ...[0x17, 0x1a, 0x1c, 0x1e, 0x20, 0x22].map((lane): Row => [vector + lane, vector + lane, -1, 1]),
  [vector + 0x54, vector + 0x57, -1, "place", 1],
  [vector + 0x58, vector + 0x5b, -2, "place", 1],
  [vector + 0x5c, vector + 0x5d, 0, "place"],
  ...vectorsOfTwo.map(([first, last = first]): Row => [vector + first, vector + last, -1]),
  [vector + 0x52, vector + 0x52, -2],
  [vector + 0x105, vector + 0x10c, -2],
  [vector + 0x113, vector + 0x113, -2],
  // atomic ones
  [atomic, atomic, -1, "place"],
  [atomic + 0x01, atomic + 0x02, -2, "place"],
  [atomic + 0x03, atomic + 0x03, 0, 1],
  [atomic + 0x10, atomic + 0x16, 0, "place"],
  [atomic + 0x17, atomic + 0x1d, -2, "place"],
  [atomic + 0x1e, atomic + 0x47, -1, "place"],
  [atomic + 0x48, atomic + 0x4e, -2, "place"],
];

const instructions: (Instruction | undefined)[] = new Array<undefined>(atomic + perPrefix).fill(undefined);
for (const [first, last, effect, ...operands] of rows) instructions.fill({ effect, operands }, first, last + 1);

/** One number for each, that of its prefix included. */
export function readOpcode(code: ByteReader): number {
  const byte = code.byte();
  if (byte < 0xfb || byte > 0xfe) return byte;
  const second = code.count();
  if (second >= perPrefix) throw unknown(`0x${byte.toString(16)} 0x${second.toString(16)}`, code);
  return 0x100 + (byte - 0xfb) * perPrefix + second;
}

/** Passes over what stands behind it, and gives its effect. @throws RuntimeError `wasm_refused`. */
export function passOver(opcode: number, code: ByteReader): number {
  const instruction = instructions[opcode];
  if (instruction === undefined) throw unknown(`0x${opcode.toString(16)}`, code);
  for (const operand of instruction.operands) {
    if (operand === "number") code.skipNumber();
    else if (operand === "long") code.skipNumber(10);
    else if (operand === "place") {
      // An alignment, which says as well whether a memory is named, and an offset.
      if ((code.count() & 0x40) !== 0) code.skipNumber();
      code.skipNumber(10);
    } else code.take(operand);
  }
  return instruction.effect;
}

function unknown(what: string, { at }: ByteReader) {
  return refused(`the module has an instruction that is not taken (${what}) before byte ${at}`);
}
