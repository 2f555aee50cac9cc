/**
 * The table of the longer suites, held against the files in test/stress/.
 */
import { posix } from "node:path";
import { expect, test } from "@jest/globals";
import { suites } from "./stress/suites.ts";
import { importsOf } from "./support/imports.ts";
import { readSources } from "./support/sources.ts";

const folder = "test/stress";
const files = new Map([...readSources()].filter(([file]) => file.startsWith(`${folder}/`)));

test("every suite in the table has a file, a claim and a time limit, and together they fit into 58 minutes", () => {
  for (const { name, claim, limitMs } of suites) {
    expect(files.has(`${folder}/${name}.ts`) ? name : `${name} has no file`).toBe(name);
    expect(claim).toMatch(/^\S.{9,}/);
    expect(limitMs).toBeGreaterThan(0);
  }
  expect(suites.reduce((sum, { limitMs }) => sum + limitMs, 0)).toBeLessThanOrEqual(58 * 60_000);
});

test("every file in the folder is a suite of the table or used by one", () => {
  const used = new Set<string>();
  const visit = (file: string) => {
    const source = files.get(file);
    if (source === undefined || used.has(file)) return;
    used.add(file);
    for (const { specifier } of importsOf(source)) {
      visit(posix.join(posix.dirname(file), specifier.replace(/\.js$/, ".ts"))); // a worker is named by its built file
    }
  };
  visit(`${folder}/run.ts`);
  for (const { name } of suites) visit(`${folder}/${name}.ts`);
  expect([...files.keys()].filter((file) => !used.has(file))).toEqual([]);
});
