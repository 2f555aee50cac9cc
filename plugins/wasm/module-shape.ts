/**
 * What a module says of itself before it is compiled: its imports, exports, types, memories and tables. Read by hand, since the
 * language's own reflection tells neither limits nor types. Source: WebAssembly core specification, "Binary Format".
 */
import { ByteReader, refused } from "./byte-reader.ts";
import { type Arities, type Arity, readBody } from "./function-body.ts";
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
const functionForm = 0x60;

/** As function-body.ts: what a call carries along is compiled with it. */
const parametersMax = 64;
const resultsMax = 8;
/** How many there may be: they are read in the actor's thread, where millions would take seconds and half a gigabyte. */
const countsMax = {
  types: 10_000,
  imports: 1_000,
  functions: 100_000,
  globals: 10_000,
  exports: 10_000,
  tags: 1_000,
} as const;
/** Entries of tables that are written in the module, each of a byte at least: the engine keeps them in the thread's heap. */
const elementBytesMax = 524_288;
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
    const section = sections.part(length);
    reader.read(id, section, { start, end: sections.at });
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
  /** The indexes of their types. */
  readonly #tags: number[] = [];
  #memorySection: Section | undefined;
  #tableSection: Section | undefined;
  readonly #arities: Arities = {
    ofType: (index) => arityOf(this.#types[index], "type", index),
    ofFunction: (index) => arityOf(this.#typeOf(this.#functions[index]), "function", index),
    ofTag: (index) => arityOf(this.#typeOf(this.#tags[index]), "tag", index),
  };

  /** Sections that say nothing of limits, imports or exports are the compiler's affair. */
  read(id: number, section: ByteReader, place: Section): void {
    switch (id) {
      case 1:
        return list(section, "types", () => this.#types.push(readType(section)));
      case 2:
        return list(section, "imports", () => this.#import(section));
      case 3:
        return list(section, "functions", () => this.#functions.push(section.count()));
      case 4:
        this.#tableSection = place;
        return each(section, () => this.#tables.push(readTable(section)));
      case 5:
        this.#memorySection = place;
        return each(section, () => this.#memories.push(readMemory(section)));
      case 6:
        return list(section, "globals");
      case 7:
        return list(section, "exports", () => {
          const name = section.name();
          this.#exports.set(name, { kind: readKind(section), index: section.count() });
        });
      case 9:
        if (place.end - place.start > elementBytesMax)
          throw refused(
            `the module has ${place.end - place.start} bytes of entries for its tables: ${elementBytesMax} are taken`,
          );
        return undefined;
      case 10: {
        let index = this.#imports.filter(({ kind }) => kind === "function").length;
        return each(section, () => {
          const own = this.#arities.ofFunction(index);
          readBody(section, `function ${index++}`, own, this.#arities);
        });
      }
      case 13:
        return list(section, "tags", () => {
          section.byte();
          this.#tags.push(section.count());
        });
    }
  }

  shape(): ModuleShape {
    const exported = [...this.#exports].map(([name, { kind, index }]): [string, ModuleExport] => [
      name,
      { kind, signature: kind === "function" ? this.#typeOf(this.#functions[index]) : undefined },
    ]);
    return {
      imports: this.#imports.map(({ type, ...one }) => ({ ...one, signature: this.#typeOf(type) })),
      exports: new Map(exported),
      memories: this.#memories,
      memorySection: this.#memorySection,
      tables: this.#tables,
      tableSection: this.#tableSection,
    };
  }

  #typeOf(index: number | undefined): Signature<string> | undefined {
    return index === undefined ? undefined : this.#types[index];
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
        section.valueType();
        section.byte();
        break;
      case "tag":
        section.byte();
        this.#tags.push(section.count());
        break;
    }
    this.#imports.push({ module, name, kind, type });
  }
}

function each(section: ByteReader, read: () => void): void {
  for (let left = section.count(); left > 0; left--) read();
}

/** All that is in a section. @param read one; without it they are counted alone. */
function list(section: ByteReader, what: keyof typeof countsMax, read?: () => void): void {
  const count = section.count();
  if (count > countsMax[what]) throw refused(`the module has ${count} ${what}: ${countsMax[what]} are taken`);
  if (read !== undefined) for (let left = count; left > 0; left--) read();
}

function arityOf(type: Signature<string> | undefined, what: string, index: number): Arity {
  if (type === undefined) throw refused(`the module names a ${what} that it does not have (${index})`);
  return { parameters: type.parameters.length, results: type.results.length };
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
    each(section, () => types.push(section.valueType()));
    return types;
  };
  const type = { parameters: list(), results: list() };
  if (type.parameters.length > parametersMax || type.results.length > resultsMax)
    throw refused(
      `the module has a type of ${type.parameters.length} parameters and ${type.results.length} results: ${parametersMax} and ${resultsMax} are taken; hand more over in its memory`,
    );
  return type;
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
