/** The tools, as a model sees them. */
import { randomUUID } from "node:crypto";
import { defineTool, type JsonSchema, type Tool, ToolError } from "../../core/index.ts";
import { chunksOf } from "./chunks.ts";
import type { Collections } from "./collections.ts";
import type { MemoryConfig } from "./config.ts";
import type { Embedder } from "./embedder.ts";
import type { Metadata } from "./memory-keys.ts";
import type { Recall } from "./recall.ts";

export interface MemoryParts {
  readonly collections: Collections;
  readonly recall: Recall;
  readonly embedder: Embedder | undefined;
  readonly config: MemoryConfig;
  wallMs(): number;
}

const collectionDefault = "main";
/** A query is a question: each of its words is looked up. */
const queryCharsMax = 2_000;
const listDefault = 20;
const listMax = 100;

const collection = {
  type: "string",
  pattern: "^[a-zA-Z0-9_-]{1,40}$",
  description: `A name for memories that belong together. Default "${collectionDefault}".`,
};
const id = { type: "string", minLength: 1, maxLength: 200, pattern: "^[^\\u0000-\\u001f]+$" };
const metadata = {
  type: "object",
  maxProperties: 32,
  propertyNames: { maxLength: 64 },
  additionalProperties: { type: ["string", "number", "boolean", "null"], maxLength: 1_000 },
};

function objectOf(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

interface Remember {
  readonly text: string;
  readonly id?: string;
  readonly metadata?: Metadata;
  readonly collection?: string;
}

interface Asked {
  readonly query: string;
  readonly k?: number;
  readonly filter?: Metadata;
  readonly collection?: string;
}

export function memoryToolList(parts: MemoryParts): readonly Tool[] {
  const { collections, recall, config } = parts;
  return [
    defineTool<Remember, unknown>({
      name: "remember",
      description:
        "Keeps a text for later, so that recall finds it. With an id that was used before it takes the place of that text.",
      input: objectOf(
        {
          text: { type: "string", minLength: 1 },
          id: { ...id, description: "Default: a new one." },
          metadata: { ...metadata, description: "What recall can filter by." },
          collection,
        },
        ["text"],
      ),
      run: (given, { signal }) => remember(parts, given, signal),
    }),
    defineTool<Asked, unknown>({
      name: "recall",
      description:
        "Finds what was remembered, by the words and the meaning of a query. The best comes first; long texts are found in chunks.",
      input: objectOf(
        {
          query: { type: "string", minLength: 1, maxLength: queryCharsMax },
          k: { type: "integer", minimum: 1, maximum: 100, description: `How many. Default ${config.k}.` },
          filter: { ...metadata, description: "Fields of the metadata, each with just that value." },
          collection,
        },
        ["query"],
      ),
      isReadOnly: true,
      run: ({ query, k = config.k, filter = {}, collection: name = collectionDefault }, { signal }) =>
        recall.find({ collection: name, query: query.toWellFormed(), k, filter }, signal),
    }),
    defineTool<{ readonly id: string; readonly collection?: string }, unknown>({
      name: "forget",
      description: "Forgets a text that was remembered, by its id.",
      input: objectOf({ id, collection }, ["id"]),
      run: async ({ id: one, collection: name = collectionDefault }, { signal }) => ({
        isForgotten: await collections.delete(name, one, signal),
      }),
    }),
    defineTool<{ readonly collection?: string; readonly after?: string; readonly limit?: number }, unknown>({
      name: "list_memories",
      description: "Lists the collections, and of one of them what it has, in the order of the ids.",
      input: objectOf({
        collection,
        after: { ...id, description: "Behind this id." },
        limit: { type: "integer", minimum: 1, maximum: listMax, description: `Default ${listDefault}.` },
      }),
      isReadOnly: true,
      run: ({ collection: name = collectionDefault, after, limit = listDefault }) =>
        listMemories(collections, name, after, limit),
    }),
    defineTool<{ readonly collection: string }, unknown>({
      name: "clear_memories",
      description: "Forgets all that a collection has.",
      input: objectOf({ collection }, ["collection"]),
      needsApproval: true,
      run: async ({ collection: name }, call) => {
        let forgotten = 0;
        for (;;) {
          const some = await collections.documents(name, undefined, listMax);
          if (some.length === 0) return { forgotten };
          for (const { id: one } of some) if (await collections.delete(name, one, call.signal)) forgotten++;
          await call.progress({ forgotten });
        }
      },
    }),
  ];
}

async function remember(parts: MemoryParts, given: Remember, signal: AbortSignal): Promise<object> {
  const { collections, embedder, config } = parts;
  const { id: one = randomUUID(), metadata: fields = {}, collection: name = collectionDefault } = given;
  const text = given.text.toWellFormed();
  const bytes = Buffer.byteLength(text);
  if (bytes > config.maxDocumentBytes)
    throw new ToolError(
      "tool_limit",
      `the text has ${bytes} bytes, and maxDocumentBytes is ${config.maxDocumentBytes}: remember it in parts`,
    );
  const chunks = chunksOf(text, config);
  if (chunks.length === 0) throw new ToolError("tool_arguments", "the text has nothing but white space");
  const embedded = await embedder?.embed(chunks, signal);
  const isReplaced = await collections.put(
    name,
    {
      id: one,
      metadata: fields,
      chunks,
      vectors: embedded?.vectors,
      bytes: bytes + Buffer.byteLength(JSON.stringify(fields)),
      writtenMs: parts.wallMs(),
    },
    embedded?.embedding,
    signal,
  );
  return { id: one, chunks: chunks.length, isReplaced };
}

async function listMemories(collections: Collections, name: string, after: string | undefined, limit: number) {
  const names = await collections.names();
  const [all, found] = await Promise.all([
    Promise.all(
      names.map(async (one) => {
        const { documents, bytes } = await collections.figures(one);
        return { name: one, documents, bytes };
      }),
    ),
    collections.documents(name, after, limit),
  ]);
  const memories = found.map(({ id: one, begin, chunks, bytes, writtenMs, metadata: fields }) => ({
    id: one,
    begin,
    chunks,
    bytes,
    written: new Date(writtenMs).toISOString(),
    metadata: fields,
  }));
  return { collections: all, memories };
}
