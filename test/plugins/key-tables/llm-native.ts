/** What users see of each key of `llm-native`, over tiny models. */
import { availableParallelism } from "node:os";
import { nativeConfig } from "../../../plugins/llm-native/config.ts";
import { llmNative } from "../../../plugins/llm-native/index.ts";
import { llamaBinary } from "../../support/known-services.ts";
import { TinyModels } from "../../support/tiny-models.ts";
import type { KeyRun, KeyTable } from "./key-table.ts";
import { hello } from "./model-table.ts";

const models = new TinyModels();
const file = models.path("usual.gguf");
const otherFile = models.path("other.gguf");
/** Answers of some thousand words that come to no end by themselves, behind a prompt that takes a while to be read. */
const long = { model: "usual/raw", messages: [{ role: "user", content: `${"x".repeat(1_000)}~` }] } as const;
const isStarted = async ({ start }: KeyRun, more: object = {}) =>
  await start(more as Record<string, unknown>).then(
    () => true,
    () => false,
  );
const lookAtChat = async ({ start, call }: KeyRun, request: object = hello) => {
  await start();
  return await call("chat", request);
};

export const table: KeyTable = {
  plugin: llmNative,
  name: "llm-native",
  schema: nativeConfig,
  base: { file, threads: 1 },
  needs: llamaBinary,
  async prepare() {
    models.write("usual", { contextLength: 2_048 });
    models.write("other", { sentence: ["Quite", " another", " one", "!"] });
  },
  async remove() {
    models.remove();
  },
  keys: {
    file: { from: file, changed: otherFile, look: (run) => lookAtChat(run) },
    embeddingFile: {
      changed: otherFile,
      async look({ start, call }) {
        await start();
        return await call("embed", { texts: ["a"] });
      },
    },
    contextSize: {
      changed: 256,
      look: (run) => lookAtChat(run, { messages: [{ role: "user", content: "x".repeat(400) }] }),
    },
    sequences: {
      changed: 1,
      // Of a long answer and a short one that was asked for behind it, which is there first.
      async look({ start, call }) {
        await start();
        const order: string[] = [];
        const first = call("chat", long).then(() => order.push("long"));
        await call("chat", hello).then(() => order.push("short"));
        await first;
        return order;
      },
    },
    threads: {
      changed: availableParallelism() + 1,
      async look({ start, call }) {
        await start();
        return await call("health");
      },
    },
    gpu: { changed: "cuda", look: (run) => isStarted(run) },
    memoryMb: { changed: 1, look: (run) => isStarted(run) },
    maxConcurrent: {
      changed: 1,
      async look({ start, call }) {
        await start();
        const first = call("chat", long);
        const second = await call("chat", hello);
        await first;
        return second;
      },
    },
    timeoutMs: { changed: 5, look: (run) => lookAtChat(run, long) },
    silenceTimeoutMs: { changed: 1, look: (run) => lookAtChat(run, long) },
    maxAnswerChars: { changed: 4, look: (run) => lookAtChat(run) },
  },
};
