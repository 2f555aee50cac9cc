/** What a store's client sends. Not in every placement: what it does it does in its caller's thread. That the store does the same by it is in the contract's suite. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Ref, RuntimeError, type StorageClient, storageOf } from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { type AskedOfStore, storeKeeper } from "../../fixtures/store-keeper.ts";
import { storeUser } from "../../fixtures/store-user.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf } from "./store.ts";

const system = useSystem({ threads: 1 });
let keeper: Ref;
let client: StorageClient;

beforeEach(async () => {
  keeper = await system().spawn(storeKeeper, undefined, { placement: { thread: 1 } });
  client = storageOf(system(), keeper);
});

const asked = async () => (await system().call(keeper, "asked")) as AskedOfStore[];
const calls = async () =>
  (await asked()).map(({ call, argument }) => (Array.isArray(argument) ? argument.length : call));

test("writes that are asked for at once go together, and each has its own answer", async () => {
  const answers = await Promise.all([client.put({ key: "a", value: 1 }), client.delete({ key: "b" })]);
  expect(answers).toEqual([{ key: "a" }, { key: "b" }]);
  expect(await asked()).toEqual([
    {
      call: "batch",
      argument: [
        { call: "put", argument: { key: "a", json: "1" } },
        { call: "delete", argument: { key: "b" } },
      ],
    },
  ]);
});

test("one that is alone is a call of its own", async () => {
  expect(await client.put({ key: "a", value: { b: [1] }, ttlMs: 5 })).toEqual({ version: 1 });
  expect(await asked()).toEqual([{ call: "put", argument: { key: "a", ttlMs: 5, json: '{"b":[1]}' } }]);
});

test("one that cannot be fails alone, with its code and its words", async () => {
  const [first, wrong, last] = await Promise.all([
    client.put({ key: "a", value: 1 }),
    failureOf(client.put({ key: "wrong", value: 1 })),
    client.put({ key: "b", value: 1 }),
  ]);
  expect([first, last]).toEqual([{ key: "a" }, { key: "b" }]);
  expect(wrong).toBeInstanceOf(RuntimeError);
  expect(wrong).toMatchObject({ code: "version_conflict", message: "it was told to" });
});

test("a failure of all of them is one of each", async () => {
  await system().call(keeper, "refuse", "queue_full");
  const all = [client.put({ key: "a", value: 1 }), client.put({ key: "b", value: 1 })];
  expect(await Promise.all(all.map(failureOf))).toMatchObject([{ code: "queue_full" }, { code: "queue_full" }]);
});

test("what is kept is what the value was when it was asked for", async () => {
  const value = { n: 1 };
  const first = client.put({ key: "a", value });
  value.n = 2;
  await Promise.all([first, client.put({ key: "b", value })]);
  expect(await asked()).toMatchObject([
    { argument: [{ argument: { json: '{"n":1}' } }, { argument: { json: '{"n":2}' } }] },
  ]);
});

test("what no store can keep is refused before it is sent, alone, and says where", async () => {
  const all = [
    failureOf(client.put({ key: "a", value: { b: () => {} } as unknown })),
    failureOf(client.append({ journal: "j", events: [1, Symbol("x")] as unknown[] })),
    client.put({ key: "c", value: 1 }),
  ];
  expect(await Promise.all(all)).toMatchObject([
    { code: "not_cloneable", message: expect.stringMatching(/^put: message\.b /) },
    { code: "not_cloneable", message: expect.stringMatching(/^append: events\[1\]: /) },
    { version: 1 },
  ]);
});

test("what JSON cannot say goes as it is, and the order stays", async () => {
  await Promise.all([
    client.put({ key: "a", value: 1 }),
    client.put({ key: "b", value: new Map([[1, 2]]) }),
    client.delete({ key: "a" }),
    client.putVector({ collection: "c", id: "a", vector: [1] }),
    client.put({ key: "c", value: undefined }),
    client.put({ key: "d", value: -0 }),
    client.put({ key: "e", value: 5 }),
  ]);
  expect(await asked()).toEqual([
    { call: "put", argument: { key: "a", json: "1" } },
    { call: "put", argument: { key: "b", value: new Map([[1, 2]]) } },
    { call: "delete", argument: { key: "a" } },
    { call: "putVector", argument: { collection: "c", id: "a", vector: [1] } },
    { call: "put", argument: { key: "c", value: undefined } },
    { call: "put", argument: { key: "d", value: -0 } },
    { call: "put", argument: { key: "e", json: "5" } },
  ]);
});

test("what has a toJSON that no loop meets is kept as it is, and not as that says", async () => {
  const toJSON = { value: () => "something else" };
  for (const value of [{ a: 1 }, [1, 2], { b: { a: 1 } }, [[1]]]) {
    const inner = (value as { b?: object }).b ?? (Array.isArray((value as unknown[])[0]) ? (value as [[1]])[0] : value);
    Object.defineProperty(inner, "toJSON", toJSON);
    await client.put({ key: "a", value });
  }
  expect((await asked()).map(({ argument }) => argument)).toEqual([
    { key: "a", value: { a: 1 } },
    { key: "a", value: [1, 2] },
    { key: "a", value: { b: { a: 1 } } },
    { key: "a", value: [[1]] },
  ]);
});

test("one that has its value and a text is the store's to refuse", async () => {
  const both = { key: "a", value: 1, json: "2" };
  await client.put(both as never);
  expect(await asked()).toEqual([{ call: "put", argument: both }]);
});

test("of events and of a transaction all become text, or none", async () => {
  const mixed = [{ type: "put", key: "a", value: 1 } as const, { type: "put", key: "b", value: new Set() } as const];
  await client.append({ journal: "j", events: [1, { a: 1 }], ifSeq: 0 });
  await client.append({ journal: "j", events: [1, new Date(0)] });
  await client.saveSnapshot({ journal: "j", seq: 1, state: "s" });
  await client.transact([
    { type: "put", key: "a", value: 1 },
    { type: "snapshot", journal: "j", seq: 1, state: "s" },
    { type: "append", journal: "j", events: ["e"] },
    { type: "prune", journal: "j", seq: 1 },
  ]);
  await client.transact(mixed);
  expect(await asked()).toEqual([
    { call: "append", argument: { journal: "j", json: ["1", '{"a":1}'], ifSeq: 0 } },
    { call: "append", argument: { journal: "j", events: [1, new Date(0)] } },
    { call: "saveSnapshot", argument: { journal: "j", seq: 1, json: '"s"' } },
    {
      call: "transact",
      argument: [
        { type: "put", key: "a", json: "1" },
        { type: "snapshot", journal: "j", seq: 1, json: '"s"' },
        { type: "append", journal: "j", json: ['"e"'] },
        { type: "prune", journal: "j", seq: 1 },
      ],
    },
    { call: "transact", argument: mixed },
  ]);
});

test("at most 100 go together", async () => {
  await Promise.all(Array.from({ length: 250 }, (_, at) => client.put({ key: `${at}`, value: at })));
  expect(await calls()).toEqual([100, 100, 50]);
});

test("they go together up to 256 KiB, and one above 64 KiB goes by itself", async () => {
  const large = "x".repeat(60_000);
  await Promise.all([
    ...Array.from({ length: 7 }, (_, at) => client.put({ key: `${at}`, value: large })),
    client.put({ key: "huge", value: large + large }),
    client.put({ key: "last", value: 1 }),
  ]);
  expect(await calls()).toEqual([5, 2, "put", "put"]);
});

test("a key that is far too long goes by itself, so that its refusal is no other's", async () => {
  const key = "k".repeat(70_000);
  await Promise.all([client.put({ key: "a", value: 1 }), client.delete({ key }), client.put({ key, value: 1 })]);
  expect(await calls()).toEqual(["put", "delete", "put"]);
});

test("reads by key that are asked for at once go together, and each has its own answer", async () => {
  const answers = await Promise.all([
    client.get("text"),
    client.get("none"),
    client.get("objects"),
    failureOf(client.get("spoiled")),
    client.get("much"),
    failureOf(client.get("no JSON")),
  ]);
  expect(answers).toEqual([
    { key: "text", value: { a: 1 }, version: 7, expiresAtMs: undefined },
    undefined,
    { key: "objects", value: new Map() },
    expect.objectContaining({ code: "storage_corrupt", message: "it is spoiled" }),
    { key: "much" },
    expect.objectContaining({
      code: "storage_corrupt",
      message: expect.stringMatching(/^the value of "no JSON" was given as the text of its JSON, and is none/),
    }),
  ]);
  expect(await asked()).toEqual([
    { call: "getBatch", argument: ["text", "none", "objects", "spoiled", "much", "no JSON"] },
    { call: "get", argument: "much" },
  ]);
});

test("a read that is alone, or of what is no key, is a call of its own", async () => {
  expect(await client.get("a")).toEqual({ key: "a" });
  await Promise.all([client.get("b"), client.get(7 as never)]);
  expect(await asked()).toEqual([
    { call: "get", argument: "a" },
    { call: "get", argument: 7 },
    { call: "get", argument: "b" },
  ]);
});

test.each(["", "a\0b", "\ud800", "k".repeat(513)])(
  "a read of %j, which is no key, costs those beside it nothing",
  async (wrong) => {
    const found = await Promise.all([client.get("text"), client.get(wrong), client.get("none")]);
    expect(found).toMatchObject([{ value: { a: 1 } }, { key: wrong }, undefined]);
    expect(await asked()).toEqual([
      { call: "get", argument: wrong },
      { call: "getBatch", argument: ["text", "none"] },
    ]);
  },
);

test.each([[undefined], [[]], [{}], [[null, 5]]])(
  "who answers a batch by %j is no store: each call fails",
  async (answer) => {
    await system().call(keeper, "answerBatches", answer);
    const all = [client.put({ key: "a", value: 1 }), client.delete({ key: "a" }), client.get("a"), client.get("b")];
    const failure = {
      code: "storage_failed",
      message: expect.stringMatching(
        /^a batch is answered by a list with an outcome for each, got .*: is that a store\?$/,
      ),
    };
    expect(await Promise.all(all.map(failureOf))).toMatchObject([failure, failure, failure, failure]);
  },
);

test("of a batch whose answer is too short those fail that have none", async () => {
  await system().call(keeper, "answerBatches", [{ value: 1 }]);
  const all = [client.put({ key: "a", value: 1 }), failureOf(client.put({ key: "b", value: 1 }))];
  expect(await Promise.all(all)).toMatchObject([1, { code: "storage_failed" }]);
});

test("a failure of reads that went together is one of each", async () => {
  await system().call(keeper, "refuse", "storage_failed");
  const all = [client.get("a"), client.get("b")];
  expect(await Promise.all(all.map(failureOf))).toMatchObject([{ code: "storage_failed" }, { code: "storage_failed" }]);
});

test("its calls have the options that it was made with", async () => {
  expect(await failureOf(storageOf(system(), keeper, { timeoutMs: -1 }).get("a"))).toMatchObject({
    code: "bad_argument",
    message: expect.stringContaining("timeoutMs"),
  });
});

test.each([[""], [undefined], [7], [{}]])("a store by %j is refused", (store) => {
  expect(() => storageOf(system(), store as never)).toThrow(
    expect.objectContaining({
      code: "bad_argument",
      message: expect.stringMatching(/^storageOf: the store is the name of a plugin, or a ref, got /),
    }),
  );
});

describe("of a plugin", () => {
  test("it reaches the store that the plugin requires, by its bus", async () => {
    await system().startPlugins([{ plugin: storageMemory }, { plugin: storeUser }]);
    expect(await system().call("plugin.store-user", "keep", ["a", "b"])).toEqual([
      ["a", "of a"],
      ["b", "of b"],
    ]);
  });

  test("it takes no name of a store: that would get around what is required", () => {
    const bus = { request: () => Promise.resolve(1) };
    expect(() => (storageOf as (...given: unknown[]) => unknown)(bus, "storage-sqlite")).toThrow(
      expect.objectContaining({
        code: "bad_argument",
        message: expect.stringContaining("the one store that it requires"),
      }),
    );
  });
});
