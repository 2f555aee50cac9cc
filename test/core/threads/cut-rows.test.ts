/** The tables of cuts in core/thread/README.md, and one demand on the sources. No actors run here. */
import { expect, test } from "@jest/globals";
import { missing, readTables } from "../../support/fault-page.ts";
import { readSources } from "../../support/sources.ts";

const rows = readTables("core/thread/README.md", "## Cuts, row by row");

test("every row of the tables names a test, and every test that it names is there", () => {
  expect(rows.length).toBeGreaterThan(30);
  const bare = rows.filter((cells) => cells.every(({ tests }) => tests.length === 0));
  expect(bare.map(([what]) => what?.text)).toEqual([]);
  expect(missing(rows.flatMap((cells) => cells.flatMap(({ tests }) => tests)))).toEqual([]);
});

test("no supervisor and no part of the kernel is an async function", () => {
  // What programs see of a supervisor is no actor, nor is what makes data of their specs before one is started.
  const outside = new Set(["handle", "child-spec", "flags"].map((name) => `supervisors/${name}.ts`));
  const synchronous = [...readSources()].filter(
    ([file]) => /^(?:supervisors|core\/kernel)\//.test(file) && !outside.has(file),
  );
  expect(synchronous.length).toBeGreaterThan(40);
  const isAsync = /\bawait [\w(]|\basync (?:function\b|\w*\(|\w+ =>|#?\w+\()/;
  const withoutComments = (source: string) => source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
  expect(synchronous.filter(([, source]) => isAsync.test(withoutComments(source))).map(([file]) => file)).toEqual([]);
});
