/**
 * Writes a message in which objects are met twice, or that holds a Map, a Set, an Error, a transferred object.
 *
 * An object is announced where it is first met, with what is needed to make it, and gets the next number; where it is
 * met again stands its number. What is inside follows later, object by object in the order of their numbers. The
 * reader, which counts along, has made every object before anything is put into it: cycles need no care, through Map
 * keys and an Error's cause as well, and neither side needs a stack for a deep message.
 */
import { types } from "node:util";
import { binaryKind, writeBinary } from "./binary-view.ts";
import type { ByteSink } from "./byte-sink.ts";
import { objectKind } from "./message-check.ts";
import { type RefWire, writeRef } from "./ref-wire.ts";
import { errorKinds, tag } from "./wire-tag.ts";

/** False: something cannot cross. */
export function writeGraph(
  out: ByteSink,
  message: unknown,
  transfer: readonly unknown[] | undefined,
  refs: RefWire,
): boolean {
  return new GraphWriter(out, transfer, refs).write(message);
}

class GraphWriter {
  readonly #out: ByteSink;
  readonly #transfer: readonly unknown[];
  readonly #refs: RefWire;
  readonly #numbers = new Map<object, number>();
  readonly #objects: object[] = [];
  #isRefused = false;

  constructor(out: ByteSink, transfer: readonly unknown[] | undefined, refs: RefWire) {
    this.#out = out;
    this.#transfer = transfer ?? [];
    this.#refs = refs;
  }

  write(message: unknown): boolean {
    this.#value(message);
    for (let i = 0; i < this.#objects.length && !this.#isRefused; i++) {
      this.#inside(this.#objects[i] as object);
    }
    return !this.#isRefused;
  }

  #kindOf(object: object) {
    return objectKind(object, (value) => this.#refs.isRef(value));
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#out.text(value);
      case "number":
        return this.#out.number(value);
      case "boolean":
        return this.#out.byte(value ? tag.true : tag.false);
      case "undefined":
        return this.#out.byte(tag.undefined);
      case "bigint":
        return this.#out.bigint(value);
      case "object":
        return value === null ? this.#out.byte(tag.null) : this.#object(value);
      case "function":
      case "symbol":
        this.#isRefused = true;
    }
  }

  #object(object: object): void {
    const known = this.#numbers.get(object);
    if (known !== undefined) {
      this.#out.word(tag.again, known);
      return;
    }
    if (this.#announce(object)) {
      this.#numbers.set(object, this.#objects.length);
      this.#objects.push(object);
    }
  }

  /** Writes what is needed to make the object; false for what has no number. */
  #announce(object: object): boolean {
    const out = this.#out;
    const place = this.#transfer.indexOf(object);
    if (place >= 0) {
      out.word(tag.transferred, place);
      return true;
    }
    const kind = this.#kindOf(object);
    switch (kind) {
      case "object":
        out.byte(tag.object);
        return true;
      case "array":
        out.word(tag.array, (object as unknown[]).length);
        return true;
      case "map":
        out.byte(tag.map);
        return true;
      case "set":
        out.byte(tag.set);
        return true;
      case "date":
        out.byte(tag.date);
        out.number(Date.prototype.getTime.call(object));
        return true;
      case "regexp":
        out.byte(tag.regexp);
        out.text((object as RegExp).source);
        out.text((object as RegExp).flags);
        return true;
      case "error":
        out.byte(tag.error);
        out.byte(errorKind(object as Error));
        return true;
      case "buffer":
        this.#announceBytes(object as ArrayBuffer, object as ArrayBuffer);
        return true;
      case "view":
        this.#announceBytes(object as ArrayBufferView, (object as ArrayBufferView<ArrayBuffer>).buffer);
        return true;
      case "ref":
        out.byte(tag.ref);
        writeRef(out, this.#refs.toWire(object));
        return false;
      case "refused":
        this.#isRefused = true;
        return false;
    }
  }

  #announceBytes(value: ArrayBuffer | ArrayBufferView, buffer: ArrayBuffer): void {
    const out = this.#out;
    if (ArrayBuffer.isView(value) && this.#transfer.includes(buffer)) {
      out.byte(tag.transferredView);
      out.byte(binaryKind(value));
      out.number(value.byteOffset);
      out.number(value.byteLength);
      this.#object(buffer);
    } else if (buffer.detached) {
      this.#isRefused = true;
    } else {
      writeBinary(out, value);
    }
  }

  #inside(object: object): void {
    if (this.#transfer.includes(object)) {
      return;
    }
    const out = this.#out;
    switch (this.#kindOf(object)) {
      case "object": {
        const keys = Object.keys(object);
        out.uint32(keys.length);
        for (const key of keys) {
          out.text(key);
          this.#value((object as Record<string, unknown>)[key]);
        }
        return;
      }
      case "array":
        this.#elements(object as unknown[]);
        return;
      case "map":
        out.uint32((object as Map<unknown, unknown>).size);
        for (const [key, value] of object as Map<unknown, unknown>) {
          this.#value(key);
          this.#value(value);
        }
        return;
      case "set":
        out.uint32((object as Set<unknown>).size);
        for (const value of object as Set<unknown>) {
          this.#value(value);
        }
        return;
      case "error":
        this.#errorFields(object as Error);
        return;
      case "buffer":
      case "date":
      case "ref":
      case "refused":
      case "regexp":
      case "view":
        return; // made whole by its announcement, or not at all
    }
  }

  #elements(array: readonly unknown[]): void {
    for (let i = 0; i < array.length; i++) {
      if (i in array) {
        this.#value(array[i]);
      } else {
        this.#out.byte(tag.hole);
      }
    }
  }

  /** Own enumerable fields, then those that an Error keeps out of sight. */
  #errorFields(error: Error): void {
    const shown = Object.keys(error);
    const hidden = (["name", "message", "stack", "cause", "errors", "code"] as const).filter(
      (field) => !shown.includes(field) && isHiddenField(error, field),
    );
    this.#out.uint32(shown.length);
    this.#out.uint32(hidden.length);
    for (const key of [...shown, ...hidden]) {
      this.#out.text(key);
      this.#value((error as unknown as Record<string, unknown>)[key]); // keys of this very error
    }
  }
}

/** The nearest built-in constructor; a DOMException has none. */
function errorKind(error: Error): number {
  if (types.isNativeError(error)) {
    for (let at: unknown = error; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
      const name: unknown = Object.hasOwn(at, "constructor") ? at.constructor.name : undefined;
      const kind = (errorKinds as readonly unknown[]).indexOf(name);
      if (kind >= 0) {
        return kind;
      }
    }
  }
  return errorKinds.indexOf("Error");
}

function isHiddenField(error: Error, field: "name" | "message" | "stack" | "cause" | "errors" | "code"): boolean {
  switch (field) {
    case "cause":
    case "errors":
      return Object.hasOwn(error, field);
    case "name":
      return typeof error.name === "string" && error.name !== errorKinds[errorKind(error)];
    case "stack":
      return typeof error.stack === "string";
    case "message":
      return typeof error.message === "string" && error.message !== "";
    case "code": {
      const code: unknown = (error as Error & { code?: unknown }).code;
      return typeof code === "string" || typeof code === "number";
    }
  }
}
