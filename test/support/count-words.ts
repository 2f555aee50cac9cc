/** `wc` by another way than the demo's: whole texts, decoded, split by a pattern. For tests to hold sums against. */
import { readFileSync } from "node:fs";

export interface WordCount {
  readonly lines: number;
  readonly words: number;
  readonly bytes: number;
}

/** What GNU wc parts words by in a UTF-8 locale. */
const space = /[\t-\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u2060\u3000]+/u;

export function countBytes(bytes: Buffer): WordCount {
  const text = bytes.toString("utf8");
  return {
    lines: text.split("\n").length - 1,
    words: text.split(space).filter((word) => word !== "").length,
    bytes: bytes.length,
  };
}

/** The sums over all files, and their number. */
export function countFiles(paths: readonly string[]): WordCount & { readonly files: number } {
  const sums = { files: paths.length, lines: 0, words: 0, bytes: 0 };
  for (const path of paths) {
    const { lines, words, bytes } = countBytes(readFileSync(path));
    sums.lines += lines;
    sums.words += words;
    sums.bytes += bytes;
  }
  return sums;
}
