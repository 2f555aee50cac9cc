/**
 * The language's own parts in a thread, which all its actors and the kernel share: whether they are what they were.
 *
 * Programs may replace them (polyfills do), so nothing is frozen, and nobody looks while the kernel works. Where it has failed
 * it must be known whether it would fail again and again: then the thread is worth nothing.
 */

// Taken now: a program may replace these, too.
const { create, getOwnPropertyDescriptor, getPrototypeOf, is, setPrototypeOf } = Object;
const { ownKeys } = Reflect;
const text = String;

/** Looked at with their prototypes. Not `Error`: programs say by it how stacks are made. */
const names = [
  ...["Object", "Function", "Array", "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "Promise", "Symbol", "Iterator"],
  ...["String", "Number", "BigInt", "Date", "RegExp", "Math", "JSON", "Reflect", "Atomics"],
  ...["ArrayBuffer", "SharedArrayBuffer", "DataView", "Uint8Array", "Int32Array", "Float64Array"],
] as const;

interface Part {
  readonly name: string;
  readonly owner: object;
  readonly keys: readonly (string | symbol)[];
  readonly was: Readonly<Record<string | symbol, PropertyDescriptor>>;
}

/** Takes down how they are now. Returns what says which of them was replaced since; undefined: none. It runs no code of a program. */
export function watchRealm(): () => string | undefined {
  const parts = ownParts();
  return () => {
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as Part;
      const key = changedKey(part);
      if (key !== undefined) return `${part.name}: ${text(key)}`;
    }
    return undefined;
  };
}

function ownParts(): Part[] {
  const parts: Part[] = [];
  const add = (name: string, owner: object): void => {
    const keys = ownKeys(owner);
    const was = create(null) as Record<string | symbol, PropertyDescriptor>;
    for (const key of keys) was[key] = getOwnPropertyDescriptor(owner, key) as PropertyDescriptor;
    parts.push({ name, owner, keys, was });
  };
  for (const name of names) {
    const value = (globalThis as unknown as Record<string, { readonly prototype?: object } | undefined>)[name];
    if (value === undefined) continue;
    add(name, value);
    if (value.prototype !== undefined) add(`${name}.prototype`, value.prototype);
  }
  add("TypedArray.prototype", getPrototypeOf(Uint8Array.prototype) as object);
  add("the iterator of an Array", getPrototypeOf([][Symbol.iterator]()) as object);
  add("the iterator of a Map", getPrototypeOf(new Map()[Symbol.iterator]()) as object);
  return parts;
}

/** A property that is another than it was, or a setter that was added. */
function changedKey({ owner, keys, was }: Part): string | symbol | undefined {
  const keysNow = ownKeys(owner);
  for (let i = 0; i < keysNow.length; i++) {
    const key = keysNow[i] as string | symbol;
    if (was[key] === undefined && propertyOf(owner, key).set !== undefined) return key;
  }
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string | symbol;
    const before = setPrototypeOf(was[key] as PropertyDescriptor, null) as PropertyDescriptor;
    const now = propertyOf(owner, key);
    if (!is(now.value, before.value) || now.get !== before.get || now.set !== before.set) return key;
  }
  return undefined;
}

/** Without a prototype, on which others may have put what is not there. */
function propertyOf(owner: object, key: string | symbol): PropertyDescriptor {
  return setPrototypeOf(getOwnPropertyDescriptor(owner, key) ?? {}, null) as PropertyDescriptor;
}
