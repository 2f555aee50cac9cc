/**
 * The list of cases is complete and true: each case that applies has its test, each test its case. That the tests also
 * ran is seen to by support/otp-reporter.ts.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { caseFiles, differences, type NamedTest, type OtpCase, readCases } from "../support/otp-cases.ts";
import { packageRoot } from "../support/package-root.ts";

const cases = readCases();

describe("test/otp/cases.json", () => {
  test("names each case once, and says why one does not apply", () => {
    const keys = cases.map(({ suite, name }) => `${suite} > ${name}`);
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
    expect(cases.filter(({ applies, reason }) => applies !== (reason === undefined))).toEqual([]);
    expect(cases.filter(({ applies, later }) => applies && later !== undefined)).toEqual([]);
  });

  test("has a test for each case that applies, and no test without a case", () => {
    expect(differences(cases, caseFiles().flatMap(titlesIn))).toEqual([]);
  });
});

describe("a difference is found:", () => {
  const listed: OtpCase[] = [
    { suite: "a_SUITE", name: "one", claim: "holds", applies: true },
    { suite: "a_SUITE", name: "two", claim: "holds", applies: false, reason: "no" },
  ];
  const one: NamedTest = { suite: "a_SUITE", title: "one: holds", ran: true };

  test.each<[string, NamedTest[], string[]]>([
    ["none", [one], []],
    ["a test that is missing", [], ["not tested: a_SUITE > one: holds"]],
    ["a test that was skipped", [{ ...one, ran: false }], ["did not run: a_SUITE > one: holds"]],
    ["a test that was skipped in one place", [one, { ...one, ran: false }], ["did not run: a_SUITE > one: holds"]],
    [
      "another claim",
      [{ ...one, title: "one: may hold" }],
      ["no such case: a_SUITE > one: may hold", "not tested: a_SUITE > one: holds"],
    ],
    [
      "another suite",
      [{ ...one, suite: "b_SUITE" }],
      ["no such case: b_SUITE > one: holds", "not tested: a_SUITE > one: holds"],
    ],
    [
      "a test of what does not apply",
      [one, { ...one, title: "two: holds" }],
      ["said not to apply, but tested: a_SUITE > two: holds"],
    ],
  ])("%s", (_what, tests, expected) => {
    expect(differences(listed, tests)).toEqual(expected);
  });
});

/** The tests of a file by their titles: `describe("suite", …)` at the left margin, and below it `test("title", …)`. */
function titlesIn(file: string): NamedTest[] {
  const found: NamedTest[] = [];
  let suite = "";
  const pattern = /^describe\("(?<suite>[^"]+)"|^ +test\(\s*"(?<title>(?:[^"\\]|\\.)*)"/gm;
  for (const { groups } of readFileSync(join(packageRoot, "test", "otp", `${file}.ts`), "utf8").matchAll(pattern)) {
    if (groups?.["suite"] !== undefined) suite = groups["suite"];
    else found.push({ suite, title: (groups?.["title"] ?? "").replaceAll('\\"', '"'), ran: true });
  }
  return found;
}
