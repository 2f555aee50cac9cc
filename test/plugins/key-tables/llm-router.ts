/** What users see of each key of what `routeModels` makes. */
import { stopwatchMs } from "../../../core/index.ts";
import { modelOf } from "../../../index.ts";
import { routerConfig } from "../../../plugins/llm-router/config.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { budgeted, first, second } from "../../fixtures/routed-models.ts";
import type { Config, KeyRun, KeyTable } from "./key-table.ts";

const hello = { messages: [{ role: "user", content: "hello" }] } as const;
const name = "llm-router";
/** Above the changed time limits, far below the others. */
const pauseMs = 300;

const failing = (code: string, more: object = {}) => ({ content: "half", error: { code, ...more } });

/** With the first model's turns; the second always answers. */
async function withModels<T>(
  run: KeyRun,
  turns: readonly object[],
  look: () => Promise<T>,
  config: Config = {},
): Promise<T> {
  const { system } = run;
  const rules = (content: string) => [{ answer: { content } }];
  const models = await system.startPlugins([
    { plugin: first, config: { turns, rules: rules("first"), ...config } },
    { plugin: second, config: { rules: rules("second") } },
    { plugin: storageMemory },
  ]);
  try {
    return await look();
  } finally {
    system.exit(models.ref, "shutdown");
    await models.exit;
  }
}

const content = async ({ call }: KeyRun, more: Config = {}) => {
  const outcome = await call("chat", { ...hello, ...more });
  return "value" in outcome ? (outcome.value as { readonly content: string }).content : outcome.code;
};

/** What so many answers say. */
const contents =
  (turns: readonly object[], answers: number, more: Config = {}) =>
  (run: KeyRun) =>
    withModels(run, turns, async () => {
      await run.start(more);
      const all: unknown[] = [];
      for (let answer = 0; answer < answers; answer++) all.push(await content(run));
      return all;
    });

const slowly = (run: KeyRun) =>
  withModels(
    run,
    [],
    async () => {
      await run.start();
      return await content(run);
    },
    { firstDeltaMs: pauseMs },
  );

/** More than a minute's tokens, by so much that the next answer waits for about 100 ms. */
const tooMuch = { content: "first", usage: { inputTokens: 60_100, outputTokens: 0 } };

const usage = (more: Config) => (run: KeyRun) =>
  withModels(run, [], async () => {
    await run.start(more);
    const outcome = await run.call("chat", hello);
    return "value" in outcome ? (outcome.value as { readonly usage: unknown }).usage : outcome.code;
  });

const overloaded = failing("model_overloaded");

export const table: KeyTable = {
  plugin: budgeted,
  name,
  schema: routerConfig,
  base: {},
  keys: {
    attempts: { changed: 1, look: contents([overloaded], 1, { backoffMs: 0 }) },
    backoffMs: {
      changed: 0,
      look: (run) =>
        withModels(run, [overloaded], async () => {
          await run.start();
          const startMs = stopwatchMs();
          await content(run);
          // Half of the default, at least.
          return stopwatchMs() - startMs >= 100;
        }),
    },
    backoffMaxMs: { changed: 10, look: contents([failing("model_rate_limit", { retryAfterMs: 50 })], 1) },
    retryPercent: {
      changed: 0,
      look: contents(
        Array.from({ length: 24 }, (_, turn) => (turn % 2 === 0 ? overloaded : { content: "first" })),
        12,
        { backoffMs: 0, breakAfter: 100 },
      ),
    },
    breakAfter: { changed: 1, look: contents([failing("model_quota")], 2) },
    breakMs: {
      changed: 1,
      look: (run) =>
        withModels(run, [failing("model_quota")], async () => {
          await run.start({ breakAfter: 1 });
          const before = await content(run);
          const untilMs = stopwatchMs() + 20;
          while (stopwatchMs() < untilMs) await content(run);
          return [before, await content(run)];
        }),
    },
    midStream: {
      changed: "again",
      look: (run) =>
        withModels(run, [failing("model_network", { afterDeltas: 1 })], async () => {
          await run.start({ backoffMs: 0 });
          const seen: unknown[] = [];
          try {
            for await (const delta of modelOf(run.system, name).chat(hello)) seen.push(delta);
          } catch (error) {
            seen.push((error as { readonly code?: unknown }).code);
          }
          return seen;
        }),
    },
    hedgeAfterMs: { changed: 20, look: slowly },
    rateWaitMaxMs: { changed: 0, look: contents([tooMuch], 2) },
    prices: { changed: { scripted: { input: 1, output: 1 } }, look: usage({}) },
    currency: { changed: "EUR", look: usage({ prices: { scripted: { input: 1, output: 1 } } }) },
    budgets: {
      changed: { tight: { tokens: 1 } },
      look: (run) =>
        withModels(run, [], async () => {
          await run.start();
          return await content(run, { budgets: ["tight"] });
        }),
    },
    reserveOutputTokens: {
      changed: 10,
      look: (run) =>
        withModels(
          run,
          [],
          async () => {
            await run.start();
            await run.call("setBudget", { key: "one", tokens: 100 });
            const more = { budgets: ["one"] };
            return await Promise.all([content(run, more), content(run, more)]);
          },
          { firstDeltaMs: pauseMs },
        ),
    },
    maxConcurrent: {
      changed: 1,
      look: (run) =>
        withModels(
          run,
          [],
          async () => {
            await run.start();
            return await Promise.all([content(run), content(run)]);
          },
          { firstDeltaMs: pauseMs },
        ),
    },
    timeoutMs: { changed: 50, look: slowly },
    maxAnswerChars: { changed: 4, look: contents([], 1) },
  },
};
