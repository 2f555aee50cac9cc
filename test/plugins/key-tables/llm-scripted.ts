/** What users see of each key of `llm-scripted`. */
import { stopwatchMs } from "../../../core/index.ts";
import { modelOf } from "../../../index.ts";
import { scriptedConfig } from "../../../plugins/llm-scripted/config.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import type { KeyRun, KeyTable } from "./key-table.ts";

const hello = { messages: [{ role: "user", content: "hello, model" }] } as const;
const name = "llm-scripted";

/** Above what a turn takes, far below the time limits. */
const pauseMs = 300;

async function answer({ start, call }: KeyRun): Promise<unknown> {
  await start();
  return await call("chat", hello);
}

async function isSlow({ start, call }: KeyRun): Promise<boolean> {
  await start();
  const startMs = stopwatchMs();
  await call("chat", hello);
  return stopwatchMs() - startMs >= pauseMs;
}

/** Which of twenty chats have failed. */
async function failures({ start, call }: KeyRun, more: Readonly<Record<string, unknown>> = {}): Promise<boolean[]> {
  await start(more);
  const failed: boolean[] = [];
  for (let chat = 0; chat < 20; chat++) failed.push("code" in (await call("chat", hello)));
  return failed;
}

export const table: KeyTable = {
  plugin: llmScripted,
  name,
  schema: scriptedConfig,
  base: {},
  keys: {
    turns: { changed: [{ content: "first" }], look: answer },
    rules: { changed: [{ answer: { content: "always" } }], look: answer },
    model: { changed: "another", look: answer },
    deltaChars: {
      changed: 3,
      async look({ system, start }) {
        await start();
        const texts: unknown[] = [];
        for await (const delta of modelOf(system, name).chat(hello)) texts.push(delta);
        return texts;
      },
    },
    firstDeltaMs: { changed: pauseMs, look: isSlow },
    deltaMs: { changed: pauseMs, look: isSlow },
    faultsPerMille: { changed: 1_000, look: failures },
    seed: { changed: 1, look: (run) => failures(run, { faultsPerMille: 500 }) },
    dimensions: {
      changed: 8,
      async look({ start, call }) {
        await start();
        return await call("embed", { texts: ["a few words"] });
      },
    },
    maxConcurrent: {
      changed: 1,
      async look({ system, start, call }) {
        await start({ firstDeltaMs: 60_000, turns: [{ content: "late" }] });
        const first = modelOf(system, name).chat(hello);
        const health = await call("health");
        const second = modelOf(system, name).chat(hello);
        // It is refused at once, or waits as the first does.
        const outcome = await Promise.race([
          second.answer().then(
            () => "answered",
            (error: unknown) => (error as { readonly code?: unknown }).code,
          ),
          call("health")
            .then(() => call("health"))
            .then(() => "waits"),
        ]);
        first.cancel();
        second.cancel();
        return [health, outcome];
      },
    },
    timeoutMs: {
      changed: 50,
      async look(run) {
        await run.start({ firstDeltaMs: pauseMs });
        return await run.call("chat", hello);
      },
    },
    silenceTimeoutMs: {
      changed: 50,
      async look(run) {
        await run.start({ firstDeltaMs: pauseMs });
        return await run.call("chat", hello);
      },
    },
    maxAnswerChars: { changed: 4, look: answer },
  },
};
