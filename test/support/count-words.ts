/**
 * `wc` by another way than the demo's: whole texts, decoded, split by a pattern. For tests to hold sums against. Also the real
 * one, where it is GNU's and knows the locale.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface WordCount {
  readonly lines: number;
  readonly words: number;
  readonly bytes: number;
}

/** What GNU wc parts words by in a UTF-8 locale. */
const space = /[\t-\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u2060\u3000]+/u;
/** What is neither part of a word nor between two; what is no UTF-8 is decoded as U+FFFD, which no text of a test has. */
const nothing = /[[\p{Cc}\p{Cn}\p{Zl}\p{Zp}\ufffd]--[\t-\r]]/gv;

export function countBytes(bytes: Buffer): WordCount {
  const text = bytes.toString("utf8");
  return {
    lines: text.split("\n").length - 1,
    words: text
      .replaceAll(nothing, "")
      .split(space)
      .filter((word) => word !== "").length,
    bytes: bytes.length,
  };
}

const utf8 = { ...process.env, LC_ALL: "C.UTF-8", POSIXLY_CORRECT: undefined };

/** Whether there is a GNU wc here that counts characters of C.UTF-8. */
export function hasRealWc(): boolean {
  const { stdout } = spawnSync("wc", ["--version"], { encoding: "utf8" });
  if (!/GNU coreutils/.test(stdout ?? "")) return false;
  return spawnSync("wc", ["-m"], { input: "é", encoding: "utf8", env: utf8 }).stdout.trim() === "1";
}

/** `LC_ALL=C.UTF-8 wc` of each, all in one process: to start one costs more than to count. */
export function realWc(texts: readonly Buffer[]): readonly WordCount[] {
  const folder = mkdtempSync(join(tmpdir(), "mofa-wc-"));
  try {
    const paths = texts.map((text, at) => {
      const path = join(folder, String(at));
      writeFileSync(path, text);
      return path;
    });
    const { stdout } = spawnSync("wc", ["-lwc", ...paths], { encoding: "utf8", env: utf8 });
    // One line a file; where there are several, their sums follow.
    return stdout
      .trim()
      .split("\n")
      .slice(0, texts.length)
      .map((line) => {
        const [lines = -1, words = -1, bytes = -1] = line.trim().split(/\s+/).map(Number);
        return { lines, words, bytes };
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
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
