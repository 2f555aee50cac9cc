/** What the error output of a process is taken for: V8's last words, or the program's own. */
import { PassThrough } from "node:stream";
import { afterEach, beforeEach, expect, jest, test } from "@jest/globals";
import { ErrorOutput, isHeapFull } from "../../../core/process/error-output.ts";

let shown: string;

beforeEach(() => {
  shown = "";
  jest.spyOn(process.stderr, "write").mockImplementation((text) => {
    shown += String(text);
    return true;
  });
});

afterEach(() => void jest.restoreAllMocks());

const words = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n";
const nativeStack = "----- Native stack trace -----\n\n 1: 0x840e50  [node]\n";
const full = `${words}${nativeStack}`;
const javaScriptStack = "\n----- JavaScript stack trace -----\n\n1: file:///a.mjs:2:144\n";

function outputOf(...pieces: readonly string[]): ErrorOutput {
  const stream = new PassThrough();
  const output = new ErrorOutput(stream);
  for (const piece of pieces) stream.emit("data", piece);
  return output;
}

test("last words are kept for the verdict, and not shown", () => {
  expect(isHeapFull(outputOf("<--- Last few GCs --->\n", full).lastWords("SIGABRT"))).toBe(true);
  expect(shown).toBe("");
});

test("last words that were shown, since there were too many, count for the verdict all the same", () => {
  const output = outputOf("<--- Last few GCs --->\n", "[1:0x1] Mark-Compact\n".repeat(1_000), full);
  expect(shown).toMatch(/^<--- Last few GCs --->/);
  expect(isHeapFull(output.lastWords("SIGABRT"))).toBe(true);
});

test("what only looks like last words is shown when the process ends by itself", () => {
  const output = outputOf("before\n", full);
  expect(output.lastWords(null)).toBeUndefined();
  expect(shown).toBe(`before\n${full}`);
});

test.each([
  ["as V8 says it", full, true],
  ["with a report", `${words}\nWriting Node.js report to file: r.json\nNode.js report completed\n${nativeStack}`, true],
  [
    "with a stack, below the frame of Node's own",
    `${full} 2: node::OOMErrorHandler(char const*)\n${javaScriptStack}`,
    true,
  ],
  ["printed before an abort on request", `${full}${javaScriptStack}`, false],
  ["printed a while before", `${words}and more\n${nativeStack}`, false],
  ["printed before another fatal error", `${full}FATAL ERROR: v8::ToLocalChecked\n${nativeStack}`, false],
  ["printed, and no abort of Node's", words, false],
])("a full heap is told by V8's words right before the abort: %s", (_title, text, isFull) => {
  expect(isHeapFull(outputOf(text).lastWords("SIGABRT"))).toBe(isFull);
});
