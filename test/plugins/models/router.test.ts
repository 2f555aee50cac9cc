/** `llm-router`: who is asked, in which order, and when no more. Its keys are looked at in `key-tables/llm-router`. */
import { afterEach, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf, type SupervisorHandle } from "../../../index.ts";
import type { RouterConfig } from "../../../plugins/llm-router/index.ts";
import type { ScriptedAnswer } from "../../../plugins/llm-scripted/index.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const byFirst = { content: "first" };
const bySecond = [{ answer: { content: "second" } }];
let running: SupervisorHandle | undefined;

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
});

const failing = (code: string, more: Partial<NonNullable<ScriptedAnswer["error"]>> = {}): ScriptedAnswer => ({
  content: "half",
  error: { code, message: "by script", ...more },
});

async function start(turns: readonly ScriptedAnswer[], config: Partial<RouterConfig> = {}): Promise<void> {
  running = await system().startPlugins([
    { plugin: first, config: { turns, rules: [{ answer: byFirst }], deltaChars: 2 } },
    { plugin: second, config: { rules: bySecond } },
    { plugin: routed, config: { backoffMs: 0, ...config } },
  ]);
}

const chat = () => modelOf(system(), "llm-router").chat(hello);
const content = async () => (await chat().answer()).content;

test.each(["model_auth", "model_context", "model_quota", "model_unknown"])(
  "behind %s the next one is asked",
  async (code) => {
    await start([failing(code)]);
    expect(await chat().answer()).toMatchObject({ content: "second", model: "named" });
    expect(await content()).toBe("first");
  },
);

test.each(["model_network", "model_overloaded", "model_protocol", "model_rate_limit"])(
  "behind %s the same one is asked again, and then the next",
  async (code) => {
    await start([failing(code), byFirst, failing(code), failing(code)]);
    expect(await content()).toBe("first");
    expect(await content()).toBe("second");
  },
);

test.each(["model_refused", "model_rejected"])("behind %s nobody else is asked", async (code) => {
  await start([failing(code)]);
  await expect(content()).rejects.toMatchObject({ code, message: expect.stringContaining("by script") as unknown });
});

test("where all have failed the last failure is that of the answer, with when to ask again", async () => {
  running = await system().startPlugins([
    { plugin: first, config: { rules: [{ answer: failing("model_quota") }] } },
    { plugin: second, config: { rules: [{ answer: failing("model_rate_limit", { retryAfterMs: 60_000 }) }] } },
    { plugin: routed, config: {} },
  ]);
  await expect(content()).rejects.toMatchObject({ code: "model_rate_limit", retryAfterMs: 60_000 });
});

test("an answer that fails behind its first deltas has failed, unless it was told to begin anew", async () => {
  const turns = [failing("model_network", { afterDeltas: 2 })];
  await start(turns);
  const deltas: unknown[] = [];
  const reading = (async () => {
    for await (const delta of chat()) deltas.push(delta);
  })();
  await expect(reading).rejects.toMatchObject({ code: "model_network" });
  expect(deltas).toEqual(["ha", "lf"].map((text) => ({ type: "text", text })));
});

test("one that begins anew says that what came is void, and its answer has nothing of it", async () => {
  await start([failing("model_network", { afterDeltas: 1 }), { content: "anew" }], { midStream: "again" });
  const reader = chat();
  const deltas: unknown[] = [];
  for await (const delta of reader) deltas.push(delta);
  const text = (one: string) => ({ type: "text", text: one });
  expect(deltas).toEqual([text("ha"), { type: "again" }, text("an"), text("ew")]);
  expect((await reader.answer()).content).toBe("anew");
});

test("one that has failed too often is passed over, and tried again after a while", async () => {
  await start([failing("model_quota"), failing("model_quota")], { breakAfter: 2, breakMs: 200 });
  expect([await content(), await content()]).toEqual(["second", "second"]);
  expect(await system().call("plugin.llm-router", "health")).toEqual({
    status: "degraded",
    detail: "not asked for a while: llm-first",
  });
  expect(await content()).toBe("second");
  let answered = "second";
  while (answered === "second") answered = await content();
  expect(answered).toBe("first");
  expect(await system().call("plugin.llm-router", "health")).toEqual({ status: "up" });
});

test("where all are passed over that is what fails", async () => {
  const failed = { rules: [{ answer: failing("model_auth") }] };
  running = await system().startPlugins([
    { plugin: first, config: failed },
    { plugin: second, config: failed },
    { plugin: routed, config: { breakAfter: 1 } },
  ]);
  await expect(content()).rejects.toMatchObject({ code: "model_auth" });
  await expect(content()).rejects.toMatchObject({
    code: "model_overloaded",
    message: /llm-first, llm-second have failed too often/,
  });
  expect(await system().call("plugin.llm-router", "health")).toMatchObject({ status: "down" });
});

test("who has used up what may be asked again goes to the next at once", async () => {
  const turns = Array.from({ length: 24 }, (_, turn) => (turn % 2 === 0 ? failing("model_overloaded") : byFirst));
  await start(turns, { retryPercent: 0, breakAfter: 100 });
  const contents: string[] = [];
  for (let answer = 0; answer < 11; answer++) contents.push(await content());
  expect(contents).toEqual([...Array.from({ length: 10 }, () => "first"), "second"]);
});

test("a router has no limit of silence, which would come before that of those whom it asks", async () => {
  await expect(start([], { silenceTimeoutMs: 50 } as object)).rejects.toMatchObject({
    message: expect.stringMatching(/silenceTimeoutMs/) as unknown,
  });
  running = await system().startPlugins([
    { plugin: first, config: { firstDeltaMs: 60_000, silenceTimeoutMs: 50 } },
    { plugin: second, config: { rules: bySecond } },
    { plugin: routed, config: { attempts: 1 } },
  ]);
  expect(await content()).toBe("second");
});

test("one that was given up asks nobody any more", async () => {
  running = await system().startPlugins([
    { plugin: first, config: { deltaMs: 60_000, deltaChars: 1, rules: [{ answer: byFirst }] } },
    { plugin: second, config: { rules: bySecond } },
    { plugin: routed, config: { midStream: "again" } },
  ]);
  const reader = chat();
  for await (const _delta of reader) break;
  await expect(reader.answer()).rejects.toMatchObject({ code: "cancelled" });
  await system().settled();
  expect(await system().call("plugin.llm-router", "health")).toEqual({ status: "up" });
});
