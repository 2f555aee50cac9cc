/**
 * The error codes: one table, and what the rooms throw.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { errorCodes } from "../core/errors.ts";
import { packageRoot } from "./support/package-root.ts";
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

test("the table in core's README has the same codes, each with cause and remedy", () => {
  const readme = readFileSync(join(packageRoot, "core", "README.md"), "utf8");
  const section = readme.slice(readme.indexOf("## Error codes"), readme.indexOf("## Decisions"));
  const rows = [...section.matchAll(/^\| `([a-z_]+)` \| (.{8,}) \| (.{4,}) \|$/gm)].map((row) => row[1]);
  expect(rows.toSorted()).toEqual(Object.keys(errorCodes).toSorted());
});
