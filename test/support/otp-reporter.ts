/**
 * A Jest reporter that holds the tests that ran against the list of cases, so that a test that was skipped, or left out
 * by another's `only`, is noticed: such a run fails. It looks at whole runs of test/otp alone.
 */
import { basename } from "node:path";
import { caseFiles, differences, type NamedTest, readCases } from "./otp-cases.ts";

/** The part of Jest's results that is read here. */
interface FileResult {
  readonly testFilePath: string;
  readonly testResults: readonly TestResult[];
}

interface TestResult {
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
}

export default class OtpReporter {
  readonly #isPart: boolean;
  #error: Error | undefined;

  constructor(config: { readonly testNamePattern?: string }) {
    this.#isPart = (config.testNamePattern ?? "") !== "";
  }

  onRunComplete(_contexts: unknown, results: { readonly testResults: readonly FileResult[] }): void {
    if (this.#isPart) return;
    const files = results.testResults.filter(({ testFilePath }) => /[\\/]test[\\/]otp[\\/]/.test(testFilePath));
    const ran = new Set(files.map(({ testFilePath }) => basename(testFilePath, ".js")));
    if (![...caseFiles(), "cases.test"].every((name) => ran.has(name))) return;
    const tests = files
      .filter(({ testFilePath }) => basename(testFilePath) !== "cases.test.js")
      .flatMap(({ testResults }) => testResults.map(namedTest));
    const found = differences(readCases(), tests);
    if (found.length === 0) return;
    this.#error = new Error(`test/otp/cases.json and the tests that ran differ:\n  ${found.join("\n  ")}`);
    process.stderr.write(`\n${this.#error.message}\n`);
  }

  getLastError(): Error | undefined {
    return this.#error;
  }
}

function namedTest(result: TestResult): NamedTest {
  return {
    suite: result.ancestorTitles[0] ?? "",
    title: result.title,
    ran: result.status === "passed" || result.status === "failed",
  };
}
