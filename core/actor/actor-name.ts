/** What may be the name of an actor. */
import { describe, RuntimeError } from "../errors.ts";

/** Longest name, in UTF-16 units. */
const nameLengthMax = 256;

export function isActorName(name: unknown): boolean {
  return typeof name === "string" && name !== "" && name !== "undefined" && name.length <= nameLengthMax;
}

/** @throws RuntimeError `bad_argument`. */
export function assertName(name: unknown, verb: string): void {
  if (!isActorName(name)) {
    throw new RuntimeError(
      "bad_argument",
      `${verb} wants a name of 1 to ${nameLengthMax} characters other than "undefined", got ${describe(name)}`,
    );
  }
}
