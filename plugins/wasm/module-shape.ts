/**
 * What a module says of itself before it is compiled: its imports, exports, types, memories and tables. Read by hand, since the
 * language's own reflection tells neither limits nor types. Source: WebAssembly core specification, "Binary Format".
 */
import { ByteReader, refused } from "./byte-reader.ts";
import type { Signature } from "./signature.ts";

export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
}

/** A memory or table. `prefix` is what stands before its limits. */
export interface Bounded extends Limits {
  readonly prefix: Uint8Array;
}

/** Where a section's bytes are, its id and size included. */
export interface Section {
  readonly start: number;
  readonly end: number;
}

export type ExternKind = "function" | "table" | "memory" | "global" | "tag";

export interface ModuleImport {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  /** Of a function. */
  readonly signature: Signature<string> | undefined;
}

export interface ModuleExport {
  readonly kind: ExternKind;
  /** Of a function. */
  readonly signature: Signature<string> | undefined;
}

export interface ModuleShape {
  readonly imports: readonly ModuleImport[];
  readonly exports: ReadonlyMap<string, ModuleExport>;
  readonly memories: readonly Bounded[];
  readonly memorySection: Section | undefined;
  readonly tables: readonly Bounded[];
  readonly tableSection: Section | undefined;
}

const externKinds = ["function", "table", "memory", "global", "tag"] as const;
const valueTypes: Readonly<Record<number, string>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
};
const functionForm = 0x60;

/**
 * What the engine compiles is a function at a time, cannot be cut short, and grows by far more than its bytes with what they
 * carry along: without these bounds 80 KB take a minute and a gigabyte, and 2 MB the whole process.
 */
const parametersMax = 64;
const resultsMax = 8;
const localsMax = 1_000;
const functionBytesMax = 262_144;
const wasmMagic = [0x00, 0x61, 0x73, 0x6d] as const;

/** @throws RuntimeError `wasm_refused`: it is no module, or has what is not taken whatever the limits. */
export function readShape(bytes: Uint8Array): ModuleShape {
  if (wasmMagic.some((byte, at) => bytes[at] !== byte)) throw refused("these bytes are no WebAssembly module");
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0)
    throw refused("this is a WebAssembly component, or of another version: a core module of version 1 is taken");
  const reader = new ShapeReader();
  const sections = new ByteReader(bytes, 8);
  while (!sections.isAtEnd) {
    const start = sections.at;
    const id = sections.byte();
    const length = sections.count();
    const from = sections.at;
    sections.take(length);
    reader.read(id, new ByteReader(bytes, from, sections.at), { start, end: sections.at });
  }
  return reader.shape();
}

class ShapeReader {
  readonly #types: Signature<string>[] = [];
  /** By index, the imported ones first: the index of its type. */
  readonly #functions: number[] = [];
  readonly #imports: { readonly module: string; readonly name: string; kind: ExternKind; type: number | undefined }[] =
    [];
  readonly #exports = new Map<string, { readonly kind: ExternKind; readonly index: number }>();
  readonly #memories: Bounded[] = [];
  readonly #tables: Bounded[] = [];
  #memorySection: Section | undefined;
  #tableSection: Section | undefined;

  /** Sections that say nothing of limits, imports or exports are the compiler's affair. */
  read(id: number, section: ByteReader, place: Section): void {
    switch (id) {
      case 1:
        return each(section, () => this.#types.push(readType(section)));
      case 2:
        return each(section, () => this.#import(section));
      case 3:
        return each(section, () => this.#functions.push(section.count()));
      case 4:
        this.#tableSection = place;
        return each(section, () => this.#tables.push(readTable(section)));
      case 5:
        this.#memorySection = place;
        return each(section, () => this.#memories.push(readMemory(section)));
      case 10: {
        let index = 0;
        return each(section, () => readBody(section, index++));
      }
      case 7:
        return each(section, () => {
          const name = section.name();
          this.#exports.set(name, { kind: readKind(section), index: section.count() });
        });
    }
  }

  shape(): ModuleShape {
    const signature = (type: number | undefined) => (type === undefined ? undefined : this.#types[type]);
    const exported = [...this.#exports].map(([name, { kind, index }]): [string, ModuleExport] => [
      name,
      { kind, signature: kind === "function" ? signature(this.#functions[index]) : undefined },
    ]);
    return {
      imports: this.#imports.map(({ type, ...one }) => ({ ...one, signature: signature(type) })),
      exports: new Map(exported),
      memories: this.#memories,
      memorySection: this.#memorySection,
      tables: this.#tables,
      tableSection: this.#tableSection,
    };
  }

  #import(section: ByteReader): void {
    const [module, name, kind] = [section.name(), section.name(), readKind(section)];
    let type: number | undefined;
    switch (kind) {
      case "function":
        type = section.count();
        this.#functions.push(type);
        break;
      case "table":
        readTable(section);
        break;
      case "memory":
        readMemory(section);
        break;
      case "global":
        readValueType(section);
        section.byte();
        break;
      case "tag":
        section.byte();
        section.count();
        break;
    }
    this.#imports.push({ module, name, kind, type });
  }
}

function each(section: ByteReader, read: () => void): void {
  for (let left = section.count(); left > 0; left--) read();
}

function readKind(section: ByteReader): ExternKind {
  const byte = section.byte();
  const kind = externKinds[byte];
  if (kind === undefined) throw refused(`the module imports or exports something of an unknown kind (${byte})`);
  return kind;
}

/** Objects of the collector would lie in the thread's heap, where no limit of the module's holds them. */
function readType(section: ByteReader): Signature<string> {
  const form = section.byte();
  if (form !== functionForm)
    throw refused(
      `the module has types of the garbage collection proposal (0x${form.toString(16)}): only functions are taken`,
    );
  const list = () => {
    const types: string[] = [];
    each(section, () => types.push(readValueType(section)));
    return types;
  };
  const type = { parameters: list(), results: list() };
  if (type.parameters.length > parametersMax || type.results.length > resultsMax)
    throw refused(
      `the module has a type of ${type.parameters.length} parameters and ${type.results.length} results: ${parametersMax} and ${resultsMax} are taken; hand more over in its memory`,
    );
  return type;
}

/** @param index among the functions that are not imported. */
function readBody(section: ByteReader, index: number): void {
  const length = section.count();
  if (length > functionBytesMax)
    throw refused(
      `function ${index} of the module has ${length} bytes: ${functionBytesMax} are taken; build it with less inlined`,
    );
  const end = section.at + length;
  let locals = 0;
  each(section, () => {
    locals += section.count();
    readValueType(section);
  });
  if (locals > localsMax)
    throw refused(
      `function ${index} of the module has ${locals} locals: ${localsMax} are taken; build it with optimization`,
    );
  section.take(end - section.at);
}

function readValueType(section: ByteReader): string {
  const byte = section.byte();
  if (byte === 0x63 || byte === 0x64) section.skipNumber(); // a reference to a type that is named
  return valueTypes[byte] ?? "ref";
}

function readTable(section: ByteReader): Bounded {
  const start = section.at;
  const type = section.byte();
  if (type === 0x40) throw refused("the module has a table whose entries begin with a value: that is not taken");
  if (type === 0x63 || type === 0x64) section.skipNumber();
  const prefix = section.since(start);
  return { ...readLimits(section, "a table"), prefix };
}

function readMemory(section: ByteReader): Bounded {
  return { ...readLimits(section, "a memory"), prefix: new Uint8Array() };
}

function readLimits(section: ByteReader, what: string): Limits {
  const flags = section.byte();
  if ((flags & 0b10) !== 0)
    throw refused(`the module has ${what} that is shared: what other threads could change is not taken`);
  if ((flags & 0b100) !== 0) throw refused(`the module has ${what} of 64 bits: build it for 32 bits (wasm32)`);
  if (flags > 1) throw refused(`the module has ${what} of an unknown kind (limits 0x${flags.toString(16)})`);
  return { minimum: section.count(), maximum: flags === 1 ? section.count() : undefined };
}
