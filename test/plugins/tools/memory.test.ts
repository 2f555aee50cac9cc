/** `tool-memory`: what is remembered is found, by words and by vectors, and forgotten. Its keys are looked at in `key-tables/tool-memory`. */
import { afterEach, expect, test } from "@jest/globals";
import {
  type AnyPlugin,
  type PluginUse,
  type SupervisorHandle,
  storageOf,
  type ToolsClient,
  toolsOf,
} from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import type { MemoryConfig } from "../../../plugins/tool-memory/index.ts";
import { embedder, memories, named, wordMemories } from "../../fixtures/memories.ts";
import { faultsOfMemories } from "../../support/memory-index.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const running: SupervisorHandle[] = [];

afterEach(async () => {
  for (const one of running.splice(0).reverse()) await stop(one);
});

async function stop({ ref, exit }: SupervisorHandle): Promise<void> {
  system().exit(ref, "shutdown");
  await exit;
}

async function start(...uses: readonly (AnyPlugin | PluginUse)[]) {
  const handle = await system().startPlugins(uses);
  running.push(handle);
  return handle;
}

async function withVectors(config: Partial<MemoryConfig> = {}): Promise<ToolsClient> {
  await start(storageMemory, embedder, { plugin: memories, config: { ...config } });
  return toolsOf(system(), "tool-memory");
}

async function byWords(config: Partial<MemoryConfig> = {}): Promise<ToolsClient> {
  await start(storageMemory, { plugin: wordMemories, config: { ...config } });
  return toolsOf(system(), "tool-words");
}

interface Recalled {
  readonly memories: readonly { readonly id: string; readonly text: string; readonly score: number }[];
  readonly note?: string;
}

const recall = async (tools: ToolsClient, query: string, more: object = {}) =>
  (await tools.call("recall", { query, ...more })) as Recalled;
const ids = async (tools: ToolsClient, query: string, more: object = {}) =>
  (await recall(tools, query, more)).memories.map(({ id }) => id);
const faults = (namespace = "shared") => faultsOfMemories(storageOf(system(), "storage-memory"), namespace);

test("what is remembered is found by its words, with its metadata", async () => {
  const tools = await byWords();
  await tools.call("remember", { id: "n1", text: "The gate code is 4711.", metadata: { topic: "house" } });
  await tools.call("remember", { id: "n2", text: "Bread is bought on Fridays." });
  expect(await recall(tools, "what is the code of the gate?")).toEqual({
    memories: [
      {
        id: "n1",
        text: "The gate code is 4711.",
        score: 1 / 61,
        chunk: 0,
        chunks: 1,
        metadata: { topic: "house" },
      },
      { id: "n2", text: "Bread is bought on Fridays.", score: 1 / 62, chunk: 0, chunks: 1, metadata: {} },
    ],
  });
});

test("the order by words is that of BM25", async () => {
  const tools = await byWords();
  for (const [id, text] of Object.entries({ d1: "apple banana apple", d2: "banana cherry", d3: "apple" }))
    await tools.call("remember", { id, text });
  expect(await ids(tools, "apple")).toEqual(["d3", "d1"]);
  expect(await ids(tools, "apple banana")).toEqual(["d1", "d3", "d2"]);
});

test("a long text is found in the chunk that has the answer", async () => {
  const tools = await byWords({ chunkChars: 60, overlapChars: 0 });
  const text = "The heating is in the cellar, behind the door. The key hangs at the window. Oil comes in May.";
  expect(await tools.call("remember", { id: "house", text })).toEqual({ id: "house", chunks: 2, isReplaced: false });
  expect(await recall(tools, "the key and the window", { k: 1 })).toMatchObject({
    memories: [{ id: "house", text: "The key hangs at the window. Oil comes in May.", chunk: 1, chunks: 2 }],
  });
});

test("words and vectors together find what one of them ranks high", async () => {
  const tools = await withVectors();
  await tools.call("remember", { id: "far", text: "Ships sail." });
  await tools.call("remember", { id: "near", text: "A dog barks at night." });
  const { memories: found, note } = await recall(tools, "dog at night");
  // First by both: 1/61 twice. The other has no word of it, and is the second by its vector alone.
  expect(found.map(({ id, score }) => [id, score])).toEqual([
    ["near", 2 / 61],
    ["far", 1 / 62],
  ]);
  expect(note).toBeUndefined();
});

const corpus = {
  bread: "For a bread mix flour, water, salt and yeast. Let the dough rest overnight, and bake it for forty minutes.",
  bicycle: "When the chain of a bicycle jumps, the sprockets are worn: change the chain and the cassette together.",
  tax: "The tax return is due at the end of July; an adviser has time until February of the next year.",
  garden: "Tomatoes are planted after the last frost in May, and want water at the roots and not on the leaves.",
  router: "If the router blinks red there is no line: pull the plug, wait a minute, and put it in again.",
  library: "Books are lent for four weeks. A loan is prolonged twice unless somebody else has ordered the book.",
  coffee: "For a good coffee take water of ninety-four degrees and sixteen grams of beans, ground just before.",
  medicine: "The pills are taken at eight in the morning, before breakfast, with a glass of water.",
};

test.each([
  ["bread: for how many minutes do I bake it?", "bread"],
  ["bicycle chain jumps", "bicycle"],
  ["when is my tax return due", "tax"],
  ["planting tomatoes: when is the last frost?", "garden"],
  ["the router blinks red", "router"],
  ["for how many weeks are books lent", "library"],
  ["how many grams of beans for a coffee", "coffee"],
  ["pills before breakfast?", "medicine"],
])("of eight notes the one that answers comes first: %s", async (query, id) => {
  const tools = await withVectors();
  for (const [one, text] of Object.entries(corpus)) await tools.call("remember", { id: one, text });
  expect((await ids(tools, query))[0]).toBe(id);
});

test("languages without spaces are found by their words", async () => {
  const tools = await byWords();
  await tools.call("remember", { id: "zh", text: "我喜欢北京的秋天。" });
  await tools.call("remember", { id: "th", text: "สวัสดีชาวโลก" });
  expect(await ids(tools, "北京")).toEqual(["zh"]);
  expect(await ids(tools, "โลก")).toEqual(["th"]);
});

test("a filter holds for words and for vectors", async () => {
  const tools = await withVectors();
  for (const year of [2024, 2025, 2026])
    await tools.call("remember", { id: `${year}`, text: "the report of the year", metadata: { year } });
  expect(await ids(tools, "report", { filter: { year: 2025 } })).toEqual(["2025"]);
  expect(await ids(tools, "report", { filter: { year: "2025" } })).toEqual([]);
});

test("a filter passes over more than are looked up at once", async () => {
  const tools = await byWords();
  for (let n = 0; n < 250; n++) await tools.call("remember", { id: `other ${n}`, text: "a word", metadata: { n } });
  await tools.call("remember", { id: "this", text: "a word among very many others of that kind", metadata: { n: -1 } });
  expect(await ids(tools, "word", { filter: { n: -1 } })).toEqual(["this"]);
});

test("what is remembered under an id takes the place of what was there", async () => {
  const tools = await withVectors();
  await tools.call("remember", { id: "plan", text: "We meet on Monday." });
  expect(await tools.call("remember", { id: "plan", text: "We meet on Tuesday." })).toMatchObject({ isReplaced: true });
  expect(await ids(tools, "monday", { k: 10 })).toEqual(["plan"]); // by its vector
  expect((await recall(tools, "meet")).memories.map(({ text }) => text)).toEqual(["We meet on Tuesday."]);
  expect(await faults()).toEqual([]);
});

test("what is forgotten leaves nothing in the store", async () => {
  const tools = await withVectors();
  await tools.call("remember", { id: "a/b c", text: "A secret." });
  expect(await tools.call("forget", { id: "a/b c" })).toEqual({ isForgotten: true });
  expect(await tools.call("forget", { id: "a/b c" })).toEqual({ isForgotten: false });
  expect(await ids(tools, "secret")).toEqual([]);
  expect(await storageOf(system(), "storage-memory").list({ prefix: "memory" })).toEqual([]);
});

test("collections are apart, and listed", async () => {
  const tools = await byWords();
  await tools.call("remember", { id: "a", text: "red paint", collection: "work" });
  await tools.call("remember", { id: "a", text: "red wine" });
  expect((await recall(tools, "red")).memories.map(({ text }) => text)).toEqual(["red wine"]);
  expect(await tools.call("list_memories", { collection: "work" })).toEqual({
    collections: [
      { name: "main", documents: 1, bytes: 10 },
      { name: "work", documents: 1, bytes: 11 },
    ],
    memories: [
      { id: "a", begin: "red paint", chunks: 1, bytes: 11, written: expect.stringMatching(/^\d{4}-/), metadata: {} },
    ],
  });
});

test("a list goes on behind an id", async () => {
  const tools = await byWords();
  for (const id of ["c", "a", "b"]) await tools.call("remember", { id, text: id });
  const page = async (more: object) =>
    ((await tools.call("list_memories", more)) as { memories: { id: string }[] }).memories.map(({ id }) => id);
  expect([await page({ limit: 2 }), await page({ limit: 2, after: "b" })]).toEqual([["a", "b"], ["c"]]);
});

test("a collection is cleared when somebody has approved of that", async () => {
  const tools = await withVectors();
  for (const id of ["a", "b"]) await tools.call("remember", { id, text: id, collection: "old" });
  const onApproval = (id: string) => void tools.decide({ id, isApproved: true });
  expect(await tools.call("clear_memories", { collection: "old" }, { onApproval })).toEqual({ forgotten: 2 });
  expect(await storageOf(system(), "storage-memory").list({ prefix: "memory" })).toEqual([]);
});

test("namespaces of two plugins are apart", async () => {
  const tools = await byWords({ namespace: "anna" });
  await start(embedder, { plugin: memories, config: { namespace: "ben" } });
  await tools.call("remember", { id: "a", text: "a diary" });
  expect(await ids(toolsOf(system(), "tool-memory"), "diary")).toEqual([]);
  expect([await faults("anna"), await faults("ben")]).toEqual([[], []]);
});

test("plugins of one namespace that write at the same time lose nothing of each other", async () => {
  const tools = [await byWords()];
  await start(embedder, memories);
  tools.push(toolsOf(system(), "tool-memory"));
  const writes = Array.from({ length: 16 }, (_, n) =>
    (tools[n % 2] as ToolsClient).call("remember", { id: `${n % 10}`, text: `word${n} common` }),
  );
  await Promise.all(writes);
  expect(new Set(await ids(tools[0] as ToolsClient, "common", { k: 100 })).size).toBe(10);
  expect(await faults()).toEqual([]);
});

test("vectors of another length are refused, and say what to do", async () => {
  const storage = await start(storageMemory);
  running.pop();
  let models = await system().startPlugins([embedder, memories]);
  const tools = toolsOf(system(), "tool-memory");
  await tools.call("remember", { id: "a", text: "old" });
  await stop(models);
  models = await system().startPlugins([{ plugin: embedder, config: { dimensions: 32 } }, memories]);
  const refused = {
    code: "tool_denied",
    message:
      'the collection main has vectors of the model "scripted" (64 numbers), and the model is "scripted" (32 numbers) now: ' +
      "use another collection, or clear this one and remember its texts anew",
  };
  await expect(tools.call("remember", { id: "b", text: "new" })).rejects.toMatchObject(refused);
  await expect(recall(tools, "old")).rejects.toMatchObject(refused);
  expect(await faults()).toEqual([]);
  await tools.call("forget", { id: "a" });
  await tools.call("remember", { id: "b", text: "new" });
  expect(await ids(tools, "new")).toEqual(["b"]);
  await stop(models);
  await stop(storage);
});

test("so are those of another model of the same length", async () => {
  const tools = await withVectors();
  await start(named);
  await tools.call("remember", { text: "old" });
  await expect(toolsOf(system(), "tool-named").call("remember", { text: "new" })).rejects.toMatchObject({
    code: "tool_denied",
    message: expect.stringContaining('and the model is "another" (64 numbers) now') as unknown,
  });
});

test("a query that gets no vector is answered by words, and says so", async () => {
  const storage = await start(storageMemory);
  running.pop();
  const models = await system().startPlugins([embedder]);
  const memory = await system().startPlugins([memories]);
  const tools = toolsOf(system(), "tool-memory");
  await tools.call("remember", { id: "a", text: "a blue door" });
  await tools.call("remember", { id: "b", text: "no such thing" });
  await stop(models);
  const { memories: found, note } = await recall(tools, "door");
  expect([found.map(({ id }) => id), note]).toEqual([
    ["a"],
    expect.stringMatching(/^found by words alone, since there are no vectors now: /),
  ]);
  expect(await system().call("plugin.tool-memory", "health")).toMatchObject({ status: "degraded" });
  await stop(memory);
  await stop(storage);
});

test("a text whose vectors cannot be had is not kept by half", async () => {
  const storage = await start(storageMemory);
  running.pop();
  const models = await system().startPlugins([embedder]);
  const memory = await system().startPlugins([memories]);
  await stop(models);
  await expect(toolsOf(system(), "tool-memory").call("remember", { text: "a" })).rejects.toThrow();
  expect(await storageOf(system(), "storage-memory").list()).toEqual([]);
  await stop(memory);
  await stop(storage);
});

test.each([
  ["documents", { maxDocuments: 1 }, "the collection main is full (maxDocuments is 1)"],
  ["bytes", { maxBytes: 8 }, "the collection main is full (maxBytes is 8, and with this there were 13)"],
])("a collection has no more %s than it may have", async (_what, config, message) => {
  const tools = await byWords(config);
  await tools.call("remember", { id: "a", text: "one" });
  await expect(tools.call("remember", { id: "b", text: "second" })).rejects.toMatchObject({
    code: "tool_limit",
    message: expect.stringContaining(message) as unknown,
  });
  // What takes its place is not beside it.
  await tools.call("remember", { id: "a", text: "two" });
  expect(await faults()).toEqual([]);
});

test("there are no more collections than there may be, until one is empty", async () => {
  const tools = await byWords({ maxCollections: 1 });
  await tools.call("remember", { id: "a", text: "a", collection: "one" });
  const other = () => tools.call("remember", { text: "b", collection: "two" });
  await expect(other()).rejects.toMatchObject({ code: "tool_limit" });
  await tools.call("forget", { id: "a", collection: "one" });
  expect(await other()).toMatchObject({ chunks: 1 });
});

test.each([
  ["white space", { text: " \n" }, "tool_arguments"],
  ["more than a document may have", { text: "x".repeat(101) }, "tool_limit"],
  ["a collection with a slash", { text: "a", collection: "a/b" }, "tool_arguments"],
  ["metadata that are no values", { text: "a", metadata: { a: {} } }, "tool_arguments"],
  ["an id with a control character", { text: "a", id: "a\0" }, "tool_arguments"],
])("%s is refused", async (_what, given, code) => {
  const tools = await byWords({ maxDocumentBytes: 100 });
  await expect(tools.call("remember", given)).rejects.toMatchObject({ code });
  expect(await storageOf(system(), "storage-memory").list()).toEqual([]);
});

test("halves of a pair are no harm", async () => {
  const tools = await byWords();
  await tools.call("remember", { id: "a", text: "half \ud800 pair" });
  expect((await recall(tools, "half \ud800")).memories.map(({ text }) => text)).toEqual(["half \ufffd pair"]);
});

test("a document as large as it may be, with a word of its own at every place, is kept whole and forgotten whole", async () => {
  const tools = await byWords();
  const text = Array.from({ length: 30_000 }, (_, n) => `w${n.toString(36)}`).join(" ");
  await tools.call("remember", { id: "large", text });
  expect(await ids(tools, "wn5b", { k: 1 })).toEqual(["large"]);
  expect(await faults()).toEqual([]);
  await tools.call("forget", { id: "large" });
  expect(await storageOf(system(), "storage-memory").list()).toEqual([]);
});
