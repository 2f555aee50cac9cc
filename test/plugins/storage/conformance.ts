/** What every storage plugin must do, whatever keeps its data: the contract, call by call. */
import { beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { BatchedWrite, StorageCalls, StorageWrite } from "../../../core/index.ts";
import { type PluginUse, RuntimeError } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeHardLuck } from "./hard-luck.ts";
import { storeOf as callsOf, failureOf, type Store } from "./store.ts";
import { describeValues } from "./values.ts";
import { describeVectors } from "./vectors.ts";

const everything = {
  map: new Map<unknown, unknown>([[1, new Set(["a"])]]),
  date: new Date(5),
  bytes: new Uint8Array([1, 2, 3]),
  large: 10n ** 30n,
  nothing: undefined,
  not: Number.NaN,
  minus: -0,
  text: "\u{10000}\ue000'\"; DROP TABLE entries; --",
  list: [null, true, [{}]],
};

/**
 * @param use how the plugin of that name is started, anew for each run of the suite.
 * @param storeOf how its calls are asked.
 */
export function describeStorage(title: string, name: string, use: () => PluginUse, storeOf = callsOf): void {
  describe(title, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    let count = 0;
    /** Names of a test's own. */
    let own: (name: string) => string;

    beforeAll(async () => {
      await system().startPlugins([use()]);
    });
    beforeEach(() => {
      const prefix = `${count++}/`;
      own = (key) => `${prefix}${key}`;
    });

    const store = storeOf(system, name);

    test("what was put is there, with its version; what was not is not", async () => {
      const key = own("a");
      expect(await store.get(key)).toBeUndefined();
      const { version } = await store.put({ key, value: 1 });
      expect(await store.get(key)).toEqual({ key, value: 1, version, expiresAtMs: undefined });
    });

    test("a value comes back as it was", async () => {
      const key = own("a");
      await store.put({ key, value: everything });
      const { value } = (await store.get(key)) as { value: typeof everything };
      expect(value).toEqual(everything);
      expect(Object.is(value.minus, -0)).toBe(true);
    });

    test("versions go up over all keys, also over one that was deleted", async () => {
      const [a, b] = [own("a"), own("b")];
      const versions = [
        (await store.put({ key: a, value: 1 })).version,
        (await store.put({ key: b, value: 1 })).version,
        (await store.put({ key: a, value: 2 })).version,
      ];
      await store.delete({ key: b });
      versions.push((await store.put({ key: b, value: 1 })).version);
      expect(versions).toEqual([...new Set(versions)].sort((one, other) => one - other));
    });

    test("a put with ifVersion depends on what is there", async () => {
      const key = own("a");
      expect(await failureOf(store.put({ key, value: 1, ifVersion: 7 }))).toMatchObject({ code: "version_conflict" });
      const { version } = await store.put({ key, value: 1, ifVersion: 0 });
      expect(await failureOf(store.put({ key, value: 2, ifVersion: 0 }))).toMatchObject({ code: "version_conflict" });
      expect(await store.get(key)).toMatchObject({ value: 1 });
      await store.put({ key, value: 2, ifVersion: version });
      expect(await store.get(key)).toMatchObject({ value: 2 });
    });

    test("a delete says whether it was there, and depends on what is there", async () => {
      const key = own("a");
      expect(await store.delete({ key })).toEqual({ isDeleted: false });
      const { version } = await store.put({ key, value: 1 });
      expect(await failureOf(store.delete({ key, ifVersion: version + 1 }))).toMatchObject({
        code: "version_conflict",
      });
      expect(await store.delete({ key, ifVersion: version })).toEqual({ isDeleted: true });
      expect(await store.get(key)).toBeUndefined();
    });

    test("of a thousand that write one key depending on its version, one a round has it", async () => {
      const key = own("a");
      const tries = Array.from({ length: 1_000 }, (_, n) => failureOf(store.put({ key, value: n, ifVersion: 0 })));
      const won = (await Promise.all(tries)).filter((result) => !(result instanceof RuntimeError));
      expect(won).toHaveLength(1);
    });

    test("what has expired is as if it had been deleted", async () => {
      const key = own("a");
      await store.put({ key, value: 1, ttlMs: 1 });
      while ((await store.get(key)) !== undefined);
      expect(await store.list({ prefix: own("") })).toEqual([]);
      expect(await store.delete({ key })).toEqual({ isDeleted: false });
      await store.put({ key, value: 2, ifVersion: 0 });
      expect(await store.get(key)).toMatchObject({ value: 2, expiresAtMs: undefined });
    });

    test("a list has the keys with a prefix in the order of their code points, so many and behind one", async () => {
      const names = ["\u{10000}", "%a", "_", "a", "a%b", "a_b", "aab", "\ue000"];
      for (const one of names) await store.put({ key: own(one), value: one });
      const list = async (query: Parameters<Store["list"]>[0]) => (await store.list(query)).map(({ value }) => value);
      expect(await list({ prefix: own("") })).toEqual(["%a", "_", "a", "a%b", "a_b", "aab", "\ue000", "\u{10000}"]);
      expect(await list({ prefix: own("a_") })).toEqual(["a_b"]);
      expect(await list({ prefix: own("a"), after: own("a%b"), limit: 1 })).toEqual(["a_b"]);
    });

    test("a journal numbers its events from 1 on, and gives them from any on", async () => {
      const journal = own("j");
      expect(await store.lastSeq(journal)).toBe(0);
      expect(await store.append({ journal, events: ["a", everything] })).toEqual({ seq: 2 });
      expect(await store.append({ journal, events: ["c"] })).toEqual({ seq: 3 });
      expect(await store.read({ journal })).toEqual([
        { seq: 1, event: "a" },
        { seq: 2, event: everything },
        { seq: 3, event: "c" },
      ]);
      expect(await store.read({ journal, fromSeq: 3 })).toEqual([{ seq: 3, event: "c" }]);
      expect(await store.read({ journal, fromSeq: 1, limit: 1 })).toEqual([{ seq: 1, event: "a" }]);
      expect(await store.read({ journal: own("other") })).toEqual([]);
    });

    test("an append with ifSeq depends on the last event", async () => {
      const journal = own("j");
      await store.append({ journal, events: ["a"], ifSeq: 0 });
      expect(await failureOf(store.append({ journal, events: ["b"], ifSeq: 0 }))).toMatchObject({
        code: "version_conflict",
      });
      await store.append({ journal, events: ["b"], ifSeq: 1 });
      expect(await store.lastSeq(journal)).toBe(2);
    });

    test("a prune forgets events, and their numbers go on", async () => {
      const journal = own("j");
      await store.append({ journal, events: [1, 2, 3] });
      await store.prune({ journal, seq: 2 });
      expect(await store.read({ journal })).toEqual([{ seq: 3, event: 3 }]);
      await store.prune({ journal, seq: 9 });
      expect([await store.read({ journal }), await store.lastSeq(journal)]).toEqual([[], 3]);
      expect(await store.append({ journal, events: [4], ifSeq: 3 })).toEqual({ seq: 4 });
    });

    test("of snapshots the newest stays", async () => {
      const journal = own("j");
      expect(await store.loadSnapshot(journal)).toBeUndefined();
      await store.saveSnapshot({ journal, seq: 5, state: "five" });
      await store.saveSnapshot({ journal, seq: 4, state: "four" });
      expect(await store.loadSnapshot(journal)).toEqual({ seq: 5, state: "five" });
      await store.saveSnapshot({ journal, seq: 6, state: "six" });
      expect(await store.loadSnapshot(journal)).toEqual({ seq: 6, state: "six" });
    });

    const writes = (): StorageWrite[] => [
      { type: "put", key: own("a"), value: "new" },
      { type: "delete", key: own("b") },
      { type: "append", journal: own("j"), events: ["new"] },
      { type: "snapshot", journal: own("j"), seq: 2, state: "new" },
      { type: "prune", journal: own("j"), seq: 1 },
    ];
    const prepare = async () => {
      await store.put({ key: own("b"), value: "old" });
      await store.append({ journal: own("j"), events: ["old"] });
      await store.saveSnapshot({ journal: own("j"), seq: 1, state: "old" });
    };
    const look = async () => [
      (await store.list({ prefix: own("") })).map(({ value }) => value),
      (await store.read({ journal: own("j") })).map(({ event }) => event),
      (await store.loadSnapshot(own("j")))?.state,
      await store.lastSeq(own("j")),
    ];

    test("a transaction does all of its writes, and answers for each", async () => {
      await prepare();
      expect(await store.transact(writes())).toEqual([
        { version: expect.any(Number) },
        { isDeleted: true },
        { seq: 2 },
        undefined,
        undefined,
      ]);
      expect(await look()).toEqual([["new"], ["new"], "new", 2]);
    });

    test("a transaction of which one write cannot be does none, and says which", async () => {
      await prepare();
      const last: StorageWrite = { type: "put", key: own("a"), value: 1, ifVersion: 0 };
      expect(await failureOf(store.transact([...writes(), last]))).toMatchObject({
        code: "version_conflict",
        message: expect.stringContaining("[5]: "),
      });
      expect(await look()).toEqual([["old"], ["old"], "old", 1]);
    });

    test("a transaction that fails leaves those beside it alone", async () => {
      const results = await Promise.all([
        failureOf(store.put({ key: own("a"), value: 1 })),
        failureOf(store.put({ key: own("b"), value: 1, ifVersion: 9 })),
        failureOf(store.put({ key: own("c"), value: 1 })),
      ]);
      expect(results.map((result) => result instanceof RuntimeError)).toEqual([false, true, false]);
      expect((await store.list({ prefix: own("") })).map(({ key }) => key)).toEqual([own("a"), own("c")]);
    });

    test.each<[keyof StorageCalls, unknown, RegExp]>([
      ["get", "", /get: the key is a text of 1 to 512 characters/],
      ["get", "a\0b", /without NUL/],
      ["get", "\ud800", /halves of a pair/],
      ["get", undefined, /got undefined/],
      ["put", { key: 5, value: 1 }, /put: key is a text/],
      ["put", { key: "a", value: 1, ttl: 5 }, /there is no "ttl"; it takes key, value, json, ifVersion, ttlMs/],
      ["put", { key: "a", value: 1, ttlMs: 0 }, /ttlMs is a time in milliseconds above 0/],
      ["put", { key: "a", value: 1, ifVersion: -1 }, /ifVersion is a whole number from 0, got -1/],
      ["delete", "a", /delete wants an object with key, ifVersion/],
      ["append", { journal: "j", events: [] }, /events is a list with at least one/],
      ["read", { journal: "j", limit: 0 }, /limit is a whole number from 1 to 10000, got 0/],
      ["list", { prefix: 5 }, /prefix is a text/],
      ["prune", { journal: "j" }, /seq is a whole number from 0, got undefined/],
      ["put", { key: "a", value: 1, json: "1" }, /put: it has value or json, and not both, got 1/],
      ["put", { key: "a", json: 1 }, /json is the text of a value's JSON, without white space before it, got 1/],
      ["put", { key: "a", json: "" }, /json is the text of a value's JSON/],
      ["put", { key: "a", json: "\u00ff" }, /json is the text of a value's JSON/],
      ["append", { journal: "j", json: [] }, /append: json is a list with at least one/],
      ["append", { journal: "j", json: ["1", " 2"] }, /append: json\[1\] is the text of a value's JSON/],
      ["append", { journal: "j", events: [1], json: ["1"] }, /it has events or json, and not both/],
      ["saveSnapshot", { journal: "j", seq: 1, state: null, json: "1" }, /it has state or json, and not both/],
      ["batch", [], /batch: it takes a list of 1 to 1000 writes/],
      ["batch", Array(1_001).fill({ call: "prune", argument: { journal: "j", seq: 1 } }), /a list of 1 to 1000 writes/],
      ["getBatch", [], /getBatch: it takes a list of 1 to 1000 keys/],
      ["getBatch", Array(1_001).fill("a"), /a list of 1 to 1000 keys/],
      ["getBatch", ["a", ""], /getBatch: \[1\] is a text of 1 to 512 characters/],
      ["transact", [], /at least one write/],
      [
        "transact",
        [{ type: "put", key: "a", value: 1 }, { type: "get" }],
        /transact: \[1\]: a write has as its type put/,
      ],
    ])("%s of what it does not take is refused: %#", async (call, argument, message) => {
      expect(await failureOf(system().call(`plugin.${name}`, call, argument))).toMatchObject({
        code: "bad_argument",
        message: expect.stringMatching(message),
      });
    });

    test("a batch is as if its writes came one after the other, each by itself", async () => {
      const [key, journal] = [own("a"), own("j")];
      const writes: BatchedWrite[] = [
        { call: "put", argument: { key, value: everything, ifVersion: 0 } },
        { call: "put", argument: { key, value: 2, ifVersion: 0 } },
        { call: "delete", argument: { key } },
        { call: "append", argument: { journal, events: ["a", "b"] } },
        { call: "append", argument: { journal, events: ["c"], ifSeq: 2 } },
        { call: "saveSnapshot", argument: { journal, seq: 3, state: "abc" } },
        {
          call: "transact",
          argument: [
            { type: "put", key, value: 3, ifVersion: 0 },
            { type: "append", journal, events: ["d"], ifSeq: 9 },
          ],
        },
        {
          call: "transact",
          argument: [
            { type: "put", key, value: 4, ifVersion: 0 },
            { type: "prune", journal, seq: 1 },
          ],
        },
      ];
      const conflict = { error: { code: "version_conflict", message: expect.any(String) } };
      const outcomes = await store.batch(writes);
      expect(outcomes).toEqual([
        { value: { version: expect.any(Number) } },
        conflict,
        { value: { isDeleted: true } },
        { value: { seq: 2 } },
        { value: { seq: 3 } },
        { value: undefined },
        conflict,
        { value: [{ version: expect.any(Number) }, undefined] },
      ]);
      expect(await store.get(key)).toMatchObject({ value: 4 });
      expect(await store.read({ journal })).toEqual([
        { seq: 2, event: "b" },
        { seq: 3, event: "c" },
      ]);
      expect(await store.loadSnapshot(journal)).toEqual({ seq: 3, state: "abc" });
    });

    test("what is wrong in a batch is refused in its place, with the words of the call", async () => {
      const writes = [
        { call: "put", argument: { key: own("a"), value: 1 } },
        { call: "put", argument: { key: own("b"), value: 1, ttlMs: 0 } },
        { call: "get", argument: own("a") },
        { call: "put" },
        7,
        { call: "delete", argument: { key: own("a") }, more: 1 },
        { call: "put", argument: { key: own("c"), value: 1 } },
      ] as unknown as BatchedWrite[];
      const refused = (message: RegExp) => ({
        error: { code: "bad_argument", message: expect.stringMatching(message) },
      });
      expect(await store.batch(writes)).toEqual([
        { value: { version: expect.any(Number) } },
        refused(/^put: ttlMs is a time/),
        refused(/^batch: \[2\]: its call is one of put, delete/),
        refused(/^put wants an object with key/),
        refused(/^batch: \[4\] wants an object with call, argument/),
        refused(/^batch: \[5\]: there is no "more"/),
        { value: { version: expect.any(Number) } },
      ]);
      expect((await store.list({ prefix: own("") })).map(({ key }) => key)).toEqual([own("a"), own("c")]);
    });

    test("a batch in which all is wrong is answered, too", async () => {
      const writes = [{ call: "put", argument: 5 }] as unknown as BatchedWrite[];
      expect(await store.batch(writes)).toMatchObject([{ error: { code: "bad_argument" } }]);
    });

    test("a batch of reads has what there is under each key, as text where that says all of it", async () => {
      const [text, objects, expired] = [own("a"), own("b"), own("c")];
      const { version } = await store.put({ key: text, value: { n: "\u00e4\u{10000}'" } });
      const second = await store.put({ key: objects, value: everything });
      await store.put({ key: expired, value: 1, ttlMs: 1 });
      while ((await store.get(expired)) !== undefined);
      const found = { text: { key: text, json: '{"n":"\u00e4\u{10000}\'"}', version, expiresAtMs: undefined } };
      const entry = { key: objects, value: everything, version: second.version, expiresAtMs: undefined };
      const keys = [own("none"), text, objects, expired, text, own("'; --")];
      expect(await store.getBatch(keys)).toEqual([
        { entry: undefined },
        found,
        { entry },
        { entry: undefined },
        found,
        { entry: undefined },
      ]);
    });

    test("a batch of reads leaves out what would make it more than 1 MiB", async () => {
      const chars = { huge: 1_100_000, a: 600_000, b: 600_000, c: 10 };
      for (const [name, count] of Object.entries(chars)) await store.put({ key: own(name), value: "x".repeat(count) });
      const outcomes = await store.getBatch(["huge", "a", "none", "b", "c"].map(own));
      expect(outcomes.map((outcome) => Object.keys(outcome)[0])).toEqual([
        "isLeftOut",
        "text",
        "entry",
        "isLeftOut",
        "text",
      ]);
    });

    test("keys of any number that are read at once are read rightly", async () => {
      const keys = Array.from({ length: 230 }, (_, at) => own(`key ${at}`));
      await Promise.all(keys.filter((_, at) => at % 3 > 0).map((key) => store.put({ key, value: { of: key } })));
      const found = await Promise.all(keys.map((key) => store.get(key)));
      expect(found.map((entry) => entry?.value)).toEqual(keys.map((key, at) => (at % 3 > 0 ? { of: key } : undefined)));
    });

    test("what was given as the text of its JSON is read as the value", async () => {
      const [key, journal] = [own("a"), own("j")];
      await store.put({ key, json: '{"text":"\u00e4\u{10000}"}' });
      await store.append({ journal, json: ["-1", "null"] });
      await store.saveSnapshot({ journal, seq: 1, json: "[]" });
      expect(await store.get(key)).toMatchObject({ value: { text: "\u00e4\u{10000}" } });
      expect((await store.read({ journal })).map(({ event }) => event)).toEqual([-1, null]);
      expect(await store.loadSnapshot(journal)).toEqual({ seq: 1, state: [] });
    });

    test("what was given as the text of its JSON and is none, is told to who reads it", async () => {
      const key = own("a");
      await store.put({ key, json: "{broken" });
      expect(await failureOf(store.get(key))).toMatchObject({
        code: "storage_corrupt",
        message: expect.stringMatching(
          /the value of ".*a" was given as the text of its JSON, and is none: .*; write it anew$/,
        ),
      });
      await store.put({ key, value: 1 });
      expect(await store.get(key)).toMatchObject({ value: 1 });
    });

    test("a ref is refused: in the next run it would mean nobody", async () => {
      const ref = await system().spawn(puppet);
      expect(await failureOf(store.put({ key: own("a"), value: { ref } }))).toMatchObject({
        code: "not_cloneable",
        message: expect.stringMatching(/^put: message\.ref is a ref/),
      });
    });

    describe("values", () => describeValues(store));
    describe("vectors", () => describeVectors(store));
    describe("hard luck", () => describeHardLuck(system, name, store));
  });
}
