/** Documents and their index agree after any operations, also of two plugins at the same time. Not in every placement: the store is asked, wherever the plugins run. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { storageOf, toolsOf } from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { embedder, memories, wordMemories } from "../../fixtures/memories.ts";
import { faultsOfMemories } from "../../support/memory-index.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });

const id = fc.constantFrom("a", "b", "c");
const collection = fc.constantFrom("main", "other");
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      tool: fc.constant("remember"),
      given: fc.record({
        id,
        collection,
        text: fc
          .array(fc.constantFrom("one", "two", "three", "four.", "\n\n", "五六", "x".repeat(90)), {
            minLength: 1,
            maxLength: 12,
          })
          .map((words) => `begin ${words.join(" ")}`),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ tool: fc.constant("forget"), given: fc.record({ id, collection }) }) },
);
/** Those of a group are asked for at once, of one plugin or the other. */
const groups = fc.array(
  fc.array(fc.record({ plugin: fc.constantFrom("tool-memory", "tool-words"), operation }), {
    minLength: 1,
    maxLength: 4,
  }),
  { minLength: 1, maxLength: 6 },
);

test("documents, index and vectors agree after whatever has been done, in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(groups, async (all) => {
      const plugins = await system().startPlugins([
        storageMemory,
        embedder,
        { plugin: memories, config: { chunkChars: 16, overlapChars: 6, maxDocuments: 2 } },
        { plugin: wordMemories, config: { chunkChars: 24, overlapChars: 0 } },
      ]);
      try {
        for (const group of all) {
          const outcomes = await Promise.allSettled(
            group.map(({ plugin, operation: { tool, given } }) => toolsOf(system(), plugin).call(tool, given)),
          );
          for (const outcome of outcomes)
            if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "tool_limit" });
          expect(await faultsOfMemories(storageOf(system(), "storage-memory"), "shared")).toEqual([]);
        }
      } finally {
        system().exit(plugins.ref, "shutdown");
        await plugins.exit;
      }
    }),
    { numRuns: 40 },
  );
});
