/** Conversations that are longer than a model takes. Not in every placement: it is of what the model is sent. */
import { expect, test } from "@jest/globals";
import type { AgentDelta } from "../../../actors/index.ts";
import type { ChatRequest } from "../../../index.ts";
import { brief, briefClerk, forgetful, shortForecaster } from "../../fixtures/steered-agents.ts";
import { call, type SteeredAnswer, type SteeredChat, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const question = (n: number) => `question ${n} ${"of many words ".repeat(8)}`;
const sizeOf = ({ messages }: ChatRequest) => JSON.stringify(messages).length;

/** A provider for which a token is so many characters. */
const counting =
  (chars: number, answer: (chat: SteeredChat) => SteeredAnswer = () => say("Yes.")) =>
  (chat: SteeredChat): SteeredAnswer => ({
    usage: { inputTokens: Math.ceil(sizeOf(chat.request) / chars), outputTokens: 2 },
    ...answer(chat),
  });

/** Whether it is one of the test's own questions: else the model is to sum up. */
const isQuestion = ({ last }: SteeredChat) => last.startsWith("question ");
const summing = (chat: SteeredChat) => (isQuestion(chat) ? say("Yes.") : say("SUMMED UP"));

test("what is older than the model takes is left out, and no request is longer", async () => {
  steered.always(counting(4));
  const agent = await system().spawn(forgetful);
  for (let n = 0; n < 30; n++) {
    await agent.call("ask", question(n));
    expect(steered.requests.at(-1)?.messages.at(-1)).toEqual({ role: "user", content: question(n) });
  }
  const sizes = steered.requests.map(sizeOf);
  // By what the provider has counted, a tenth more at most.
  expect(Math.max(...sizes)).toBeLessThanOrEqual(200 * 4 * 1.1);
  expect(JSON.stringify(steered.requests.at(-1))).not.toContain("question 0 ");
});

test("what was said just before is sent, where there is room for it", async () => {
  steered.always(counting(4));
  const agent = await system().spawn(forgetful);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  expect(JSON.stringify(steered.requests.at(-1))).toContain("question 28 ");
});

test("it is left out in whole turns", async () => {
  steered.always(counting(4));
  const agent = await system().spawn(forgetful);
  for (let n = 0; n < 30; n++) {
    await agent.call("ask", question(n));
    expect(steered.requests.at(-1)?.messages.find(({ role }) => role !== "system")?.role).toBe("user");
  }
});

test("what is left out is counted, and is no part of the session any more", async () => {
  steered.always(counting(4));
  const agent = await system().spawn(forgetful);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  const { messages, forgotten, summary } = await agent.call("session");
  expect([messages.length, forgotten, summary]).toEqual([6, 54, undefined]);
});

test("what is older is summed up by the model, which is sent that in its place", async () => {
  steered.always(counting(4, summing));
  const agent = await system().spawn(brief);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  const { messages, forgotten, summary, turns } = await agent.call("session");
  expect(summary).toBe("SUMMED UP");
  expect(forgotten).toBeGreaterThan(0);
  expect(forgotten + messages.length).toBe(60);
  expect(turns).toBe(30);
  const last = JSON.stringify(steered.requests.at(-1));
  expect(last).toContain("SUMMED UP");
  expect(last).toContain("question 29 ");
  expect(last).not.toContain("question 0 ");
});

test("with summaries no request but those for them is longer than the model takes", async () => {
  steered.always(counting(4, summing));
  const agent = await system().spawn(brief);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  expect(Math.max(...steered.requests.map(sizeOf))).toBeLessThanOrEqual(200 * 4 * 1.5);
});

test("a stream is told that the conversation is summed up", async () => {
  steered.always(counting(4, summing));
  const agent = await system().spawn(brief);
  const told: AgentDelta[] = [];
  for (let n = 0; n < 15; n++) {
    const reader = system().callStream(agent, "ask", question(n));
    for await (const delta of reader) if ((delta as AgentDelta).type === "summarised") told.push(delta as AgentDelta);
  }
  expect(told.length).toBeGreaterThan(0);
  expect(told[0]).toEqual({ type: "summarised", messages: expect.any(Number) });
  const texts = told.map((delta) => (delta.type === "summarised" ? delta.messages : 0));
  expect(texts.reduce((sum, one) => sum + one, 0)).toBe((await agent.call("session")).forgotten);
});

test("the words of a summary are none of the answer", async () => {
  steered.always(counting(4, summing));
  const agent = await system().spawn(brief);
  for (let n = 0; n < 15; n++) {
    const reader = system().callStream(agent, "ask", question(n));
    const texts: string[] = [];
    for await (const delta of reader)
      if ((delta as AgentDelta).type === "text") texts.push((delta as { text: string }).text);
    expect(texts.join("")).toBe("Yes.");
  }
});

test("a summary outlives its agent, and is not asked for again", async () => {
  const session = newSession();
  steered.always(counting(4, summing));
  const agent = await system().spawn(brief, { session });
  for (let n = 0; n < 15; n++) await agent.call("ask", question(n));
  const { summary, forgotten, messages } = await agent.call("session");
  await kill(system(), agent);
  const asked = steered.requests.length;
  const next = await system().spawn(brief, { session });
  expect(await next.call("session")).toMatchObject({ summary, forgotten, messages });
  await next.call("goOn");
  expect(steered.requests.length).toBe(asked);
});

test("a model that cannot sum up costs no more than turns, and the next one that can is answered", async () => {
  steered.always(counting(4, (chat) => (isQuestion(chat) ? say("Yes.") : { error: "model_overloaded" })));
  const agent = await system().spawn(brief);
  for (let n = 0; n < 15; n++) await outcome(agent.call("ask", question(n)));
  steered.always(counting(4, summing));
  expect(await agent.call("ask", question(15))).toMatchObject({ text: "Yes." });
  expect(system().isAlive(agent)).toBe(true);
});

test("one that is killed as it sums up goes on with the whole conversation", async () => {
  const session = newSession();
  const summingUp = Promise.withResolvers<SteeredChat>();
  steered.always((chat) => {
    if (isQuestion(chat)) return counting(4)(chat);
    summingUp.resolve(chat);
    return new Promise<never>(() => {});
  });
  const agent = await system().spawn(brief, { session });
  const asking = (async () => {
    for (let n = 0; ; n++) await agent.call("ask", question(n));
  })();
  const chat = await summingUp.promise;
  await kill(system(), agent);
  await outcome(asking);
  await chat.closed();
  steered.always(counting(4, summing));
  const next = await system().spawn(brief, { session });
  expect(await next.call("session")).toMatchObject({ turn: "open", forgotten: 0 });
  expect(await next.call("goOn")).toMatchObject({ text: "Yes." });
});

test("the last turn is sent as a whole, however long it has become", async () => {
  const text = "long ".repeat(200);
  steered.answers(...[1, 2, 3, 4, 5, 6].map((n) => call(["note", { text: `${n} ${text}` }])), say("Done."));
  const agent = await system().spawn(briefClerk);
  await agent.call("ask", "Note it all.");
  const { messages } = steered.requests.at(-1) ?? { messages: [] };
  expect(messages.filter(({ role }) => role === "tool").length).toBe(6);
  expect(messages.find(({ role }) => role === "user")).toEqual({ role: "user", content: "Note it all." });
});

test("with tools each request is whole, wherever the conversation is cut", async () => {
  const answers = (chat: SteeredChat) =>
    isQuestion(chat) ? call(["note", { text: `a ${chat.last}` }], ["note", { text: `b ${chat.last}` }]) : say("Yes.");
  steered.always(counting(3, answers));
  const agent = await system().spawn(briefClerk);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  for (const { messages } of steered.requests) expectWhole(messages);
  expectWhole((await agent.call("session")).messages);
  expect(bench.done.length).toBe(60);
});

test("what is estimated is set right by what the provider counts", async () => {
  steered.always(counting(1.5));
  const agent = await system().spawn(forgetful);
  for (let n = 0; n < 30; n++) await agent.call("ask", question(n));
  expect(Math.abs((await agent.call("session")).estimateError ?? 9)).toBeLessThan(0.2);
  expect(Math.max(...steered.requests.slice(-10).map(sizeOf))).toBeLessThanOrEqual(200 * 1.5 * 1.2);
});

/** A provider that takes so many characters. */
const taking = (chars: number) => (chat: SteeredChat) =>
  sizeOf(chat.request) > chars ? { error: "model_context" } : say("Yes.");

test("a model that takes less than it should is sent half, until it takes that", async () => {
  const agent = await system().spawn(briefClerk);
  steered.always(say("Yes."));
  for (let n = 0; n < 20; n++) await agent.call("ask", question(n));
  const all = sizeOf(steered.requests.at(-1) as ChatRequest);
  steered.always(taking(all / 3));
  expect(await agent.call("ask", question(20))).toMatchObject({ text: "Yes." });
  expect(steered.requests.at(-1)?.messages.at(-1)?.content).toBe(question(20));
});

test("a model that takes nothing is asked five times, the turn fails by that, and nothing of the conversation is forgotten for that", async () => {
  const agent = await system().spawn(forgetful);
  steered.always(say("Yes."));
  for (let n = 0; n < 20; n++) await agent.call("ask", question(n));
  const { messages } = await agent.call("session");
  const asked = steered.requests.length;
  steered.always({ error: "model_context" });
  expect(await outcome(agent.call("ask", question(20)))).toMatchObject({ code: "model_context" });
  expect(steered.requests.length - asked).toBeLessThanOrEqual(5);
  // What had no room by its own bound is forgotten, and nothing for the model's sake.
  const after = (await agent.call("session")).messages;
  expect(after.at(-1)).toEqual({ role: "user", content: question(20) });
  expect(after.length).toBeGreaterThan(4);
  expect(messages.slice(1 - after.length)).toEqual(after.slice(0, -1));
  steered.always(say("Yes."));
  expect(await agent.call("ask", question(21))).toMatchObject({ text: "Yes." });
});

test("one question that is longer than the model takes fails by that, and costs the conversation nothing", async () => {
  steered.always(taking(1_000));
  const agent = await system().spawn(brief);
  expect(await outcome(agent.call("ask", "x".repeat(10_000)))).toMatchObject({ code: "model_context" });
  expect(steered.requests.length).toBeLessThanOrEqual(5);
  expect(await agent.call("ask", "question of few words")).toMatchObject({ text: "Yes." });
});

test("what is to be summed up is no longer than the model takes, either", async () => {
  const text = "long ".repeat(400);
  steered.answers(...[1, 2, 3, 4, 5, 6].map((n) => call(["note", { text: `${n} ${text}` }])), say("Done."));
  const agent = await system().spawn(briefClerk);
  await agent.call("ask", "question of notes");
  const asked = steered.requests.length;
  steered.always(counting(4, summing));
  await agent.call("ask", question(1));
  expect(Math.max(...steered.requests.slice(asked).map(sizeOf))).toBeLessThanOrEqual(1_000 * 4 * 1.5);
});

test("a turn with corrections is left out as a whole, too", async () => {
  const agent = await system().spawn(shortForecaster);
  for (let n = 0; n < 20; n++) {
    steered.answers(say("warm ".repeat(10)), say("cold ".repeat(10)), say('{"city":"Rome","degrees":21}'));
    await agent.call("ask", question(n));
  }
  for (const { messages } of steered.requests)
    expect(messages.find(({ role }) => role !== "system")?.content).toMatch(/^question /);
});
