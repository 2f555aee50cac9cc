/**
 * The error codes: one table in the code, one on the page, and what the rooms throw.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { errorCodes } from "../core/errors.ts";
import { packageRoot } from "./support/package-root.ts";
import { readSources } from "./support/sources.ts";

/** The rows of the table under "## Error codes" in core/README.md, as cells. */
function documentedRows(): string[][] {
  const page = readFileSync(join(packageRoot, "core/README.md"), "utf8");
  const section = page.split(/^## /m).find((text) => text.startsWith("Error codes\n")) ?? "";
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const code = (row: readonly string[]) => String(row[0]).replaceAll("`", "");

test("every error code stands on the page of core, and every one there exists", () => {
  expect(documentedRows().map(code).sort()).toEqual(Object.keys(errorCodes).sort());
});

test("each has a cause and a remedy on that page", () => {
  expect(documentedRows().filter((row) => row.length !== 3 || row.some((cell) => cell.length < 3))).toEqual([]);
});

test("each has one line in the code, and its name is in snake case", () => {
  for (const [name, line] of Object.entries(errorCodes)) {
    expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/);
    expect(line).toMatch(/^\S[^\n]{9,}$/);
  }
});

test("no room of the runtime throws a code that is not in the table", () => {
  const shipped = [...readSources()].filter(([file]) => !/^(?:test|benchmarks|examples|cli)\//.test(file));
  const thrown = shipped.flatMap(([file, source]) =>
    [...source.matchAll(/\bnew RuntimeError\(\s*"([^"]*)"/g)].map((match) => ({ file, code: String(match[1]) })),
  );
  expect(thrown.length).toBeGreaterThan(0);
  expect(thrown.filter((use) => !Object.hasOwn(errorCodes, use.code))).toEqual([]);
});
