/** Errors as data: what is kept of them. */
import { expect, test } from "@jest/globals";
import { errorData, errorTextMax } from "../../core/errors.ts";

const long = "x".repeat(errorTextMax + 1);
const kept = expect.stringMatching(/^x+…\[cut: 16385 characters\]…x+$/) as unknown;

test.each(["name", "message", "code", "stack"] as const)("a %s beyond the bound says how long it was", (key) => {
  const data = errorData({ name: "Error", message: "short", code: "short", stack: "short", [key]: long });
  expect(data[key]).toEqual(kept);
  expect(data[key]).toHaveLength(errorTextMax);
});

test("so does a text of its causes", () => {
  const data = errorData(new Error("short", { cause: new Error("short", { cause: new Error(long) }) }));
  expect(data.cause).toMatchObject({ message: "short", cause: { message: kept } });
});

test("a text that has just the length of the bound is kept as it is, and one that was cut is cut once", () => {
  const message = "x".repeat(errorTextMax);
  expect(errorData({ message }).message).toBe(message);
  const once = errorData({ message: long });
  expect(errorData(once)).toEqual(once);
});
