/**
 * The list of cases of the suites that our semantics come from, and what is wrong with a run against it.
 *
 * `test/otp/cases.json` names every case: OTP's own by their names, the others by short names of ours. A case that applies
 * is one test (or one in each place) inside `describe(suite)`, with the title `name: claim`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "./package-root.ts";

export interface OtpCase {
  /** The suite that it comes from; OTP's have OTP's names. */
  readonly suite: string;
  readonly name: string;
  /** What it claims, in our words. */
  readonly claim: string;
  readonly applies: boolean;
  /** Why it does not apply. */
  readonly reason?: string;
  /** What has to be there for it to apply one day. */
  readonly later?: string;
}

/** One test as it ran, or as it stands in a file. */
export interface NamedTest {
  readonly suite: string;
  readonly title: string;
  /** False: skipped, left out by another test's `only`, or to be done. */
  readonly ran: boolean;
}

const folder = join(packageRoot, "test", "otp");

export function readCases(): readonly OtpCase[] {
  return JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) as OtpCase[];
}

/** Names of the test files that hold the cases, without extension. */
export function caseFiles(): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts") && name !== "cases.test.ts")
    .map((name) => name.slice(0, -".ts".length))
    .sort();
}

/** Every difference between the list and the tests, one line each. */
export function differences(cases: readonly OtpCase[], tests: readonly NamedTest[]): string[] {
  const found: string[] = [];
  const byTitle = new Map(cases.map((entry) => [`${entry.suite} > ${entry.name}: ${entry.claim}`, entry]));
  const ran = new Map<string, boolean>();
  for (const { suite, title, ran: didRun } of tests) {
    const key = `${suite} > ${title}`;
    const entry = byTitle.get(key);
    if (entry === undefined) found.push(`no such case: ${key}`);
    else if (!entry.applies) found.push(`said not to apply, but tested: ${key}`);
    ran.set(key, (ran.get(key) ?? true) && didRun);
  }
  for (const [key, entry] of byTitle) {
    if (!entry.applies) continue;
    const didRun = ran.get(key);
    if (didRun === undefined) found.push(`not tested: ${key}`);
    else if (!didRun) found.push(`did not run: ${key}`);
  }
  return found;
}
