/**
 * What may cross to another thread, and what is refused, with the path of the field.
 *
 * A codec that drops a function or flattens a class instance makes a program behave differently when its actors move
 * apart, so both are errors at the sender. Accepted is what a structured clone accepts, without shared memory, plus refs;
 * an Error keeps its cause, its code and its own enumerable fields. Named properties of arrays do not cross, as in JSON.
 * Both walks keep their own stack: a message 100,000 levels deep is walked like any other.
 */
import { types } from "node:util";
import { isRef as isAnyRef } from "../actor/ref.ts";

/**
 * `flat`: a primitive or a plain object of at most sixteen primitives; `plain`: plain objects and arrays;
 * `special`: anything else that crosses, cycles included. A message in which an object merely stands twice may be
 * called plain or special.
 */
export type Shape = "flat" | "plain" | "special";

const flatFieldsMax = 16;

/** A message that cannot cross. `path` names the field, `what` says what stands there. */
export class MessageRefused extends Error {
  readonly path: string;
  readonly what: string;

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(`${path} ${what}`, options);
    this.name = "MessageRefused";
    this.path = path;
    this.what = what;
  }
}

export type RefTest = (value: object) => boolean;
const noRefs: RefTest = () => false;

/** What an object is to the wire. */
export type ObjectKind =
  | "object"
  | "array"
  | "ref"
  | "map"
  | "set"
  | "date"
  | "regexp"
  | "error"
  | "buffer"
  | "view"
  | "refused";

/**
 * Sorts an object. Realms do not matter: a Map of another realm is a Map. A subclass of a built-in other than Error is
 * refused, since its class would be lost.
 */
export function objectKind(value: object, isRef: RefTest): ObjectKind {
  if (Array.isArray(value)) {
    return classDepth(value) === 2 ? "array" : "refused";
  }
  const depth = classDepth(value);
  if (depth <= 1 && isPlain(value)) {
    return "object";
  }
  if (isRef(value)) {
    return "ref";
  }
  if (ArrayBuffer.isView(value)) {
    const isDirect = depth === (types.isDataView(value) ? 2 : 3) || Buffer.isBuffer(value);
    return isDirect && types.isArrayBuffer(value.buffer) ? "view" : "refused";
  }
  if (types.isNativeError(value) || isDomException(value)) {
    return "error";
  }
  if (depth !== 2) {
    return "refused";
  }
  if (types.isMap(value)) {
    return "map";
  }
  if (types.isSet(value)) {
    return "set";
  }
  if (types.isDate(value)) {
    return "date";
  }
  if (types.isRegExp(value)) {
    return "regexp";
  }
  return types.isArrayBuffer(value) ? "buffer" : "refused";
}

/**
 * Says whether a message can cross to another thread, and how plain it is.
 *
 * @param transfer objects that move instead of being copied; the only way for a port to cross
 * @param isStrict looks for fields under symbols as well, which costs 100 ns an object; without it they are left behind
 * unseen, as by a structured clone
 * @throws MessageRefused with the path of the first field that cannot cross
 */
export function checkMessage(
  message: unknown,
  transfer?: readonly unknown[],
  isRef: RefTest = noRefs,
  isStrict = true,
): Shape {
  if (typeof message !== "object" || message === null) {
    if (typeof message === "function" || typeof message === "symbol") {
      throw new MessageRefused("message", `is a ${typeof message}`);
    }
    return "flat";
  }
  if (transfer === undefined || transfer.length === 0) {
    glanceLeft = glanceObjectsMax;
    hasGlancedRef = false;
    let isClear = false;
    try {
      isClear = glance(message, isRef, isStrict, 0);
    } catch {
      // A getter threw: the walk meets it again and says where.
    }
    if (isClear) {
      if (hasGlancedRef) return "special";
      return glanceObjectsMax - glanceLeft === 1 && isFlat(message) ? "flat" : "plain";
    }
  }
  return new MessageWalk(transfer, isRef, isStrict).walk(message);
}

/** The glance recurses, so it goes no deeper; and it sees an object again wherever it stands, so it has a limit. */
const glanceDepthMax = 64;
const glanceObjectsMax = 10_000;
let glanceLeft = 0;
let hasGlancedRef = false;

/** True: plain objects, arrays, refs and primitives, no cycle. False: look more closely. Most messages need no more. */
function glance(value: object, isRef: RefTest, isStrict: boolean, depth: number): boolean {
  if (depth > glanceDepthMax || --glanceLeft < 0) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) {
    for (const element of value as readonly unknown[]) {
      if (typeof element === "object") {
        if (element !== null && !glance(element, isRef, isStrict, depth + 1)) {
          return false;
        }
      } else if (typeof element === "function" || typeof element === "symbol") {
        return false;
      }
    }
    return Array.isArray(value);
  }
  if (prototype !== Object.prototype) {
    if (!isRef(value)) return false;
    hasGlancedRef = true;
    return true;
  }
  if (isStrict && Object.getOwnPropertySymbols(value).length > 0) {
    return false;
  }
  for (const key in value) {
    const field: unknown = (value as Record<string, unknown>)[key];
    if (typeof field === "object") {
      if (field !== null && !glance(field, isRef, isStrict, depth + 1)) {
        return false;
      }
    } else if (typeof field === "function" || typeof field === "symbol") {
      return false;
    }
  }
  return true;
}

/** Of a plain object or array without objects inside. */
function isFlat(value: object): boolean {
  return !Array.isArray(value) && Object.keys(value).length <= flatFieldsMax;
}

class MessageWalk {
  readonly #transfer: readonly unknown[] | undefined;
  readonly #isRef: RefTest;
  readonly #isStrict: boolean;
  /** Every object met, in order; beside it the place of its parent and the step that led from there. */
  readonly #objects: object[] = [];
  readonly #parents: number[] = [];
  readonly #steps: (string | number)[] = [];
  readonly #met = new Set<object>();
  #shape: Shape = "flat";

  constructor(transfer: readonly unknown[] | undefined, isRef: RefTest, isStrict: boolean) {
    this.#transfer = transfer;
    this.#isRef = isRef;
    this.#isStrict = isStrict;
  }

  walk(message: object): Shape {
    this.#visit(message, -1, "message");
    for (let i = 0; i < this.#objects.length; i++) {
      this.#open(this.#objects[i] as object, i);
    }
    return this.#shape;
  }

  /** Judges one value; an object that has something inside joins the list. */
  #visit(value: unknown, parent: number, step: string | number): void {
    if (typeof value === "object" && value !== null) {
      if (this.#met.has(value)) {
        this.#shape = "special";
        return;
      }
      this.#met.add(value);
      if (parent >= 0 && this.#shape === "flat") {
        this.#shape = "plain";
      }
      this.#objects.push(value);
      this.#parents.push(parent);
      this.#steps.push(step);
    } else if (typeof value === "function" || typeof value === "symbol") {
      throw new MessageRefused(this.#pathOf(parent, step), `is a ${typeof value}`);
    }
  }

  #open(object: object, at: number): void {
    if (this.#transfer?.includes(object)) {
      this.#shape = "special";
      this.#refuseDetached(object, at);
      return;
    }
    const kind = objectKind(object, this.#isRef);
    if (kind === "object" || kind === "array") {
      if (kind === "array" && at === 0 && this.#shape === "flat") {
        this.#shape = "plain";
      }
      this.#openFields(object, at);
      return;
    }
    this.#shape = "special";
    switch (kind) {
      case "refused":
        throw new MessageRefused(this.#path(at), whatIs(object));
      case "map": {
        let index = 0;
        for (const [key, value] of object as Map<unknown, unknown>) {
          this.#visit(key, at, `${noKey}<key ${index}>`);
          this.#visit(value, at, `${noKey}<${typeof key === "string" ? JSON.stringify(key) : `value ${index}`}>`);
          index++;
        }
        return;
      }
      case "set": {
        let index = 0;
        for (const value of object as Set<unknown>) {
          this.#visit(value, at, `${noKey}<${index++}>`);
        }
        return;
      }
      case "error":
        for (const field of ["cause", "errors"]) {
          if (Object.hasOwn(object, field)) {
            this.#visit(this.#read(object, field, at), at, field);
          }
        }
        this.#read(object, "stack", at);
        this.#openFields(object, at);
        return;
      case "view":
      case "buffer":
        this.#refuseDetached(object, at);
        return;
      case "date":
      case "regexp":
      case "ref":
        return;
    }
  }

  #openFields(object: object, at: number): void {
    if (Array.isArray(object)) {
      for (let i = 0; i < object.length; i++) {
        this.#visit(this.#read(object, i, at), at, i);
      }
      return;
    }
    const keys = Object.keys(object);
    for (const key of keys) {
      this.#visit(this.#read(object, key, at), at, key);
    }
    if (keys.length > flatFieldsMax && this.#shape === "flat") {
      this.#shape = "plain";
    }
    for (const key of this.#isStrict ? Object.getOwnPropertySymbols(object) : []) {
      if (Object.prototype.propertyIsEnumerable.call(object, key)) {
        throw new MessageRefused(this.#pathOf(at, `${noKey}[${String(key)}]`), "has a symbol for a key");
      }
    }
  }

  /** Reads a field, which may be a getter of the user's. */
  #read(object: object, key: string | number, at: number): unknown {
    try {
      return (object as Record<string | number, unknown>)[key];
    } catch (error) {
      throw new MessageRefused(this.#pathOf(at, key), `cannot be read: ${String(error)}`, { cause: error });
    }
  }

  #refuseDetached(object: object, at: number): void {
    const buffer = ArrayBuffer.isView(object) ? object.buffer : object;
    if (types.isArrayBuffer(buffer) && buffer.detached) {
      throw new MessageRefused(this.#path(at), "is detached: its bytes were transferred before");
    }
  }

  #pathOf(parent: number, step: string | number): string {
    return parent < 0 ? String(step) : this.#path(parent) + pathStep(step);
  }

  #path(at: number): string {
    const steps: string[] = [];
    for (let i = at; i > 0; i = this.#parents[i] as number) {
      steps.push(pathStep(this.#steps[i] as string | number));
    }
    steps.reverse();
    if (steps.length > pathStepsMax) {
      steps.splice(pathStepsMax / 2, steps.length - pathStepsMax, "…");
    }
    return `message${steps.join("")}`;
  }
}

/** Steps of a path that are shown; the middle of a longer one is left out. */
const pathStepsMax = 32;
/** Marks a step that is no key of an object, such as an entry of a Map, and is shown as it is. */
const noKey = "\u0000";
const identifier = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;

function pathStep(step: string | number): string {
  if (typeof step === "number") {
    return `[${step}]`;
  }
  if (step.startsWith(noKey)) {
    return step.slice(noKey.length);
  }
  return identifier.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

function whatIs(object: object): string {
  if (types.isSharedArrayBuffer(object) || (ArrayBuffer.isView(object) && types.isSharedArrayBuffer(object.buffer))) {
    return "is shared memory";
  }
  if (isAnyRef(object)) return "is a ref that would mean nobody there: one of another system, or one for a store";
  const name: unknown = Object.getPrototypeOf(object)?.constructor?.name;
  return `is an instance of ${typeof name === "string" && name !== "" ? name : "an unnamed class"}`;
}

/** How many prototypes an object has above it; counting stops at five, as no built-in has more than four. */
function classDepth(value: object): number {
  let depth = 0;
  for (let at: unknown = Object.getPrototypeOf(value); at !== null && depth < 5; at = Object.getPrototypeOf(at)) {
    depth++;
  }
  return depth;
}

/** With one prototype or none: made by a literal, `Object.create(null)` or a parser, of any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.hasOwn(prototype as object, "isPrototypeOf");
}

/** Plain, and of no class: most are of this realm, which one look tells. */
function isLiteral(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype || (classDepth(value) <= 1 && isPlain(value));
}

function isDomException(value: object): boolean {
  return typeof DOMException === "function" && value instanceof DOMException;
}

/**
 * Freezes the plain objects and arrays of a message, all the way down. Map, Set, binary data, errors and refs, and what
 * is inside them, stay as they are; so does everything below an object that was frozen before. Returns its argument.
 */
export function freezeMessage<T>(value: T): T {
  if (typeof value !== "object" || value === null) {
    return value;
  }
  // Most messages have no objects in them.
  let open: object[] | undefined;
  for (let object: object | undefined = value; object !== undefined; object = open?.pop()) {
    const isArray = Array.isArray(object);
    if (Object.isFrozen(object) || !(isArray || isLiteral(object))) {
      continue;
    }
    // Frozen before it is opened, so that a cycle comes back to something frozen.
    Object.freeze(object);
    if (isArray) {
      for (const element of object as unknown[]) {
        if (typeof element === "object" && element !== null) {
          open ??= [];
          open.push(element);
        }
      }
    } else {
      for (const key in object) {
        const field = (object as Record<string, unknown>)[key];
        if (typeof field === "object" && field !== null) {
          open ??= [];
          open.push(field);
        }
      }
    }
  }
  return value;
}
