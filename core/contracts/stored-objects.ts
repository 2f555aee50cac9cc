/**
 * Values that JSON does not say, as bytes of `node:v8`, with what that leaves out: of errors their names, codes, own fields and
 * the errors inside, and their class where it is JavaScript's own.
 */
import { DefaultDeserializer, serialize } from "node:v8";
import { objectKind } from "../thread/message-check.ts";

/** One with errors inside, before the bytes; those of `node:v8` alone begin with 0xFF, and no JSON with either. */
const firstWithErrors = 0xfe;

/** What an error is given back, beside what `node:v8` keeps. */
interface KeptError {
  readonly error: Error;
  /** The constructor that is JavaScript's own. */
  readonly kind: string;
  readonly shown: readonly (readonly [string, unknown])[];
  readonly hidden: readonly (readonly [string, unknown])[];
}

interface WithErrors {
  readonly value: unknown;
  readonly errors: readonly KeptError[];
}

/** @throws what `node:v8` throws: RangeError, of what is too deep. */
export function bytesOfObjects(value: unknown): readonly Uint8Array[] {
  const errors = errorsIn(value);
  if (errors.length === 0) return [serialize(value)];
  // An object that stands twice is one again, so what is beside the value means the very errors inside.
  return [Uint8Array.of(firstWithErrors), serialize({ value, errors: errors.map(keptError) } satisfies WithErrors)];
}

export function objectsOfBytes(bytes: Buffer): unknown {
  if (bytes[0] !== firstWithErrors) return deserialize(bytes);
  const { value, errors } = deserialize(bytes.subarray(1)) as WithErrors; // as it was made above
  for (const kept of errors) giveBack(kept);
  return value;
}

function deserialize(bytes: Buffer): unknown {
  const reader = new OwnBytes(bytes);
  reader.readHeader();
  return reader.readValue();
}

/** Gives bytes memory of their own: those of `node:v8` would be a view of the store's, or of what else is near them. */
class OwnBytes extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const view = readHostObject.call(this);
    const { buffer } = new Uint8Array(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    if (Buffer.isBuffer(view)) return Buffer.from(buffer);
    return new (view.constructor as new (buffer: ArrayBuffer) => ArrayBufferView)(buffer);
  }
}

/** Its name is documented, and not in the types. */
const readHostObject = (
  DefaultDeserializer.prototype as unknown as { _readHostObject(this: DefaultDeserializer): ArrayBufferView }
)._readHostObject;

function errorsIn(value: unknown): Error[] {
  const met = new Set<object>();
  const meet = (one: unknown): void => {
    if (typeof one === "object" && one !== null) met.add(one);
  };
  meet(value);
  const errors: Error[] = [];
  // A set gives what is added meanwhile as well.
  for (const object of met) {
    switch (objectKind(object, () => false)) {
      case "error": {
        const error = object as Error & { readonly errors?: unknown };
        errors.push(error);
        meet(error.cause);
        meet(error.errors);
        Object.values(error).forEach(meet);
        break;
      }
      case "map":
        for (const [key, one] of object as Map<unknown, unknown>) {
          meet(key);
          meet(one);
        }
        break;
      case "set":
        (object as Set<unknown>).forEach(meet);
        break;
      case "object":
      case "array":
        Object.values(object).forEach(meet);
        break;
      default: // nothing is inside
    }
  }
  return errors;
}

const kinds = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError", "AggregateError"];

function keptError(error: Error): KeptError {
  const shown = Object.entries(error);
  const hidden = (["name", "message", "code", "errors"] as const)
    .filter((field) => !Object.hasOwn(error, field) || !Object.prototype.propertyIsEnumerable.call(error, field))
    .map((field): [string, unknown] => [field, (error as unknown as Record<string, unknown>)[field]])
    .filter(([, one]) => one !== undefined);
  return { error, kind: kindOf(error), shown, hidden };
}

function kindOf(error: Error): string {
  for (let at: unknown = error; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    const name: unknown = Object.hasOwn(at, "constructor") ? at.constructor.name : undefined;
    if (kinds.includes(String(name))) return String(name);
  }
  return "Error";
}

function giveBack({ error, kind, shown, hidden }: KeptError): void {
  const { prototype } = (globalThis as unknown as Record<string, ErrorConstructor>)[kind] as ErrorConstructor;
  Object.setPrototypeOf(error, prototype);
  for (const [field, value] of hidden) {
    if ((error as unknown as Record<string, unknown>)[field] !== value) define(error, field, value, false);
  }
  for (const [field, value] of shown) define(error, field, value, true);
}

function define(error: Error, field: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, field, { value, enumerable, writable: true, configurable: true });
}
