/** What finds memories, by itself: words, chunks, BM25 and the fusion of ranks. Not in every placement: no actor runs. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { bm25 } from "../../../plugins/tool-memory/bm25.ts";
import { chunkPlaces, chunksOf } from "../../../plugins/tool-memory/chunks.ts";
import { fuseRanks } from "../../../plugins/tool-memory/rank-fusion.ts";
import { termsOf } from "../../../plugins/tool-memory/terms.ts";

/*
 * By hand: three chunks, d1 "apple banana apple", d2 "banana cherry", d3 "apple", of 6 terms, 2 in the mean. Both words stand in 2 of 3:
 * their weight is ln(1 + 1.5 / 2.5) = 0.4700036. With k1 = 1.2 and b = 0.75 the norms are 1.2 * (0.25 + 0.75 * length / 2):
 * d1 1.65, d2 1.2, d3 0.75. So apple: d1 0.47 * 2 * 2.2 / 3.65, d3 0.47 * 2.2 / 1.75; banana: d1 0.47 * 2.2 / 2.65, d2 0.47 * 2.2 / 2.2.
 */
const apple = [
  { chunk: "d1", count: 2, length: 3 },
  { chunk: "d3", count: 1, length: 1 },
];
const banana = [
  { chunk: "d1", count: 1, length: 3 },
  { chunk: "d2", count: 1, length: 2 },
];
const corpus = { chunks: 3, terms: 6 };
const usual = { k1: 1.2, b: 0.75 };

test("BM25 gives each chunk the sum of its words, as by hand", () => {
  const scores = bm25([apple, banana], corpus, usual);
  expect([...scores.keys()]).toEqual(["d1", "d3", "d2"]);
  expect(scores.get("d1")).toBeCloseTo(0.5665797 + 0.3901917, 6);
  expect(scores.get("d2")).toBeCloseTo(0.4700036, 6);
  expect(scores.get("d3")).toBeCloseTo(0.5908617, 6);
});

test("without b the length counts nothing, and without k1 nor does how often a word stands there", () => {
  const flat = bm25([apple], corpus, { k1: 1.2, b: 0 });
  expect(flat.get("d1")).toBeCloseTo((0.4700036 * 2 * 2.2) / 3.2, 6);
  const once = bm25([apple], corpus, { k1: 0, b: 0.75 });
  expect(once.get("d1")).toBeCloseTo(0.4700036, 6);
});

test("a word that stands everywhere weighs little, and never less than nothing", () => {
  const everywhere = ["d1", "d2", "d3"].map((chunk) => ({ chunk, count: 1, length: 2 }));
  expect(bm25([everywhere], corpus, usual).get("d1")).toBeCloseTo(Math.log(1 + 0.5 / 3.5), 6);
});

test("ranks are fused by the sum of their reciprocals, as by hand", () => {
  // a: 1/61 + 1/63; b: 1/62 + 1/61; c: 1/62; d: 1/63.
  expect(
    fuseRanks(
      [
        ["a", "b", "d"],
        ["b", "c", "a"],
      ],
      60,
    ),
  ).toEqual([
    { chunk: "b", score: 1 / 62 + 1 / 61 },
    { chunk: "a", score: 1 / 61 + 1 / 63 },
    { chunk: "c", score: 1 / 62 },
    { chunk: "d", score: 1 / 63 },
  ]);
});

test("of those that are as good the first ranking decides", () => {
  expect(fuseRanks([["b"], ["a"]], 60).map(({ chunk }) => chunk)).toEqual(["b", "a"]);
});

test.each([
  ["The cat's 2 HATS, again: hats!", ["the", "cat's", "2", "hats", "again", "hats"]],
  ["Straße CAFÉ cafe\u0301", ["straße", "café", "café"]],
  ["ｆｕｌｌ ﬁne", ["full", "fine"]],
  ["我喜欢北京", ["我", "喜欢", "北京"]],
  ["สวัสดีชาวโลก", ["สวัสดี", "ชาว", "โลก"]],
  ["\u{1F600} \u2014 \u2026", []],
])("the words of %j", (text, words) => {
  expect(termsOf(text)).toEqual(words);
});

test("a word that is longer than a key has room for is found by its beginning", () => {
  expect(termsOf("x".repeat(500))).toEqual(["x".repeat(64)]);
});

test("no word has what divides a key", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const term of termsOf(text)) expect(/^[^/\0]{1,64}$/u.test(term) && term.isWellFormed()).toBe(true);
    }),
  );
});

const size = { chunkChars: 40, overlapChars: 10 };

test("a text that has room in one chunk is one", () => {
  expect(chunksOf("  One. Two.\n\nThree.  ", size)).toEqual(["One. Two.\n\nThree."]);
});

test("a chunk ends with a paragraph, where one is long enough", () => {
  expect(chunksOf("This is the first paragraph.\n\nAnd this one is the second.", { ...size, overlapChars: 0 })).toEqual(
    ["This is the first paragraph.", "And this one is the second."],
  );
});

test("or else with a sentence, and the next begins with what has room of the one before", () => {
  expect(chunksOf("It rained all the night. Why so? Nobody knew it then.", size)).toEqual([
    "It rained all the night. Why so?",
    "Why so? Nobody knew it then.",
  ]);
});

test("sentences of a language without spaces are found", () => {
  const text = "今日はとても良い天気です。散歩に行きました。公園で友達に会いました。";
  expect(chunksOf(text, { chunkChars: 24, overlapChars: 0 })).toEqual([
    "今日はとても良い天気です。散歩に行きました。",
    "公園で友達に会いました。",
  ]);
});

test("or else with a word, or a character as people see it", () => {
  expect(chunksOf("seven words that have no end to them", { chunkChars: 16, overlapChars: 0 })).toEqual([
    "seven words that",
    "have no end to",
    "them",
  ]);
  const family = "👩‍👩‍👧‍👦"; // 11 units
  expect(chunksOf(family.repeat(3), { chunkChars: 25, overlapChars: 0 })).toEqual([family.repeat(2), family]);
});

const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "One. ",
        "a longer word ",
        "\n\n",
        "\n \n",
        " ",
        "今日は。",
        "ชาวโลก",
        "👩‍👩‍👧‍👦",
        "e\u0301",
        "x".repeat(50),
        "𝒳".repeat(30),
      ),
      fc.string({ unit: "grapheme", maxLength: 5 }),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.join("").toWellFormed());

test("chunks are as long as they may be, well-formed, and together have all of the text", () => {
  fc.assert(
    fc.property(texts, fc.integer({ min: 16, max: 60 }), fc.nat(30), (text, chunkChars, overlapChars) => {
      const overlap = Math.min(overlapChars, Math.floor(chunkChars / 2));
      let [former, end] = [-1, 0];
      for (const [start, next] of chunkPlaces(text, { chunkChars, overlapChars })) {
        expect(next - start).toBeLessThanOrEqual(chunkChars);
        expect(text.slice(start, next).isWellFormed()).toBe(true);
        expect(start).toBeGreaterThan(former);
        expect(start).toBeGreaterThanOrEqual(end - overlap);
        expect(next).toBeGreaterThan(end);
        expect(text.slice(end, Math.max(end, start)).trim()).toBe("");
        [former, end] = [start, next];
      }
      expect(text.slice(end).trim()).toBe("");
    }),
    { numRuns: 500 },
  );
});
