/**
 * Bounds of what the engine compiles at a time, a function's body, in which it does not let itself be cut short. And no tail calls:
 * where they follow one another, it never looks whether its thread is to end.
 *
 * Where code branches, the engine notes each local and each value on the stack. So what a function makes it do grows with its bytes
 * times those: 256 KB of branches over 1,000 locals, or over a full stack, take gigabytes, or end the process; of calls, nearly one.
 */
import { type ByteReader, refused } from "./byte-reader.ts";
import { opcodes as op, passOver, readOpcode } from "./instructions.ts";

const localsMax = 1_000;
const functionBytesMax = 262_144;
/** Locals and values on the stack, added up over the branches of a function; and over its instructions, where they count as less. */
const branchedValuesMax = 16_000_000;
/** At each call, and whatever else the engine does by one, it marks which of them are references. */
const instructionsPerBranch = 16;

/** How many values a function, block or exception takes and gives. */
export interface Arity {
  readonly parameters: number;
  readonly results: number;
}

/** Of the module's types, functions and tags, by index. @throws RuntimeError `wasm_refused`: there is none. */
export interface Arities {
  ofType(index: number): Arity;
  ofFunction(index: number): Arity;
  ofTag(index: number): Arity;
}

/**
 * Passes over a body.
 * @param name for people.
 * @throws RuntimeError `wasm_refused`.
 */
export function readBody(section: ByteReader, name: string, own: Arity, arities: Arities): void {
  const length = section.count();
  if (length > functionBytesMax)
    throw refused(
      `${name} of the module has ${length} bytes: ${functionBytesMax} are taken; build it with less inlined`,
    );
  // What it says of its locals must not reach into the next.
  const body = section.part(length);
  let locals = 0;
  for (let left = body.count(); left > 0; left--) {
    locals += body.count();
    body.valueType();
  }
  if (locals > localsMax)
    throw refused(`${name} of the module has ${locals} locals: ${localsMax} are taken; build it with optimization`);
  const values = new Branches(body, name, locals, own, arities).values();
  if (values > branchedValuesMax)
    throw refused(
      `${name} of the module branches with ${values} locals and values of its stack in all: ${branchedValuesMax} are taken; build it with optimization, and with less inlined`,
    );
}

interface Block {
  /** Values on the stack below its own. */
  readonly base: number;
  readonly arity: Arity;
}

const nothing: Arity = { parameters: 0, results: 0 };
const oneResult: Arity = { parameters: 0, results: 1 };

class Branches {
  readonly #code: ByteReader;
  readonly #name: string;
  readonly #locals: number;
  readonly #arities: Arities;
  readonly #blocks: Block[];
  #height = 0;
  #values = 0;
  #passed = 0;

  constructor(code: ByteReader, name: string, locals: number, own: Arity, arities: Arities) {
    this.#code = code;
    this.#name = name;
    this.#locals = locals + own.parameters;
    this.#arities = arities;
    this.#blocks = [{ base: 0, arity: { parameters: 0, results: own.results } }];
  }

  values(): number {
    while (this.#blocks.length > 0) {
      this.#passed += this.#locals + this.#height;
      this.#next();
    }
    if (!this.#code.isAtEnd)
      throw refused(`${this.#name} of the module goes on behind its end (byte ${this.#code.at})`);
    return this.#values + Math.ceil(this.#passed / instructionsPerBranch);
  }

  #next(): void {
    const code = this.#code;
    const opcode = readOpcode(code);
    switch (opcode) {
      case op.if:
        this.#move(-1);
        return this.#open(2);
      case op.block:
      case op.loop:
      case op.try:
        return this.#open(1);
      case op.try_table:
        this.#open(1);
        return this.#branch(this.#catches());
      case op.else:
        return this.#turn(this.#block.arity.parameters);
      case op.catch:
        return this.#turn(this.#arities.ofTag(code.count()).parameters);
      case op.catch_all:
        return this.#turn(0);
      case op.delegate:
        code.count();
        return this.#close();
      case op.end:
        return this.#close();
      case op.br:
        code.count();
        return this.#turn(0);
      case op.br_if:
        this.#move(-1);
        code.count();
        return this.#branch(1);
      case op.br_on_null:
      case op.br_on_non_null:
        code.count();
        return this.#branch(1);
      case op.br_on_cast:
      case op.br_on_cast_fail:
        code.byte();
        code.count();
        code.skipNumber();
        code.skipNumber();
        return this.#branch(1);
      case op.br_table: {
        this.#move(-1);
        const ways = code.count() + 1;
        for (let left = ways; left > 0; left--) code.count();
        this.#branch(ways);
        return this.#leave(0);
      }
      case op.throw:
      case op.rethrow:
        code.count();
        return this.#leave(0);
      case op.return_call:
      case op.return_call_indirect:
      case op.return_call_ref:
        throw refused(
          `${this.#name} of the module has a tail call: the engine cannot end a thread in which they follow one another for ever; build it without (clang: -mno-tail-call)`,
        );
      case op.unreachable:
      case op.throw_ref:
      case op.return:
        return this.#leave(0);
      case op.call:
        return this.#call(this.#arities.ofFunction(code.count()));
      case op.call_indirect:
        this.#move(-1);
        this.#call(this.#arities.ofType(code.count()));
        code.count();
        return undefined;
      case op.call_ref:
        this.#move(-1);
        return this.#call(this.#arities.ofType(code.count()));
      case op.typed_select:
        for (let left = code.count(); left > 0; left--) code.valueType();
        return this.#move(-2);
      default:
        return this.#move(passOver(opcode, code));
    }
  }

  get #block(): Block {
    return this.#blocks.at(-1) as Block;
  }

  /** What lies below a block is not its own, also where code is read that is never reached. */
  #move(effect: number): void {
    this.#height = Math.max(this.#block.base, this.#height + effect);
  }

  #branch(ways: number): void {
    this.#values += ways * (this.#locals + this.#height);
  }

  /** What follows begins with so many values of the block. */
  #leave(values: number): void {
    this.#height = this.#block.base + values;
  }

  #turn(values: number): void {
    this.#branch(1);
    this.#leave(values);
  }

  #open(ways: number): void {
    const arity = this.#blockType();
    this.#move(-arity.parameters);
    this.#blocks.push({ base: this.#height, arity });
    this.#leave(arity.parameters);
    this.#branch(ways);
  }

  #close(): void {
    this.#turn(this.#block.arity.results);
    this.#blocks.pop();
  }

  #call({ parameters, results }: Arity): void {
    this.#move(-parameters);
    this.#height += results;
  }

  /** The ways out of a `try_table`. */
  #catches(): number {
    const ways = this.#code.count();
    for (let left = ways; left > 0; left--) {
      if (this.#code.byte() < 2) this.#code.count(); // the tag
      this.#code.count();
    }
    return ways;
  }

  /** None, the type of a result, or the index of a function's type. */
  #blockType(): Arity {
    const first = this.#code.byte();
    if (first === 0x40) return nothing;
    if (first > 0x40 && first < 0x80) {
      if (first === 0x63 || first === 0x64) this.#code.skipNumber();
      return oneResult;
    }
    let index = first & 0x7f;
    for (let byte = first, shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 28) throw refused(`a block of the module has no type before byte ${this.#code.at}`);
      byte = this.#code.byte();
      index += (byte & 0x7f) * 2 ** shift;
    }
    return this.#arities.ofType(index);
  }
}
