/** What JSON has no form for, as `mofa inspect --json` and `mofa events --json` have it. */
import { expect, test } from "@jest/globals";
import { jsonText, tellable } from "../../../cli/attach/json-text.ts";

const told = (value: unknown): unknown => JSON.parse(jsonText(value));

test("numbers, maps, sets and bytes are told in another form", () => {
  expect(told({ big: 5n, nan: Number.NaN, far: -Infinity, at: new Date(0) })).toEqual({
    big: "5n",
    nan: "NaN",
    far: "-Infinity",
    at: "1970-01-01T00:00:00.000Z",
  });
  expect(told([new Map([["a", new Set([1n])]]), new Map([[{ a: 1 }, 2]])])).toEqual([{ a: ["1n"] }, [[{ a: 1 }, 2]]]);
  expect(told([new Uint8Array([1, 2]), new Uint8Array([3]).buffer])).toEqual([[1, 2], [3]]);
});

test("an error has its name, message, code and cause", () => {
  const error = Object.assign(new TypeError("outer", { cause: new Error("inner") }), { code: "noproc" });
  const cause = { name: "Error", message: "inner" };
  expect(told({ error })).toMatchObject({ error: { name: "TypeError", message: "outer", code: "noproc", cause } });
});

test("what stands in itself is told once, and what stands twice is told twice", () => {
  const twice = { a: 1 };
  const outer: Record<string, unknown> = { first: twice, second: [twice] };
  outer["map"] = new Map([["outer", outer]]);
  expect(told(outer)).toEqual({ first: twice, second: [twice], map: { outer: "[circular]" } });
});

test("what is nested too deeply is told as a short text, and what is nothing as nothing", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 100_000; level++) deep = { deep };
  expect(tellable(deep)).toMatch(/^cannot be told: /);
  expect([tellable(undefined), tellable({ many: 5n })]).toEqual([undefined, { many: "5n" }]);
});
