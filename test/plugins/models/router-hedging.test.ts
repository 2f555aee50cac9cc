/** `llm-router` with `hedgeAfterMs`: who is slow to begin has another asked beside it. */
import { afterEach, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf, type SupervisorHandle } from "../../../index.ts";
import type { RouterConfig } from "../../../plugins/llm-router/index.ts";
import type { ScriptedConfig } from "../../../plugins/llm-scripted/index.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { codeOf } from "../../support/bad-input.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
let running: SupervisorHandle | undefined;

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
});

/** Its one place is free again, and is taken by nobody for so long that the question times out. */
async function expectRoom(name: string): Promise<void> {
  for (let code: unknown = "queue_full"; code === "queue_full"; )
    code = await codeOf(modelOf(system(), name).chat(hello, { timeoutMs: 50 }).answer());
}

/** It never begins, as far as a test goes. */
const silent: Partial<ScriptedConfig> = { firstDeltaMs: 60_000, rules: [{ answer: { content: "first" } }] };
const answering = (content: string): Partial<ScriptedConfig> => ({ rules: [{ answer: { content } }] });
const failing = (code: string): Partial<ScriptedConfig> => ({
  rules: [{ answer: { error: { code, message: "by script" } } }],
});

async function start(
  ofFirst: Partial<ScriptedConfig>,
  ofSecond: Partial<ScriptedConfig>,
  config: Partial<RouterConfig> = {},
): Promise<void> {
  running = await system().startPlugins([
    { plugin: first, config: ofFirst },
    { plugin: second, config: ofSecond },
    { plugin: routed, config: { backoffMs: 0, attempts: 1, hedgeAfterMs: 20, ...config } },
  ]);
}

const chat = (request = hello) => modelOf(system(), "llm-router").chat(request);

test("the second one is asked beside a first that does not begin, and answers; the first is let go of", async () => {
  await start({ ...silent, maxConcurrent: 1 }, answering("second"));
  expect((await chat().answer()).content).toBe("second");
  await expectRoom("llm-first");
});

test("a first that has begun is waited for, however slowly it goes on", async () => {
  const slowly = { deltaMs: 200, deltaChars: 1, rules: [{ answer: { content: "slow" } }] };
  await start(slowly, answering("second"), { hedgeAfterMs: 500 });
  expect((await chat().answer()).content).toBe("slow");
});

test("a second that fails is no failure of the answer, whatever its class", async () => {
  await start({ firstDeltaMs: 300, rules: [{ answer: { content: "first" } }] }, failing("model_rejected"));
  expect((await chat().answer()).content).toBe("first");
});

test("a first that fails while the second is asked is no failure of the answer", async () => {
  await start(
    { firstDeltaMs: 500, ...failing("model_refused") },
    { firstDeltaMs: 1_000, rules: [{ answer: { content: "second" } }] },
  );
  expect((await chat().answer()).content).toBe("second");
});

test("where all fail the answer does", async () => {
  await start({ firstDeltaMs: 500, ...failing("model_quota") }, failing("model_auth"));
  await expect(chat().answer()).rejects.toMatchObject({ code: "model_quota" });
});

test("what is asked beside counts as asked again: where that is used up nobody is", async () => {
  await start({ firstDeltaMs: 1_000, rules: [{ answer: { content: "first" } }] }, answering("second"), {
    retryPercent: 0,
  });
  const contents: string[] = [];
  for (let answer = 0; answer < 11; answer++) contents.push((await chat().answer()).content);
  expect(contents).toEqual([...Array.from({ length: 10 }, () => "second"), "first"]);
});

test("one that was given up ends both", async () => {
  await start({ ...silent, maxConcurrent: 1 }, { ...silent, maxConcurrent: 1 });
  const reader = chat();
  const answer = reader.answer();
  // Both are busy.
  while ((await codeOf(modelOf(system(), "llm-second").chat(hello, { timeoutMs: 5 }).answer())) !== "queue_full");
  reader.cancel();
  await expect(answer).rejects.toMatchObject({ code: "cancelled" });
  await expectRoom("llm-first");
  await expectRoom("llm-second");
});

test("an embedding is asked for beside, too", async () => {
  await start({ ...silent, timeoutMs: 60_000 }, { dimensions: 2 });
  expect((await modelOf(system(), "llm-router").embed({ texts: ["hello"] })).vectors[0]).toHaveLength(64);
});

test("a loser can be asked yet, where the winner fails behind its first deltas and begins anew", async () => {
  const dies = { content: "half", error: { code: "model_network" as const, message: "by script", afterDeltas: 1 } };
  await start(
    { firstDeltaMs: 500, rules: [{ answer: { content: "first" } }] },
    { rules: [{ answer: dies }] },
    {
      midStream: "again",
    },
  );
  expect((await chat().answer()).content).toBe("first");
});
