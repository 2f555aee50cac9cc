/**
 * Reads what `graph-encoder.ts` wrote: makes each object where it is announced and fills it when its turn comes.
 */
import { viewOver } from "./binary-view.ts";
import { setField, type ValueSource } from "./shape-table.ts";
import { errorKinds, tag } from "./wire-tag.ts";

/** What a graph's reader needs of a decoder. */
export interface GraphSource extends ValueSource {
  /** The next byte, which stays the next. */
  peek(): number;
  byte(): number;
  uint32(): number;
  /** True when a hole is next; steps over it. */
  isHole(): boolean;
}

/** Reads a graph from the decoder's position to its end. */
export function readGraph(source: GraphSource, transferred: readonly unknown[] | undefined): unknown {
  return new GraphReader(source, transferred).read();
}

class GraphReader {
  readonly #in: GraphSource;
  readonly #transferred: readonly unknown[] | undefined;
  readonly #objects: unknown[] = [];
  /** The tag that announced each object. */
  readonly #kinds: number[] = [];

  constructor(source: GraphSource, transferred: readonly unknown[] | undefined) {
    this.#in = source;
    this.#transferred = transferred;
  }

  read(): unknown {
    const message = this.#value();
    for (let i = 0; i < this.#objects.length; i++) {
      this.#fill(this.#objects[i], this.#kinds[i] as number);
    }
    return message;
  }

  #value(): unknown {
    const source = this.#in;
    const first = source.peek();
    switch (first) {
      case tag.again:
        source.byte();
        return this.#objects[source.uint32()];
      case tag.object:
        source.byte();
        return this.#made({}, first);
      case tag.array:
        source.byte();
        return this.#made(newArray(source.uint32()), first);
      case tag.map:
        source.byte();
        return this.#made(new Map(), first);
      case tag.set:
        source.byte();
        return this.#made(new Set(), first);
      case tag.error:
        source.byte();
        return this.#made(newError(source.byte()), first);
      case tag.regexp: {
        source.byte();
        const pattern = source.value() as string;
        return this.#made(new RegExp(pattern, source.value() as string), first);
      }
      case tag.date:
      case tag.binary:
        return this.#made(source.value(), first);
      case tag.transferred:
        source.byte();
        return this.#made(this.#takeTransferred(source.uint32()), first);
      case tag.transferredView: {
        source.byte();
        const kind = source.byte();
        const byteOffset = source.value() as number;
        const byteLength = source.value() as number;
        const buffer = this.#value() as ArrayBuffer;
        return this.#made(viewOver(kind, buffer, byteOffset, byteLength), first);
      }
      default:
        return source.value();
    }
  }

  #made(object: unknown, kind: number): unknown {
    this.#objects.push(object);
    this.#kinds.push(kind);
    return object;
  }

  #takeTransferred(place: number): unknown {
    if (this.#transferred === undefined || place >= this.#transferred.length) {
      throw new Error(`transferred object ${place} of a message did not arrive`);
    }
    return this.#transferred[place];
  }

  #fill(object: unknown, kind: number): void {
    const source = this.#in;
    switch (kind) {
      case tag.object:
        for (let left = source.uint32(); left > 0; left--) {
          const key = source.value() as string;
          setField(object as Record<string, unknown>, key, this.#value());
        }
        return;
      case tag.array: {
        const array = object as unknown[];
        const length = array.length;
        for (let i = 0; i < length; i++) {
          if (!source.isHole()) {
            array[i] = this.#value();
          }
        }
        return;
      }
      case tag.map:
        for (let left = source.uint32(); left > 0; left--) {
          const key = this.#value();
          (object as Map<unknown, unknown>).set(key, this.#value());
        }
        return;
      case tag.set:
        for (let left = source.uint32(); left > 0; left--) {
          (object as Set<unknown>).add(this.#value());
        }
        return;
      case tag.error: {
        const shown = source.uint32();
        const count = shown + source.uint32();
        for (let i = 0; i < count; i++) {
          const key = source.value() as string;
          const field = { value: this.#value(), writable: true, configurable: true, enumerable: i < shown };
          Object.defineProperty(object, key, field);
        }
        return;
      }
      default:
        return; // made whole
    }
  }
}

/** An array of holes, which is what one that is filled out of order needs. */
function newArray(length: number): unknown[] {
  const array: unknown[] = [];
  array.length = length;
  return array;
}

/** An error without message and stack: both follow. Taking a stack here would cost much and show the decoder. */
function newError(kind: number): Error {
  const name = errorKinds[kind];
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    // The name is one of the table, and all of those but one are made alike.
    const Kind = (globalThis as unknown as Record<string, ErrorConstructor | undefined>)[name ?? ""] ?? Error;
    const error = name === "AggregateError" ? new AggregateError([]) : new Kind();
    Reflect.deleteProperty(error, "stack");
    return error;
  } finally {
    Error.stackTraceLimit = limit;
  }
}
