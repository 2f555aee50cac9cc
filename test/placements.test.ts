/** Suites of semantics run in every placement, or say in the first line of their header why not. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { placeNames } from "../testing/index.ts";
import { placesOf, placesVariable } from "./support/describe-placements.ts";
import { packageRoot } from "./support/package-root.ts";

const textOf = (file: string) => readFileSync(join(packageRoot, "test", file), "utf8");

const folders = ["actors", "core/semantics", "otp", "supervisors"];

/** Faults are semantics as well, but not all of their folder. */
const faults = ["testing/fault-injector.test.ts", "testing/message-faults.test.ts"];

/** Whatever else runs in every placement, wherever it is; the kit's own suites run in every place every time. */
const others = (readdirSync(join(packageRoot, "test"), { recursive: true }) as string[]).filter(
  (file) => file.endsWith(".test.ts") && textOf(file).includes('support/describe-placements.ts"'),
);

/** `cases.test.ts` judges a list, and runs no actor. */
const suites = folders
  .flatMap((folder) =>
    readdirSync(join(packageRoot, "test", folder))
      .filter((file) => file.endsWith(".test.ts") && file !== "cases.test.ts")
      .map((file) => join(folder, file)),
  )
  .concat(faults);

/** A call that begins a statement; a word in a comment is none. */
const isPlaced = (text: string) => /^\s*describePlacements\(/m.test(text);
const saysWhyNot = (text: string) => /^\/\*\*\s*.*\bNot in every placement: \S/.test(text);

test("the suites are found", () => {
  for (const folder of folders) {
    // The one folder that has just begun.
    const atLeast = folder === "actors" ? 1 : 6;
    expect(suites.filter((file) => file.startsWith(folder)).length).toBeGreaterThanOrEqual(atLeast);
  }
});

test.each(suites)("%s runs in every placement, or says why not", (file) => {
  const text = textOf(file);
  expect(isPlaced(text) || saysWhyNot(text)).toBe(true);
});

test("every suite that runs in every placement is run by `npm run test:isolated`", async () => {
  const { default: isolated } = await import("../jest.isolated.config.ts");
  const { longSuites } = await import("../jest.config.ts");
  const placed = [...new Set([...suites, ...others])].filter((file) => isPlaced(textOf(file)));
  for (const file of placed) expect(textOf(file)).toContain('support/describe-placements.ts"');
  const run = [...placed.sort(), ...longSuites.map((suite) => `${suite}.test.ts`)];
  expect(isolated.testMatch).toEqual(run.map((file) => `<rootDir>/test/${file.replace(/\.ts$/, ".js")}`));
  expect(process.env[placesVariable]).toBe("isolated");
});

test.each(["S1 Turns", "S5 Names, calls, timers", "S21 Durable topics"])(
  "%s: the two runs together leave out no place",
  (title) => {
    expect(new Set([...placesOf(title, undefined), ...placesOf(title, "isolated")])).toEqual(new Set(placeNames));
  },
);

test.each([
  ["/** A suite. */\ndescribePlacements(", true, false],
  ["/** A suite without describePlacements( */", false, false],
  ["/** A suite. Not in every placement: why. */", false, true],
  ["/**\n * Not in every placement: why.\n */", false, true],
  ["/**\n * A suite.\n * Not in every placement: why.\n */", false, false],
  ["/** Not in every placement: */", false, true],
])("what counts: %j", (text, placed, why) => {
  expect([isPlaced(text), saysWhyNot(text)]).toEqual([placed, why]);
});
