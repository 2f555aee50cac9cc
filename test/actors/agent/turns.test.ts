/** One ask after the other. Not in every placement: `places.test.ts` is; here it is the turn that counts. */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { clerk, mindless, scripted, talker } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { newSession, outcome, useAgents } from "../../support/use-agents.ts";

const rules = [
  { when: { contains: "slowly" }, answer: { content: "On and on and on" } },
  { answer: { content: "Yes." } },
];
const system = useAgents([{ plugin: llmScripted, config: { rules, deltaMs: 60_000 } }]);

test("the model is sent the instructions, the question, and the tools", async () => {
  steered.answers(say("Hello."));
  const agent = await system().spawn(clerk);
  await agent.call("ask", "hello");
  expect(steered.requests).toMatchObject([
    {
      messages: [
        { role: "system", content: expect.stringContaining("You help.") },
        { role: "user", content: "hello" },
      ],
      tools: [{ name: "note" }, { name: "hold" }, { name: "erase" }, { name: "break" }],
    },
  ]);
});

test("what the model is set to goes with each request", async () => {
  steered.answers(say("Hello."));
  const agent = await system().spawn(talker);
  await agent.call("ask", "hello");
  expect(steered.requests).toMatchObject([{ temperature: 0.5, maxOutputTokens: 100 }]);
});

test("what was said before is sent with the next question", async () => {
  steered.answers(say("Ann."), say("You are Ann."));
  const agent = await system().spawn(talker);
  await agent.call("ask", "I am Ann.");
  await agent.call("ask", "Who am I?");
  expect(steered.requests[1]?.messages).toEqual([
    { role: "user", content: "I am Ann." },
    { role: "assistant", content: "Ann." },
    { role: "user", content: "Who am I?" },
  ]);
});

test("an answer tells what the turn has used", async () => {
  steered.answers(
    { ...call(["note", { text: "a" }]), usage: { inputTokens: 5, outputTokens: 2 } },
    { ...say("Done."), usage: { inputTokens: 9, outputTokens: 3 } },
  );
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "note a")).toEqual({
    turn: expect.any(String),
    finish: "stop",
    text: "Done.",
    approvals: [],
    toolCalls: [{ name: "note", ok: true, tookMs: expect.any(Number) }],
    usage: { inputTokens: 14, outputTokens: 5 },
    steps: 2,
    ms: expect.any(Number),
  });
});

test("an answer that the model had more to say of says so", async () => {
  steered.answers({ ...say("Once upon"), finish: "length" });
  const agent = await system().spawn(talker);
  expect(await agent.call("ask", "a tale")).toMatchObject({ finish: "length", text: "Once upon" });
});

test("of two who ask at once the second is answered after the first, and knows what that one was told", async () => {
  const agent = await system().spawn(talker);
  const first = agent.call("ask", "one");
  const second = agent.call("ask", "two");
  const chat = await steered.chat();
  await system().settled();
  expect(steered.requests.length).toBe(1);
  chat.answer(say("first"));
  expect(await first).toMatchObject({ text: "first" });
  const next = await steered.chat();
  expect(next.request.messages.map(({ content }) => content)).toEqual(["one", "first", "two"]);
  next.answer(say("second"));
  expect(await second).toMatchObject({ text: "second" });
});

test("two agents answer beside one another", async () => {
  const [one, two] = [await system().spawn(talker), await system().spawn(talker)];
  const answers = [one.call("ask", "one"), two.call("ask", "two")];
  const chats = [await steered.chat(), await steered.chat()];
  for (const chat of chats) chat.answer(say(`${chat.last}!`));
  expect(await Promise.all(answers)).toMatchObject([{ text: "one!" }, { text: "two!" }]);
});

test("a stream has the model's words as they come, and ends with the answer", async () => {
  const agent = await system().spawn(talker);
  const reader = system().callStream(agent, "ask", "a tale");
  const chat = await steered.chat();
  await chat.say("Once ");
  expect(await reader.next()).toEqual({ done: false, value: { type: "text", text: "Once " } });
  chat.answer(say("upon"));
  expect(await reader.next()).toEqual({ done: false, value: { type: "text", text: "upon" } });
  expect(await reader.next()).toMatchObject({ done: true, value: { finish: "stop", text: "Once upon" } });
});

test("a stream has each call of a tool, what it says on its way, and what it gives", async () => {
  steered.answers(call(["hold", { as: "a" }]), say("Done."));
  const agent = await system().spawn(clerk);
  const reader = system().callStream(agent, "ask", "hold");
  const held = await bench.held();
  await held.progress({ part: 1 });
  held.end("kept");
  const deltas: unknown[] = [];
  for await (const delta of reader) deltas.push(delta);
  expect(deltas).toEqual([
    { type: "toolCall", place: 0, name: "hold", arguments: '{"as":"a"}' },
    { type: "toolProgress", place: 0, data: { part: 1 } },
    { type: "toolResult", place: 0, name: "hold", ok: true, content: "kept", ms: expect.any(Number) },
    { type: "text", text: "Done." },
  ]);
});

test.each(["model_overloaded", "model_refused", "model_rate_limit", "model_auth"])(
  "a turn that fails by %s ends it alone, and the next ask is answered",
  async (code) => {
    const agent = await system().spawn(talker);
    steered.answers({ error: code }, say("Better."));
    await expect(agent.call("ask", "one")).rejects.toMatchObject({ code });
    expect(await agent.call("session")).toMatchObject({ turn: "ended", turns: 1 });
    expect(await agent.call("ask", "two")).toMatchObject({ text: "Better." });
    expect(system().isAlive(agent)).toBe(true);
  },
);

test("what the model had said before its connection broke off is no answer of the conversation that follows", async () => {
  const agent = await system().spawn(talker);
  steered.answers({ texts: ["I thi"], error: "model_network" }, say("I think so."));
  await expect(agent.call("ask", "Do you?")).rejects.toMatchObject({ code: "model_network" });
  await agent.call("ask", "Well?");
  const roles = steered.requests[1]?.messages.map(({ role }) => role) ?? [];
  expect(roles.at(-1)).toBe("user");
  expect(steered.requests[1]?.messages.at(-1)).toEqual({ role: "user", content: "Well?" });
});

test("an agent whose model is not there starts, and each ask says what is missing", async () => {
  const agent = await system().spawn(mindless);
  await expect(agent.call("ask", "hello")).rejects.toMatchObject({ message: expect.stringContaining("llm-nowhere") });
  expect(system().isAlive(agent)).toBe(true);
});

test("a model whose plugin ends amid its words fails the turn alone, and the next ask is answered", async () => {
  const agent = await system().spawn(scripted);
  const reader = system().callStream(agent, "ask", "slowly");
  await reader.next();
  system().exit(system().whereis("plugin.llm-scripted") as Ref, "kill");
  const rest = async () => {
    for await (const _delta of reader);
  };
  expect(await outcome(rest())).toMatchObject({ code: expect.stringMatching(/^model_|^killed$/) });
  expect(system().isAlive(agent)).toBe(true);
  while (system().whereis("plugin.llm-scripted") === undefined) await new Promise((resolve) => setImmediate(resolve));
  expect(await agent.call("ask", "quickly")).toMatchObject({ text: "Yes." });
});

test("a pause holds what is asked from then on", async () => {
  const agent = await system().spawn(talker);
  await system().pause(agent);
  const answer = agent.call("ask", "hello");
  await system().settled();
  expect(steered.requests).toEqual([]);
  steered.answers(say("Hello."));
  await system().resume(agent);
  expect(await answer).toMatchObject({ text: "Hello." });
});

test("a turn under way in a pause comes to its answer", async () => {
  const agent = await system().spawn(talker);
  const answer = agent.call("ask", "hello");
  const chat = await steered.chat();
  const paused = system().pause(agent);
  chat.answer(say("Hello."));
  await paused;
  expect(await answer).toMatchObject({ text: "Hello." });
});

test("the turn does not end with the patience of its caller", async () => {
  const agent = await system().spawn(talker);
  const answer = outcome(agent.call("ask", "hello", { timeoutMs: 1 }));
  const chat = await steered.chat();
  expect(await answer).toMatchObject({ code: "timeout" });
  chat.answer(say("Hello."));
  expect(await agent.call("goOn")).toMatchObject({ text: "Hello.", steps: 1 });
  expect(steered.requests.length).toBe(1);
});

test("an ask by the name of the last turn gives what that came to, and asks nobody", async () => {
  steered.answers(say("One."));
  const agent = await system().spawn(talker);
  const first = await agent.call("ask", { content: "one", turn: "a" });
  expect(first).toMatchObject({ turn: "a", text: "One." });
  expect(await agent.call("ask", { content: "one", turn: "a" })).toEqual(first);
  expect(steered.requests.length).toBe(1);
});

test("an ask by the name of the last turn, with another content, is refused", async () => {
  steered.answers(say("One."));
  const agent = await system().spawn(talker);
  await agent.call("ask", { content: "one", turn: "a" });
  await expect(agent.call("ask", { content: "two", turn: "a" })).rejects.toMatchObject({ code: "bad_argument" });
  expect(await agent.call("session")).toMatchObject({ turns: 1 });
});

test("an ask by the name of a turn that has failed gives its failure", async () => {
  steered.answers({ error: "model_refused" });
  const agent = await system().spawn(talker);
  const ask = () => agent.call("ask", { content: "one", turn: "a" });
  await expect(ask()).rejects.toMatchObject({ code: "model_refused" });
  await expect(ask()).rejects.toMatchObject({ code: "model_refused", message: expect.stringContaining("it fails by") });
  expect(steered.requests.length).toBe(1);
});

test("of two asks by one name at once both get the same answer, and the model is asked once", async () => {
  const agent = await system().spawn(talker);
  const answers = [1, 2].map(() => agent.call("ask", { content: "one", turn: "a" }));
  (await steered.chat()).answer(say("One."));
  const [first, second] = await Promise.all(answers);
  expect(second).toEqual(first);
  expect(steered.requests.length).toBe(1);
});

test("turns without a name have one each", async () => {
  steered.always(say("Yes."));
  const agent = await system().spawn(talker);
  const turns = [await agent.call("ask", "one"), await agent.call("ask", "one")].map(({ turn }) => turn);
  expect(new Set(turns).size).toBe(2);
  expect(steered.requests.length).toBe(2);
});

test("to go on where nothing was ever asked is refused", async () => {
  const agent = await system().spawn(talker);
  await expect(agent.call("goOn")).rejects.toMatchObject({ code: "bad_argument" });
});

test("the session tells how the agent stands", async () => {
  const session = newSession();
  steered.answers({ ...say("Hello."), usage: { inputTokens: 3, outputTokens: 1 } });
  const agent = await system().spawn(talker, { session });
  expect(await agent.call("session")).toMatchObject({ session, turns: 0, messages: [], turn: "none", approvals: [] });
  await agent.call("ask", "hello");
  expect(await agent.call("session")).toMatchObject({
    session,
    turns: 1,
    messages: [
      { role: "user", content: "hello" },
      { role: "assistant", content: "Hello." },
    ],
    forgotten: 0,
    usage: { inputTokens: 3, outputTokens: 1 },
    turn: "ended",
  });
});

test("a session that was looked at stays as it was, though the agent goes on in the same thread", async () => {
  steered.always(say("Hello."));
  const agent = await system().spawn(clerk, undefined, { placement: { thread: 0 } });
  await agent.call("ask", "hello");
  const state = await agent.call("session");
  await agent.call("ask", "again");
  expect(state).toMatchObject({ turns: 1, messages: [{ content: "hello" }, { content: "Hello." }] });
  expect(state.messages.length).toBe(2);
});

test("an answer of a million characters is whole", async () => {
  const text = "x".repeat(1_000_000);
  steered.answers(say(text));
  const agent = await system().spawn(talker);
  expect((await agent.call("ask", "much")).text.length).toBe(1_000_000);
});
