/**
 * The error codes: one table, and what the rooms throw.
 */
import { expect, test } from "@jest/globals";
import { errorCodes } from "../core/errors.ts";
import { readSources } from "./support/sources.ts";

test("each has one line in the code, and its name is in snake case", () => {
  for (const [name, line] of Object.entries(errorCodes)) {
    expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(line).toMatch(/^\S[^\n]{9,}$/);
  }
});

test("no room throws a code that is not in the table", () => {
  const shipped = [...readSources()].filter(([file]) => !/^(?:test|benchmarks|examples)\//.test(file));
  const thrown = shipped.flatMap(([file, source]) =>
    [...source.matchAll(/\bnew RuntimeError\(\s*"([^"]*)"/g)].map((match) => ({ file, code: String(match[1]) })),
  );
  expect(thrown.length).toBeGreaterThan(0);
  expect(thrown.filter((use) => !Object.hasOwn(errorCodes, use.code))).toEqual([]);
});
