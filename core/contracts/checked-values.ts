/** Values that calls of storage have in common, checked. Each throws RuntimeError `bad_argument`. */
import { describe, RuntimeError } from "../errors.ts";

const nameLengthMax = 512;
const limitMax = 10_000;

/** A key, an id, or the name of a journal or a collection. */
export function checkedName(value: unknown, where: string, lengthMax = nameLengthMax): string {
  if (isName(value, lengthMax)) return value;
  throw new RuntimeError(
    "bad_argument",
    `${where} is a text of 1 to ${lengthMax} characters without NUL or halves of a pair, got ${describe(value)}`,
  );
}

/** Whether it may be such a one. */
export function isName(value: unknown, lengthMax = nameLengthMax): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    value.length <= lengthMax &&
    value.isWellFormed() &&
    !value.includes("\0")
  );
}

/** How many of something are asked for at most. */
export function checkedLimit(limit: unknown, where: string, key = "limit"): number {
  if (typeof limit === "number" && Number.isInteger(limit) && limit >= 1 && limit <= limitMax) return limit;
  throw wrong(where, `${key} is a whole number from 1 to ${limitMax}`, limit);
}

export function optionalCount(value: unknown, where: string, key: string): number | undefined {
  return value === undefined ? undefined : checkedCount(value, where, key);
}

export function checkedCount(value: unknown, where: string, key: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw wrong(where, `${key} is a whole number from 0`, value);
}

export function wrong(where: string, what: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `${where}: ${what}, got ${describe(got)}`);
}
