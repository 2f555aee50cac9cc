/** What `defineActor` and `defineServer` are given, checked where it is written and not by a crash at the first message. */
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import type { BehaviourOptions } from "./behaviour.ts";

const optionKeys: readonly (keyof BehaviourOptions)[] = [
  "name",
  "module",
  "mailboxCapacity",
  "mailboxPolicy",
  "turnLimitMs",
  "budget",
  "taskConcurrency",
  "declaration",
  "configuration",
];

/**
 * @param handlers keys that hold a function, or nothing
 * @param tables keys that hold an object of functions, or nothing
 * @throws RuntimeError `bad_argument`: no object, an unknown key, a handler that is no function.
 */
export function assertDefinition(
  verb: string,
  definition: unknown,
  handlers: readonly string[],
  tables: readonly string[] = [],
): void {
  assertKeys(verb, definition, [...handlers, ...tables, ...optionKeys]);
  const parts = definition as Readonly<Record<string, unknown>>; // it is an object
  for (const key of handlers) {
    if (parts[key] !== undefined) assertHandler(verb, key, parts[key]);
  }
  for (const key of tables) {
    const table = parts[key];
    if (table === undefined) continue;
    if (typeof table !== "object" || table === null || Array.isArray(table))
      throw new RuntimeError(
        "bad_argument",
        `${verb}: ${key} is an object of functions by name, got ${describe(table)}`,
      );
    for (const [name, handler] of Object.entries(table)) assertHandler(verb, `${key}.${name}`, handler);
  }
}

export function assertHandler(verb: string, key: string, value: unknown): void {
  if (typeof value !== "function")
    throw new RuntimeError("bad_argument", `${verb}: ${key} is a function, got ${describe(value)}`);
}
