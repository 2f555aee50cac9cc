/**
 * What of a configuration is shown to nobody but its actor: the values that stand at marked paths.
 *
 * In copies for others, and where a value is said with its path, the mark goes by the path. In texts that somebody else has
 * made (a schema's words, an error of the actor's code, its state in a crash report) the values themselves are looked for, by
 * what they were in any source so far: those of four characters and more, since less stands in every text.
 */
import { types } from "node:util";
import type { ErrorData } from "../errors.ts";
import { objectKind } from "../thread/message-check.ts";

/** Where a value stands: the keys that lead to it. A key may have dots in it. */
export type Path = readonly string[];

/** What is seen in a secret's place. */
export const hiddenMark = "[secret]";
const textLengthMin = 4;
/** Former values are looked for as well, of which there may be many: the oldest are forgotten. */
const textsMax = 256;

export class Secrets {
  readonly #paths: readonly Path[];
  /** The values, and the lines of those that have several, oldest first. */
  readonly #texts = new Set<string>();

  /** @param paths with dots between their keys; all below one is a secret too */
  constructor(paths: readonly string[] = []) {
    this.#paths = paths.map((path) => path.split("."));
  }

  get isEmpty(): boolean {
    return this.#paths.length === 0;
  }

  /** Whether what stands there is a secret, or a part of one. */
  hides(path: Path): boolean {
    return this.#paths.some((secret) => isWithin(path, secret));
  }

  /** Notes the values that a source, or what the schema has made, has at the marked paths. */
  learn(data: unknown): void {
    for (const path of this.#paths) this.#learn(valueAt(data, path), new Set());
    for (const text of this.#texts) {
      if (this.#texts.size <= textsMax) break;
      this.#texts.delete(text);
    }
  }

  #learn(value: unknown, seen: Set<object>): void {
    if (typeof value === "object" && value !== null) {
      if (seen.has(value)) return;
      seen.add(value);
      for (const part of types.isMap(value) ? value.values() : Object.values(value)) this.#learn(part, seen);
    } else if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
      const text = String(value);
      for (const piece of [text, ...text.split(/\r?\n/)]) {
        const told = piece.trim();
        if (told.length < textLengthMin) continue;
        this.#texts.delete(told);
        this.#texts.add(told);
      }
    }
  }

  /** A copy of data as far as something in it is hidden. @param at where it stands itself */
  masked<T>(data: T, at: Path = []): T {
    let shown: unknown = data;
    for (const path of this.#paths) {
      if (isWithin(at, path)) return hiddenMark as T; // what else there was is not to be seen
      if (isWithin(path, at)) shown = withMark(shown, path.slice(at.length));
    }
    return shown as T;
  }

  /** A text in which no value of a secret stands. */
  hidden(text: string): string {
    let shown = text;
    for (const secret of [...this.#texts].sort((a, b) => b.length - a.length))
      if (shown.includes(secret)) shown = shown.replaceAll(secret, hiddenMark);
    return shown;
  }

  /** The same of all texts in a value, as far as plain data goes; the value itself stays as it is. */
  hiddenIn(value: unknown, seen = new Map<object, unknown>()): unknown {
    if (typeof value === "string") return this.hidden(value);
    if (typeof value !== "object" || value === null) return value;
    const known = seen.get(value);
    if (known !== undefined) return known;
    const kind = objectKind(value, () => false);
    if (kind === "array") {
      const list: unknown[] = [];
      seen.set(value, list);
      for (const element of value as readonly unknown[]) list.push(this.hiddenIn(element, seen));
      return list;
    }
    if (kind === "map") {
      const map = new Map<unknown, unknown>();
      seen.set(value, map);
      for (const [key, part] of value as Map<unknown, unknown>)
        map.set(this.hiddenIn(key, seen), this.hiddenIn(part, seen));
      return map;
    }
    if (kind === "set") {
      const set = new Set<unknown>();
      seen.set(value, set);
      for (const part of value as Set<unknown>) set.add(this.hiddenIn(part, seen));
      return set;
    }
    if (kind !== "object") return value;
    const object: Record<string, unknown> = {};
    seen.set(value, object);
    for (const [key, part] of Object.entries(value)) object[key] = this.hiddenIn(part, seen);
    return object;
  }

  /** An error's texts, and those of its causes. */
  hiddenInError(error: ErrorData): ErrorData {
    const { name, message, code, stack, cause } = error;
    return {
      ...error,
      name: this.hidden(name),
      message: this.hidden(message),
      ...(code !== undefined && { code: this.hidden(code) }),
      ...(stack !== undefined && { stack: this.hidden(stack) }),
      ...(cause !== undefined && { cause: typeof cause === "string" ? this.hidden(cause) : this.hiddenInError(cause) }),
    };
  }
}

/** Whether a path leads to a value, or to a part of it. */
export function isWithin(path: Path, whole: Path): boolean {
  return whole.every((key, n) => path[n] === key);
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

/** With the mark at that path, where there is something. */
function withMark(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return value === undefined ? value : hiddenMark;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return value;
  const part = (value as Readonly<Record<string, unknown>>)[key];
  if (Array.isArray(value))
    return value.map((element: unknown, n) => (String(n) === key ? withMark(part, rest) : element));
  return { ...value, [key]: withMark(part, rest) };
}
