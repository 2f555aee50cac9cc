/** What every storage plugin must do with vectors: the contract, call by call. */
import { beforeEach, expect, test } from "@jest/globals";
import type { StorageWrite, VectorMetric } from "../../../core/index.ts";
import { failureOf, type Store } from "./store.ts";

/** In a `describe` in which the store runs. */
export function describeVectors(store: Store): void {
  let count = 0;
  let collection: string;
  beforeEach(() => {
    collection = `vectors ${count++}`;
  });

  const put = async (vectors: Readonly<Record<string, readonly number[]>>) => {
    for (const [id, vector] of Object.entries(vectors)) await store.putVector({ collection, id, vector });
  };
  const found = async (vector: readonly number[], metric: VectorMetric, k = 10) =>
    (await store.searchVectors({ collection, vector, metric, k })).map(({ id, score }) => [id, score]);

  test("a vector comes back as it was, with its metadata; what is not there does not", async () => {
    const vector = [0.1, -0, 1e-300, 1e100];
    await store.putVector({ collection, id: "a", vector, metadata: { tags: new Set(["x"]), at: new Date(5) } });
    const stored = await store.getVector({ collection, id: "a" });
    expect(stored).toEqual({ id: "a", vector, metadata: { tags: new Set(["x"]), at: new Date(5) } });
    expect(Object.is(stored?.vector[1], -0)).toBe(true);
    expect(await store.getVector({ collection, id: "b" })).toBeUndefined();
    expect(await store.getVector({ collection: "none", id: "a" })).toBeUndefined();
  });

  test.each([new Float32Array([0.1, 2]), new Float64Array([0.1, 2])])("%s is kept to the last bit", async (vector) => {
    await store.putVector({ collection, id: "a", vector });
    expect((await store.getVector({ collection, id: "a" }))?.vector).toEqual([...vector]);
    expect(await store.searchVectors({ collection, vector, metric: "euclidean" })).toEqual([
      { id: "a", score: 0, metadata: {} },
    ]);
  });

  test("each metric puts the nearest first", async () => {
    await put({ same: [2, 0], across: [0, 1], opposite: [-1, 0], far: [30, 40] });
    expect(await found([1, 0], "cosine")).toEqual([
      ["same", 1],
      ["far", expect.closeTo(0.6, 12)],
      ["across", 0],
      ["opposite", -1],
    ]);
    expect(await found([1, 0], "dot")).toEqual([
      ["far", 30],
      ["same", 2],
      ["across", 0],
      ["opposite", -1],
    ]);
    expect(await found([1, 0], "euclidean", 3)).toEqual([
      ["same", 1],
      ["across", Math.SQRT2],
      ["opposite", 2],
    ]);
  });

  test("those that are as near stand in the order of their ids' code points, wherever k ends", async () => {
    const ids = ["\u{10000}", "b", "'; DROP TABLE vectors; --", "a", "\ue000"];
    for (const id of ids) await store.putVector({ collection, id, vector: [1, 1] });
    const all = ["'; DROP TABLE vectors; --", "a", "b", "\ue000", "\u{10000}"];
    for (const metric of ["cosine", "dot", "euclidean"] as const)
      for (let k = 1; k <= 5; k++) expect((await found([2, 2], metric, k)).map(([id]) => id)).toEqual(all.slice(0, k));
  });

  test("a filter takes those whose metadata has each field with just that value", async () => {
    const metadata = [{ kind: "a", year: 1 }, { kind: "a", year: "1" }, { kind: "b", year: 1 }, { year: null }, {}];
    for (const [at, one] of metadata.entries())
      await store.putVector({ collection, id: String(at), vector: [1], metadata: one });
    const search = async (filter: Readonly<Record<string, string | number | boolean | null>>) =>
      (await store.searchVectors({ collection, vector: [1], filter })).map(({ id }) => id);
    expect(await search({ kind: "a" })).toEqual(["0", "1"]);
    expect(await search({ kind: "a", year: 1 })).toEqual(["0"]);
    expect(await search({ year: null })).toEqual(["3"]);
    expect(await search({ toString: "a" })).toEqual([]);
    expect(await search({})).toHaveLength(5);
  });

  test("a search finds what was answered before, what was replaced as it is now, and not what was deleted", async () => {
    await put({ a: [1], b: [2], c: [3] });
    await put({ b: [9] });
    expect(await store.deleteVector({ collection, id: "c" })).toEqual({ isDeleted: true });
    expect(await store.deleteVector({ collection, id: "c" })).toEqual({ isDeleted: false });
    expect(await found([1], "dot")).toEqual([
      ["b", 9],
      ["a", 1],
    ]);
    expect(await store.searchVectors({ collection: `${collection} of nobody`, vector: [1, 2] })).toEqual([]);
  });

  test("of more than one page every vector is looked at", async () => {
    const writes = Array.from({ length: 600 }, (_, n): StorageWrite => {
      return { type: "putVector", collection, id: `v${n}`, vector: [n] };
    });
    await store.transact(writes);
    expect(await found([1], "dot", 2)).toEqual([
      ["v599", 599],
      ["v598", 598],
    ]);
    expect(await found([1], "dot", 10_000)).toHaveLength(600);
  });

  test("a vector of another dimension is refused, and alone; a collection that was dropped may have another", async () => {
    await put({ a: [1, 2] });
    const wrong = await failureOf(store.putVector({ collection, id: "b", vector: [1] }));
    expect(wrong).toMatchObject({
      code: "dimension_mismatch",
      message: `"${collection}" has vectors of 2 numbers, and this one has 1`,
    });
    expect(await failureOf(store.searchVectors({ collection, vector: [1, 2, 3] }))).toMatchObject({
      code: "dimension_mismatch",
    });
    await store.deleteVector({ collection, id: "a" });
    expect(await failureOf(put({ b: [1] }))).toMatchObject({ code: "dimension_mismatch" });
    expect(await store.dropVectors({ collection })).toEqual({ isDropped: true });
    expect(await store.dropVectors({ collection })).toEqual({ isDropped: false });
    await put({ b: [1] });
    expect(await found([1], "cosine")).toEqual([["b", 1]]);
  });

  test("vectors are part of a transaction: kept with the rest, or not at all", async () => {
    await put({ a: [1], b: [2] });
    const writes: StorageWrite[] = [
      { type: "putVector", collection, id: "a", vector: [7] },
      { type: "deleteVector", collection, id: "b" },
      { type: "putVector", collection: `${collection} new`, id: "c", vector: [1, 2] },
      { type: "dropVectors", collection: "of nobody" },
      { type: "put", key: `${collection}/k`, value: 1 },
    ];
    const last: StorageWrite = { type: "putVector", collection, id: "d", vector: [1, 2] };
    expect(await failureOf(store.transact([...writes, last]))).toMatchObject({
      code: "dimension_mismatch",
      message: expect.stringContaining("[5]: "),
    });
    expect(await failureOf(store.transact([{ type: "dropVectors", collection }, ...writes.slice(3), last, ...writes]))) //
      .toMatchObject({ code: "dimension_mismatch" });
    expect(await found([1], "dot")).toEqual([
      ["b", 2],
      ["a", 1],
    ]);
    expect(await store.get(`${collection}/k`)).toBeUndefined();
    // The collection that was begun in it was not, and may have any dimension.
    await store.putVector({ collection: `${collection} new`, id: "x", vector: [1, 2, 3] });
    await store.dropVectors({ collection: `${collection} new` });
    expect(await store.transact(writes)).toEqual([
      undefined,
      { isDeleted: true },
      undefined,
      { isDropped: false },
      { version: expect.any(Number) },
    ]);
    expect(await found([1], "dot")).toEqual([["a", 7]]);
  });

  test("by cosine a vector that is zero is passed over, and one may not be looked for", async () => {
    await put({ zero: [0, 0], tiny: [1e-200, 0] });
    expect(await found([1e-250, 0], "cosine")).toEqual([["tiny", 1]]);
    expect(await found([0, 0], "euclidean", 1)).toEqual([["tiny", 0]]); // too near to be told apart
    expect(await failureOf(store.searchVectors({ collection, vector: [0, 0] }))).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(/a vector of zeros has no direction/),
    });
  });

  test("sums of the largest numbers stay numbers", async () => {
    await put({ high: [1e100, 1e100], low: [-1e100, -1e100] });
    expect(await found([1e100, 1e100], "cosine")).toEqual([
      ["high", expect.closeTo(1, 12)],
      ["low", expect.closeTo(-1, 12)],
    ]);
    for (const metric of ["dot", "euclidean"] as const)
      for (const [, score] of await found([1e100, -1e100], metric)) expect(Number.isFinite(score)).toBe(true);
  });

  // One more than a collection's name may have, and one more than a vector.
  const [longName, longVector] = ["c".repeat(129), new Array<number>(16_385).fill(1)];
  test.each<[string, object, RegExp]>([
    ["putVector", { id: "a", vector: [1], collection: "" }, /putVector: collection is a text of 1 to 128 characters/],
    ["putVector", { id: "a", vector: [1], collection: longName }, /1 to 128 characters/],
    ["putVector", { collection: "c", id: "a\0", vector: [1] }, /id is a text of 1 to 512 characters without NUL/],
    ["putVector", { collection: "c", id: "a", vector: [] }, /vector is a list of 1 to 16384 numbers, got one of 0/],
    ["putVector", { collection: "c", id: "a", vector: longVector }, /1 to 16384 numbers, got one of 16385/],
    ["putVector", { collection: "c", id: "a", vector: "1" }, /1 to 16384 numbers, got "1"/],
    [
      "putVector",
      { collection: "c", id: "a", vector: [1, Number.NaN] },
      /vector\[1\] is a number of at most 1e\+100 in size, got NaN/,
    ],
    ["putVector", { collection: "c", id: "a", vector: [Number.POSITIVE_INFINITY] }, /vector\[0\] .* got Infinity/],
    ["putVector", { collection: "c", id: "a", vector: [1e101] }, /vector\[0\] .* got 1e\+101/],
    [
      "putVector",
      { collection: "c", id: "a", vector: [1], metadata: "x" },
      /metadata is an object of data by field, got "x"/,
    ],
    ["putVector", { collection: "c", id: "a", vector: [1], meta: {} }, /there is no "meta"/],
    ["getVector", { collection: "c" }, /getVector: id is a text/],
    ["deleteVector", { id: "c" }, /deleteVector: collection is a text/],
    ["searchVectors", { collection: "c", vector: [1], metric: "cos" }, /metric is cosine, dot, euclidean, got "cos"/],
    ["searchVectors", { collection: "c", vector: [1], k: 0 }, /k is a whole number from 1 to 10000, got 0/],
    [
      "searchVectors",
      { collection: "c", vector: [1], filter: { a: [1] } },
      /filter.a is a text, a number, a boolean or null/,
    ],
    ["searchVectors", { collection: "c", vector: [Number.NaN] }, /vector\[0\]/],
  ])("%s %# is refused", async (call, argument, message) => {
    const ask = store[call as "putVector"] as (argument: object) => Promise<unknown>;
    expect(await failureOf(ask(argument))).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(message),
    });
  });
}
