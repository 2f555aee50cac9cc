/** Values that are easily spoiled on their way into a store and back. */
import { beforeEach, expect, test } from "@jest/globals";
import type { StorageWrite } from "../../../core/index.ts";
import { RuntimeError } from "../../../index.ts";
import { failureOf, type Store } from "./store.ts";

/** In a `describe` in which the store runs. */
export function describeValues(store: Store): void {
  let count = 0;
  let key: string;
  beforeEach(() => {
    key = `value ${count++}`;
  });

  const kept = async (value: unknown): Promise<unknown> => {
    await store.put({ key, value });
    return (await store.get(key))?.value;
  };

  test("an error comes back with its kind, name, code, cause, fields and the errors inside", async () => {
    const refused = new RuntimeError("no_name", "nobody", { cause: new TypeError("none") });
    const range = Object.assign(new RangeError("far"), { at: { deep: [refused] } });
    const all = new AggregateError([refused, range], "both");
    const value = (await kept({ all, list: [range], map: new Map([[refused, 1]]) })) as {
      all: AggregateError;
      list: (RangeError & { at: unknown })[];
      map: Map<unknown, unknown>;
    };
    expect(Object.prototype.toString.call(value.all)).toBe("[object Error]");
    expect(value.all.constructor.name).toBe("AggregateError");
    expect(value.all).toMatchObject({ name: "AggregateError", message: "both" });
    const [one, two] = value.all.errors as [RuntimeError, RangeError & { at: { deep: unknown[] } }];
    expect(one).toMatchObject({ name: "RuntimeError", code: "no_name", message: "nobody", stack: refused.stack });
    expect(one.cause).toMatchObject({ name: "TypeError", message: "none" });
    expect([two.constructor.name, two.message]).toEqual(["RangeError", "far"]);
    // What stood twice is one.
    expect([value.list[0] === two, two.at.deep[0] === one, value.map.get(one)]).toEqual([true, true, 1]);
  });

  test.each<[string, unknown]>([
    ["a key __proto__", JSON.parse('{"__proto__":{"a":1},"b":2}')],
    ["halves of pairs, NUL and a mark of byte order", { "\ud800": "\udc00", text: "\0\ufeff\u2028" }],
    ["numbers at their ends", [5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, 0.1 + 0.2, 1e21]],
    ["no numbers", [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]],
    ["a field toJSON", { toJSON: 1 }],
    ["undefined, alone", undefined],
    ["texts that look like something else", ["2026-01-01T00:00:00.000Z", "NaN", "null", "__proto__"]],
    ["a megabyte of text", "\u00e9\u{1f600}'\"\\".repeat(100_000)],
  ])("%s come back as they were", async (_what, value) => {
    expect(await kept(value)).toEqual(value);
  });

  test("a hole in a list comes back as one", async () => {
    const list: unknown[] = [1];
    list[2] = 3;
    expect(Object.keys((await kept(list)) as unknown[])).toEqual(["0", "2"]);
  });

  test("a circle comes back as one", async () => {
    const ring: { self?: unknown } = {};
    ring.self = ring;
    const value = (await kept(ring)) as typeof ring;
    expect(value.self).toBe(value);
  });

  test.each<[string, (inner: unknown) => unknown]>([
    ["lists", (inner) => [inner]],
    ["maps", (inner) => new Map([[1, inner]])],
  ])("%s that are too deep to be kept are refused, and the store goes on", async (_what, around) => {
    let value: unknown = 1;
    for (let depth = 0; depth < 20_000; depth++) value = around(value);
    const refused = {
      code: "not_cloneable",
      message: expect.stringMatching(/^(put: |.*)Maximum call stack size exceeded$/),
    };
    expect(await failureOf(store.put({ key, value }))).toMatchObject(refused);
    expect(await kept(1)).toBe(1);
  });

  test("values of 10 MB come back, by key, as events, and as a snapshot", async () => {
    const large = "x".repeat(10_000_000);
    const isThere = (value: unknown) => value === large; // a comparison that failed would be shown
    expect(isThere(await kept(large))).toBe(true);
    expect(await store.append({ journal: key, events: [1, large, 3] })).toEqual({ seq: 3 });
    const events = await store.read({ journal: key });
    expect(events.map(({ event }) => (isThere(event) ? "large" : event))).toEqual([1, "large", 3]);
    await store.saveSnapshot({ journal: key, seq: 3, state: large });
    expect(isThere((await store.loadSnapshot(key))?.state)).toBe(true);
    // Beside small ones, which go together.
    await Promise.all([
      store.put({ key: `${key}/a`, value: 1 }),
      store.put({ key: `${key}/b`, value: large }),
      store.put({ key: `${key}/c`, value: 3 }),
    ]);
    const beside = await store.list({ prefix: `${key}/` });
    expect(beside.map(({ value }) => (isThere(value) ? "large" : value))).toEqual([1, "large", 3]);
  });

  test("events of a megabyte, which together are more than a server takes at a time, come back", async () => {
    const events = Array.from({ length: 12 }, (_, n) => String.fromCharCode(97 + n).repeat(1_000_000));
    expect(await store.append({ journal: key, events })).toEqual({ seq: 12 });
    const read = await store.read({ journal: key });
    expect(read.map(({ event }, at) => event === events[at])).toEqual(events.map(() => true));
  });

  test("a thousand events at a time come back in their order", async () => {
    const events = Array.from({ length: 1_203 }, (_, n) => `${n} ${"x".repeat(n)}`);
    expect(await store.append({ journal: key, events })).toEqual({ seq: events.length });
    expect((await store.read({ journal: key, limit: 10_000 })).map(({ event }) => event)).toEqual(events);
  });

  test("a hole among events is an event, and one among writes is none", async () => {
    const events: unknown[] = [1];
    events[2] = 3;
    expect(await store.append({ journal: key, events })).toEqual({ seq: 3 });
    expect((await store.read({ journal: key })).map(({ event }) => event)).toEqual([1, undefined, 3]);
    const writes: StorageWrite[] = [];
    writes[1] = { type: "delete", key };
    expect(await failureOf(store.transact(writes))).toMatchObject({
      code: "bad_argument",
      message: expect.stringMatching(/^transact: \[0\]: a write has as its type/),
    });
  });
}
