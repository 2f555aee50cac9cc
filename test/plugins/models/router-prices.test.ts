/** What an answer of `llm-router` has cost. */
import { afterEach, expect, test } from "@jest/globals";
import { type ChatRequest, type ChatUsage, modelOf, type SupervisorHandle } from "../../../index.ts";
import type { Prices, RouterConfig } from "../../../plugins/llm-router/index.ts";
import { costUnits, outputFor } from "../../../plugins/llm-router/prices.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { codeOf } from "../../support/bad-input.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const usage: ChatUsage = { inputTokens: 2_000, cachedInputTokens: 500, outputTokens: 100 };
let running: SupervisorHandle | undefined;

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
});

async function start(config: Partial<RouterConfig>, isFirstWell = true): Promise<void> {
  const answer = isFirstWell ? { content: "first", usage } : { error: { code: "model_quota", message: "by script" } };
  running = await system().startPlugins([
    { plugin: first, config: { model: "small-1", rules: [{ answer }] } },
    { plugin: second, config: { rules: [{ answer: { content: "second", usage } }] } },
    { plugin: routed, config },
  ]);
}

const usageOf = async (request = hello) => (await modelOf(system(), "llm-router").chat(request).answer()).usage;
const prices: Prices = { small: { input: 1, output: 10, cachedInput: 0.1 }, named: { input: 2 } };

test("an answer has what it cost, by the price of the model that was asked for", async () => {
  await start({ prices, currency: "EUR" });
  // 1,500 at 1, 500 at 0.1, 100 at 10 a million
  expect(await usageOf({ ...hello, model: "small" })).toEqual({
    ...usage,
    cost: { amount: 0.00255, currency: "EUR" },
  });
});

test("of a model that nobody has named the price is that of the name which it gives itself", async () => {
  await start({ prices: { "small-1": { input: 1, output: 1 } } });
  expect((await usageOf())?.cost).toEqual({ amount: 0.0021, currency: "USD" });
});

test("what has no price has no cost", async () => {
  await start({ prices });
  expect(await usageOf()).toEqual(usage);
});

test("it is that of who has answered; an output without a price costs nothing", async () => {
  await start({ prices }, false);
  expect((await usageOf())?.cost).toEqual({ amount: 0.004, currency: "USD" });
});

test("an embedding has its cost, too", async () => {
  await start({ prices: { "small-1": { input: 1e6 } } });
  const answer = await modelOf(system(), "llm-router").embed({ texts: ["four"] });
  expect(answer.usage).toEqual({ inputTokens: 1, cost: { amount: 1, currency: "USD" } });
});

test("a part of a billionth is a whole one, and an error of a last binary place is none", () => {
  const of = (input: number, inputTokens: number) => costUnits({ input }, { inputTokens });
  expect([of(0.0001, 1), of(0.1, 3), of(0.3, 1), of(1.1, 3_000_000), of(0, 5)]).toEqual([1, 300, 300, 3.3e9, 0]);
});

test.each<[Parameters<typeof outputFor>, number]>([
  [[{ input: 1, output: 10 }, 100, 100_000 + 50_000], 5],
  [[{ input: 1, output: 10 }, 100, 100_000 + 49_999], 4],
  [[{ input: 1, output: 10 }, 100, 99_999], -1],
  [[{ input: 1 }, 100, 100_000], Number.POSITIVE_INFINITY],
  // So cheap that what it buys is no number that can be counted: as many as an answer can have.
  [[{ input: 0, output: 0.000_01 }, 5, 99_999_999_937_829], 1e8],
  [[{ input: 1e6, output: 1e-9 }, 5, 9e15], 1e8],
])("as much output as is paid for is found at any price: %j gives %d", (asked, output) => {
  expect(outputFor(...asked)).toBe(output);
});

test.each([
  { m: {} },
  { m: { input: -1 } },
  { m: { input: "1" } },
  { m: { input: 1, outptu: 1 } },
  { m: { input: Number.NaN } },
  { m: 1 },
  [],
])("prices that are none keep the router from starting: %j", async (wrong) => {
  expect(await codeOf(start({ prices: wrong as Prices }))).toBe("start_failed");
});
