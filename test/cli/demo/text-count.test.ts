import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { countText } from "../../../cli/demo/text-count.ts";
import { countBytes, hasRealWc, realWc } from "../../support/count-words.ts";

const characters = ["a", "é", "→", "😀", " ", "\t", "\n", "\u00a0", "\u2003", "\u3000", "\u200b"];
const unprintable = ["\u0000", "\u001b", "\u007f", "\u0080", "\u0085", "\u2028", "\u0378", "\u{10ffff}"];

const text = fc.array(fc.constantFrom(...characters, ...unprintable)).map((letters) => Buffer.from(letters.join("")));

/** Bytes that begin, go on with or end a character, in any order. None that an older Unicode has not assigned, as wc's may be. */
const bytes = fc
  .array(
    fc.constantFrom(
      0x20,
      0x0a,
      0x61,
      0x1b,
      0x80,
      0xa0,
      0xbf,
      0xc0,
      0xc2,
      0xc3,
      0xe3,
      0xed,
      0xf0,
      0x9f,
      0xf4,
      0xf8,
      0xff,
    ),
  )
  .map((values) => Buffer.from(values));

/** The sums of parts of this length. */
function inParts(file: Buffer, length: number) {
  const sums = { lines: 0, words: 0, bytes: 0 };
  for (let from = 0; from < file.length; from += length) {
    const part = countText(file, from, Math.min(file.length, from + length));
    sums.lines += part.lines;
    sums.words += part.words;
    sums.bytes += part.bytes;
  }
  return sums;
}

/** Byte by byte, with what GNU wc 9.1 says of their words in C.UTF-8. */
const odd: readonly [string, string, number][] = [
  ["a control character neither begins a word nor ends one", "1b 20 61 1b 62", 1],
  ["so do DEL and C1", "7f 20 c2 80 20 c2 85", 0],
  ["a byte that begins no character does not count", "ff 20 e9 e8 20 61 ff 62", 1],
  ["a lead byte without its tail does not count, what follows does", "c3 61", 1],
  ["nor at the end", "61 20 c3", 1],
  ["a tail without its lead does not count", "80 20 bf", 0],
  ["an overlong form is no character", "c0 af 20 e0 80 af", 0],
  ["a surrogate is no character", "ed a0 80", 0],
  ["above U+10FFFF there is none", "f4 90 80 80 20 f8 88 80 80 80", 0],
  ["a format character is printable", "e2 80 8b 20 ef bb bf", 2],
  ["what Unicode has not assigned is not, U+2028 is not", "cd b8 20 e2 80 a8", 0],
  ["a private character is printable", "ee 80 80", 1],
];

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
        expect(inParts(file, length)).toEqual(countBytes(file));
      }),
    );
  });

  test.each(odd)("%s", (_claim, hex, words) => {
    const file = Buffer.from(hex.replaceAll(" ", ""), "hex");
    expect(inParts(file, file.length).words).toBe(words);
    expect(inParts(file, 1).words).toBe(words);
  });

  (hasRealWc() ? test : test.skip)("is what GNU wc says in C.UTF-8, also of what is no UTF-8", () => {
    const claimed = realWc(odd.map(([, hex]) => Buffer.from(hex.replaceAll(" ", ""), "hex")));
    expect(claimed.map(({ words }, at) => [odd[at]?.[0], words])).toEqual(
      odd.map(([claim, , words]) => [claim, words]),
    );
    const files = fc.sample(bytes, 1_000);
    const real = realWc(files);
    for (const [at, file] of files.entries()) {
      // The bytes are shown where the sums differ.
      expect({ file: file.toString("hex"), ...inParts(file, 1 + (at % 7)) }).toEqual({
        file: file.toString("hex"),
        ...real[at],
      });
    }
  });
});
