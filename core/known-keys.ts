/**
 * Objects of options and definitions, looked at where they are handed over: one that is none, or that has a key nobody
 * reads, is a slip of whoever wrote it, and is told there and not by a default that silently holds.
 */
import { describe, RuntimeError } from "./errors.ts";

/** @throws RuntimeError `bad_argument` unless it is an object whose own keys are all known. */
export function assertKeys(who: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new RuntimeError("bad_argument", `${who} wants an object with ${known.join(", ")}, got ${describe(value)}`);
  }
  // Not by `Object.keys`, which makes a list: a spawn comes by here.
  for (const key in value) {
    if (!known.includes(key) && Object.hasOwn(value, key))
      throw new RuntimeError("bad_argument", `${who}: there is no "${key}"; it takes ${known.join(", ")}`);
  }
}
