import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { countText } from "../../../cli/demo/text-count.ts";
import { countBytes } from "../../support/count-words.ts";

const text = fc
  .array(fc.constantFrom("a", "é", "→", "😀", " ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\u200b"))
  .map((letters) => Buffer.from(letters.join("")));

describe("countText", () => {
  test("counts a word that a border cuts once, in the part where it begins", () => {
    const file = Buffer.from("one two\nthree");
    expect([countText(file, 0, 5), countText(file, 5, 10), countText(file, 10, 13)]).toEqual([
      { lines: 0, words: 2, bytes: 5 },
      { lines: 1, words: 1, bytes: 5 },
      { lines: 0, words: 0, bytes: 3 },
    ]);
  });

  test("counts a character that a border cuts in the part of its first byte", () => {
    const file = Buffer.from("a\u3000é"); // 61, e3 80 80, c3 a9
    expect([countText(file, 0, 2), countText(file, 2, 5), countText(file, 5, 6)]).toEqual([
      { lines: 0, words: 1, bytes: 2 },
      { lines: 0, words: 1, bytes: 3 },
      { lines: 0, words: 0, bytes: 1 },
    ]);
  });

  test("the parts of any text add up to the whole, wherever it is cut", () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 7 }), (file, length) => {
        const sums = { lines: 0, words: 0, bytes: 0 };
        for (let from = 0; from < file.length; from += length) {
          const part = countText(file, from, Math.min(file.length, from + length));
          sums.lines += part.lines;
          sums.words += part.words;
          sums.bytes += part.bytes;
        }
        expect(sums).toEqual(countBytes(file));
      }),
    );
  });
});
