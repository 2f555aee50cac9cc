/** The limits of `llm-router`'s routes: how often a provider's key is asked, and what becomes of who comes too early. */
import { afterEach, expect, test } from "@jest/globals";
import { type AnyPlugin, type ChatRequest, modelOf, type SupervisorHandle } from "../../../index.ts";
import { type Route, type RouterConfig, routeModels } from "../../../plugins/llm-router/index.ts";
import { RateLimit } from "../../../plugins/llm-router/rate-limit.ts";
import { TokenBucket } from "../../../plugins/llm-router/token-bucket.ts";
import type { ScriptedAnswer } from "../../../plugins/llm-scripted/index.ts";
import { first, limited, routed, second } from "../../fixtures/routed-models.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ threads: 1 });
/** Six tokens, as they are estimated. */
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
let running: SupervisorHandle | undefined;

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
});

async function start(
  plugin: AnyPlugin,
  turns: readonly ScriptedAnswer[] = [],
  config: Partial<RouterConfig> = {},
): Promise<void> {
  running = await system().startPlugins([
    { plugin: first, config: { turns, rules: [{ answer: { content: "first" } }] } },
    { plugin: second, config: { rules: [{ answer: { content: "second" } }] } },
    { plugin, config: { rateWaitMaxMs: 0, ...config } },
  ]);
}

const content = async () => (await modelOf(system(), "llm-router").chat(hello).answer()).content;

test("who would wait too long goes to the next one, and then is told when to come", async () => {
  await start(limited);
  expect([await content(), await content(), await content()]).toEqual(["first", "first", "second"]);
  await expect(content()).rejects.toMatchObject({ code: "model_rate_limit", retryAfterMs: 30_000 });
  await system().clock.advance(29_999);
  await expect(content()).rejects.toMatchObject({ code: "model_rate_limit", retryAfterMs: 1 });
  await system().clock.advance(1);
  expect(await content()).toBe("first");
});

test("being held back by one's own limit is no failure of the model's", async () => {
  await start(limited, [], { breakAfter: 1 });
  for (let answer = 0; answer < 3; answer++) await content();
  await expect(content()).rejects.toMatchObject({ code: "model_rate_limit" });
  expect(await system().call("plugin.llm-router", "health")).toEqual({ status: "up" });
});

test("tokens count as the provider has counted them", async () => {
  await start(routed, [{ content: "first", usage: { inputTokens: 59_000, outputTokens: 1_500 } }]);
  expect([await content(), await content()]).toEqual(["first", "second"]);
  // 500 too many, and six for the next.
  await system().clock.advance(505);
  expect(await content()).toBe("second");
  await system().clock.advance(1);
  expect(await content()).toBe("first");
});

test("who waits for its turn gets it", async () => {
  const turns = [{ content: "first", usage: { inputTokens: 60_010, outputTokens: 0 } }];
  await start(routed, turns, { rateWaitMaxMs: 1_000 });
  expect([await content(), await content()]).toEqual(["first", "first"]);
});

test("those who wait have their turns in the order in which they came", () => {
  const bucket = new TokenBucket(60, () => 0);
  const waits = Array.from({ length: 62 }, () => {
    const waitMs = bucket.waitMs(1);
    bucket.take(1);
    return waitMs;
  });
  expect(waits.slice(59)).toEqual([0, 1_000, 2_000]);
});

test("a bucket holds one minute's, and what is larger than that goes when it is full", () => {
  let nowMs = 0;
  const bucket = new TokenBucket(60, () => nowMs);
  bucket.take(30);
  nowMs = 3_600_000;
  expect([bucket.waitMs(60), bucket.waitMs(1_000)]).toEqual([0, 0]);
  bucket.take(1_000);
  expect(bucket.waitMs(1)).toBe(1_000);
});

test("one that says it will use all there is, and one whose provider says so, holds the others back for two minutes at most", () => {
  const bucket = new TokenBucket(60, () => 0);
  bucket.take(Number.MAX_SAFE_INTEGER);
  expect(bucket.waitMs(1)).toBe(1_000);
  bucket.giveBack(Number.MAX_SAFE_INTEGER, 1e8);
  expect(bucket.waitMs(60)).toBe(120_000);
  // Who waits behind that has its turn, and what it does not need is given back.
  bucket.take(60);
  bucket.giveBack(60, 10);
  expect(bucket.waitMs(60)).toBe(130_000);
});

test("a clock that is set back costs the time that it was set back by, and nothing else", () => {
  let nowMs = 10_000;
  const bucket = new TokenBucket(60, () => nowMs);
  bucket.take(60);
  nowMs = 0;
  expect(bucket.waitMs(1)).toBe(1_000);
  nowMs = 1_000;
  expect(bucket.waitMs(1)).toBe(0);
});

test("who gives up while it waits gives back what it had taken", async () => {
  let nowMs = 0;
  const limit = new RateLimit("one", { requestsPerMinute: 1, tokensPerMinute: 10 }, 600_000, () => nowMs);
  const gone = new AbortController();
  await limit.admit(10, gone.signal);
  const waiting = limit.admit(10, gone.signal);
  gone.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  nowMs = 60_000;
  // At once, or never in a test's time.
  await limit.admit(10, new AbortController().signal);
});

test.each<[unknown, RegExp]>([
  [[], /over is a list of one or more routes, got \[\]/],
  [[{ plugin: 7 }], /over\[0\]\.plugin is the name of a plugin, got 7/],
  [["a", { plugin: "b", model: "" }], /over\[1\]\.model is the name of a model/],
  [[{ plugin: "b", requestsPerMinute: 0 }], /over\[0\]\.requestsPerMinute is a whole number from 1, got 0/],
  [[{ plugin: "b", tokensPerMinute: 0.5 }], /over\[0\]\.tokensPerMinute is a whole number from 1, got 0.5/],
  [[{ plugin: "b", perMinute: 1 }], /there is no "perMinute"/],
])("a route that is none is refused: %j", (over, message) => {
  const wrong = () => routeModels({ over: over as [Route] });
  expect(wrong).toThrow(expect.objectContaining({ code: "bad_argument", message: expect.stringMatching(message) }));
});
