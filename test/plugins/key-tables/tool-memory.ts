/** What users see of each key of what `memoryTools` makes. */
import { storageOf } from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { memoryConfig } from "../../../plugins/tool-memory/config.ts";
import { wordMemories } from "../../fixtures/memories.ts";
import type { Config, KeyDifference, KeyRun, KeyTable } from "./key-table.ts";
import { toolKeys } from "./tool-keys.ts";

const name = "tool-words";
const list = { tool: "list_memories" };
/** So many words take longer than that. */
const slow = {
  tool: "remember",
  arguments: { text: Array.from({ length: 10_000 }, (_, n) => `w${n}`).join(" ") },
  timeoutMs: 20,
};

/** Every key beside a store that is empty. */
const withStore = (look: KeyDifference["look"]): KeyDifference["look"] =>
  async function withIts(run) {
    const { system } = run;
    // In a thread of its own: while it works time goes on here.
    const store = await system.startPlugins([{ plugin: storageMemory, isolation: "thread" }]);
    try {
      return await look(run);
    } finally {
      // The plugin is stopped later, and needs no store for that.
      system.exit(store.ref, "shutdown");
      await store.exit;
    }
  };

const use = async ({ call }: KeyRun, tool: string, given: object) => {
  const outcome = await call("callTool", { name: tool, arguments: given });
  return "code" in outcome ? outcome : (JSON.parse((outcome.value as { readonly json: string }).json) as unknown);
};

/** What is found, and how it was kept. */
const looked = (texts: readonly (string | object)[], query: object, more: Config = {}): KeyDifference["look"] =>
  withStore(async (run) => {
    await run.start(more);
    const kept: unknown[] = [];
    for (const [n, text] of texts.entries())
      kept.push(await use(run, "remember", typeof text === "string" ? { id: `${n}`, text } : { id: `${n}`, ...text }));
    return [kept, await use(run, "recall", query)];
  });

const found =
  (...parameters: Parameters<typeof looked>): KeyDifference["look"] =>
  async (run) => {
    const [, { memories }] = (await looked(...parameters)(run)) as [unknown, { memories: { id: string }[] }];
    return memories.map(({ id }) => id);
  };

const sentences = Array.from({ length: 40 }, (_, n) => `Sentence number ${n} is here for its length.`).join(" ");
const twoOf = ["red", "red red red red red blue"];

export const table: KeyTable = {
  plugin: wordMemories,
  name,
  schema: memoryConfig,
  base: {},
  keys: {
    namespace: {
      changed: "mine",
      look: withStore(async (run) => {
        await run.start();
        await use(run, "remember", { id: "a", text: "a" });
        return (await storageOf(run.system, "storage-memory").list())
          .map(({ key }) => key)
          .filter((key) => !/\/[cdpw]\//.test(key));
      }),
    },
    chunkChars: { changed: 300, look: looked([sentences], { query: "length", k: 1 }) },
    overlapChars: { changed: 0, look: looked([sentences], { query: "length", k: 100 }) },
    // With the larger one more of the same word is worth more than one of each.
    k1: { changed: 10, look: found(["red red red red", "red blue and no", "blue and no more"], { query: "red blue" }) },
    b: { changed: 0, look: found(["red", "red red and eight other words of no use here"], { query: "red" }) },
    rankConstant: { changed: 1, look: looked(["red"], { query: "red" }) },
    candidates: { changed: 1, look: found(twoOf, { query: "red" }) },
    k: { changed: 1, look: found(twoOf, { query: "red" }) },
    maxCollections: {
      changed: 1,
      look: looked(
        [
          { text: "a", collection: "one" },
          { text: "b", collection: "two" },
        ],
        { query: "a" },
      ),
    },
    maxDocuments: { changed: 1, look: looked(twoOf, { query: "red" }) },
    maxBytes: { changed: 10, look: looked(twoOf, { query: "red" }) },
    maxDocumentBytes: { changed: 10, look: looked(twoOf, { query: "red" }) },
    ...Object.fromEntries(
      Object.entries(toolKeys({ name, call: list, slow })).map(([key, { look, ...rest }]) => [
        key,
        { ...rest, look: withStore(look) },
      ]),
    ),
  },
};
