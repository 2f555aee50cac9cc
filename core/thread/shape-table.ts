/**
 * The shapes of objects, learnt by an encoder and told to its decoder.
 *
 * The encoder walks an object's keys through a tree of known shapes while it writes the values, so it needs to know
 * nothing about an object in advance. Each node remembers the step that was taken last, so for objects that come in
 * the same few shapes a step is one comparison of pointers. A list of keys becomes a shape when it is met a second
 * time, so that objects used as dictionaries do not fill the table; it is full for good at its bound.
 *
 * The nodes also carry what is known about the values that stand under them: the text that was written last.
 */
import { tableBounds } from "./wire-tag.ts";

/** A place in a message: under these keys, at this key. */
export class Place {
  /** Key of the step that was taken last, and where it leads. */
  key: string | undefined = undefined;
  next: Place;
  /** All steps, once there is more than one. */
  steps: Map<string, Place> | undefined = undefined;
  /** Number of the shape whose keys end here, -1: none does. */
  shape = -1;
  /** The known text that was last written here, and its number. */
  text: string | undefined = undefined;
  textNumber = 0;
  /** Counts up with each text here that is not known, down with each that is. */
  strangers = 0;
  #entry: Place | undefined;
  readonly #lost: Place;

  constructor(lost?: Place) {
    this.#lost = lost ?? this;
    this.next = this.#lost;
  }

  /** Where `key` leads from here; a place without shape or steps if no known shape goes on like that. */
  step(key: string): Place {
    const next = this.steps?.get(key);
    if (next === undefined) {
      return this.#lost;
    }
    this.key = key;
    this.next = next;
    return next;
  }

  /** As `step`, and makes the way if there is none. */
  open(key: string): Place {
    if (this.key === key) {
      return this.next;
    }
    const known = this.steps?.get(key);
    if (known !== undefined) {
      return known;
    }
    const next = new Place(this.#lost);
    if (this.key === undefined && this.steps === undefined) {
      this.key = key;
      this.next = next;
    } else {
      this.steps ??= new Map([[this.key as string, this.next]]);
      this.steps.set(key, next);
    }
    return next;
  }

  /** Where an object that stands here begins: the root's steps with a memory of its own. */
  entry(root: Place): Place {
    let entry = this.#entry;
    if (entry === undefined) {
      entry = new Place(this.#lost);
      entry.steps = root.steps;
      entry.shape = root.shape;
      if (this !== this.#lost) {
        this.#entry = entry;
      }
    }
    return entry;
  }
}

export class ShapeTable {
  readonly lost = new Place();
  readonly root = new Place(this.lost);
  /** The keys of each shape, by its number. */
  readonly shapes: (readonly string[])[] = [];
  #candidates = new Set<string>();

  constructor() {
    this.root.steps = new Map();
    this.lost.strangers = Number.POSITIVE_INFINITY;
  }

  /** The number of the shape with these keys, new if they are met for the second time; -1: write them out. */
  learn(keys: readonly string[]): number {
    const { shapesMax, shapeKeysMax, shapeCharsMax, candidatesMax } = tableBounds;
    if (keys.length === 0 || keys.length > shapeKeysMax || this.shapes.length >= shapesMax) {
      return -1;
    }
    const joined = keys.join("\u0000");
    if (joined.length > shapeCharsMax) {
      return -1;
    }
    if (!this.#candidates.delete(joined)) {
      if (this.#candidates.size >= candidatesMax) {
        this.#candidates.clear();
      }
      this.#candidates.add(joined);
      return -1;
    }
    let place = this.root;
    for (const key of keys) {
      place = place.open(key);
    }
    place.shape = this.shapes.push(keys) - 1;
    return place.shape;
  }
}

/** What a shape's reader needs of a decoder. */
export interface ValueSource {
  value(): unknown;
}

/** Uses after which a reader is compiled: an object literal with all keys is far faster than a loop, but costs once. */
const compileAfterUses = 8;

/** The decoder's side of a shape: makes objects of it. */
export class ShapeReader {
  readonly #keys: readonly string[];
  #uses = 0;
  #make: ((source: ValueSource) => unknown) | undefined;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  read(source: ValueSource): unknown {
    if (this.#make !== undefined) {
      return this.#make(source);
    }
    if (this.#uses++ === compileAfterUses) {
      this.#make = compileMaker(this.#keys);
    }
    const object: Record<string, unknown> = {};
    for (const key of this.#keys) {
      setField(object, key, source.value());
    }
    return object;
  }
}

/** Undefined where the process forbids code from strings: then the loop stays. */
function compileMaker(keys: readonly string[]): ((source: ValueSource) => unknown) | undefined {
  // A computed key, since `__proto__: x` in a literal would set the prototype.
  const fields = keys.map((key) => `${key === "__proto__" ? '["__proto__"]' : JSON.stringify(key)}: s.value()`);
  try {
    // Keys are quoted by JSON.stringify, so nothing of a message is run.
    // oxlint-disable-next-line typescript/no-implied-eval
    return new Function("s", `return {${fields.join(",")}};`) as (source: ValueSource) => unknown;
  } catch (error) {
    if ((error as Error).name === "EvalError") {
      return undefined;
    }
    throw error;
  }
}

/** Sets an own field whatever its key: `__proto__` would otherwise set the prototype. */
export function setField(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    object[key] = value;
  }
}
