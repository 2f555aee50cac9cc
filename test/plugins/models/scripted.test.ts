/** `llm-scripted`: what it says, by its script. Its keys are looked at in `key-tables/llm-scripted`. */
import { afterEach, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf, type SupervisorHandle } from "../../../index.ts";
import { llmScripted, type ScriptedConfig } from "../../../plugins/llm-scripted/index.ts";
import { chatter } from "../../fixtures/chatter.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
let running: SupervisorHandle | undefined;

async function start(config: Partial<ScriptedConfig>): Promise<void> {
  running = await system().startPlugins([{ plugin: llmScripted, config }]);
}

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
});

const say = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content }],
  ...more,
});
const chat = (request: ChatRequest) => modelOf(system(), "llm-scripted").chat(request);

test("its turns come first, then the first rule that holds", async () => {
  await start({
    turns: [{ content: "first" }, { toolCalls: [{ name: "look", arguments: { at: 1 } }] }],
    rules: [
      { when: { role: "tool" }, answer: { content: "it says {last}" } },
      { when: { tool: "look" }, answer: { content: "with tools" } },
      { when: { contains: "rain" }, answer: { content: "wet" } },
      { when: { matches: "^[0-9]+$" }, answer: { content: "a number" } },
    ],
  });
  expect(await chat(say("x")).answer()).toMatchObject({ content: "first", finishReason: "stop" });
  const { toolCalls, finishReason } = await chat(say("x")).answer();
  expect([toolCalls, finishReason]).toEqual([[{ id: "call-1", name: "look", arguments: '{"at":1}' }], "toolCalls"]);
  const look = { name: "look", inputSchema: { type: "object" } };
  expect((await chat(say("x", { tools: [look] })).answer()).content).toBe("with tools");
  expect((await chat(say("rainy")).answer()).content).toBe("wet");
  expect((await chat(say("42")).answer()).content).toBe("a number");
  const answered = chat({
    messages: [
      { role: "assistant", toolCalls },
      { role: "tool", toolCallId: "call-1", content: "sunny" },
    ],
  });
  expect((await answered.answer()).content).toBe("it says sunny");
  await expect(chat(say("none")).answer()).rejects.toMatchObject({ code: "model_refused" });
});

test("a failure of its script comes behind the deltas that it has, with when to ask again", async () => {
  await start({
    turns: [{ content: "ab", error: { code: "model_rate_limit", afterDeltas: 1, retryAfterMs: 50 } }],
    deltaChars: 1,
  });
  const texts: string[] = [];
  const reading = (async () => {
    for await (const delta of chat(say("x"))) if (delta.type === "text") texts.push(delta.text);
  })();
  await expect(reading).rejects.toMatchObject({ name: "ModelError", code: "model_rate_limit", retryAfterMs: 50 });
  expect(texts).toEqual(["a"]);
});

test("texts that share words are near one another", async () => {
  await start({});
  const { vectors } = await modelOf(system(), "llm-scripted").embed({
    texts: ["a red apple", "the red apple", "blue sea"],
  });
  const [a = [], b = [], c = []] = vectors;
  const dot = (one: readonly number[], other: readonly number[]) =>
    one.reduce((sum, value, place) => sum + value * (other[place] as number), 0);
  expect(dot(a, a)).toBeCloseTo(1);
  expect(dot(a, b)).toBeGreaterThan(dot(a, c));
});

test.each([
  ["rules", [{ answer: {} }]],
  ["rules", [{ when: { matches: "(" }, answer: { content: "" } }]],
  ["turns", [{ contents: "" }]],
  ["turns", "first"],
])("%s that are none are refused at the start: %j", async (key, value) => {
  await expect(start({ [key]: value })).rejects.toMatchObject({ message: expect.stringContaining(key) as unknown });
});

describePlacements("llm-scripted", (place) => {
  test("an actor asks it from where it is, and has the answer", async () => {
    await start({ rules: [{ answer: { content: "to {last}" } }] });
    const ref = await place.spawn(system(), chatter, undefined);
    expect(await ref.call("ask", ["llm-scripted", say("you")])).toMatchObject({ content: "to you" });
  });
});
