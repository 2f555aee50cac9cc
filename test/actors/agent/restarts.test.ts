/** Agents that end in the midst of a turn, and the next incarnation. Not in every placement: `places.test.ts` is; here it is where a turn stood. */
import { expect, test } from "@jest/globals";
import type { AgentApi } from "../../../actors/index.ts";
import type { Ref } from "../../../index.ts";
import { clerk, talker } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { kept } from "../../fixtures/steered-store.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const question = { content: "note a", turn: "noting" } as const;

/** Both ways to go on with a turn that was left in the midst. */
const ways: readonly (readonly [string, (agent: Ref<AgentApi<undefined>>) => Promise<unknown>])[] = [
  ["goOn", (agent) => agent.call("goOn")],
  ["the same ask", (agent) => agent.call("ask", question)],
];

/** One that was killed while the model had its answer under way. */
async function killedAmidWords(session: string): Promise<Ref<AgentApi<undefined>>> {
  const agent = await system().spawn(clerk, { session });
  const answer = outcome(agent.call("ask", question));
  const chat = await steered.chat();
  await chat.say("I am no");
  await kill(system(), agent);
  expect(await answer).toMatchObject({ code: "killed" });
  await chat.closed();
  return await system().spawn(clerk, { session });
}

test.each(ways)("killed while the model speaks, its turn is open, and %s asks the model again", async (_way, goOn) => {
  const agent = await killedAmidWords(newSession());
  expect(await agent.call("session")).toMatchObject({ turn: "open", turns: 1 });
  steered.answers(say("Noted."));
  expect(await goOn(agent)).toMatchObject({ turn: "noting", text: "Noted." });
  expect(steered.requests[1]?.messages).toEqual(steered.requests[0]?.messages);
});

test("an open turn asks nobody by itself", async () => {
  await killedAmidWords(newSession());
  await system().settled();
  expect(steered.requests.length).toBe(1);
});

test("something else that is asked closes the open turn as interrupted", async () => {
  const agent = await killedAmidWords(newSession());
  steered.answers(say("Yes."));
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
  expect(await agent.call("session")).toMatchObject({ turns: 2, turn: "ended" });
  expectWhole(steered.requests.at(-1)?.messages ?? []);
});

test("by the name of the open turn, with another content, an ask is refused, and the turn stays open", async () => {
  const agent = await killedAmidWords(newSession());
  await expect(agent.call("ask", { content: "else", turn: "noting" })).rejects.toMatchObject({ code: "bad_argument" });
  expect(await agent.call("session")).toMatchObject({ turn: "open" });
});

/** Killed while a tool ran. */
async function killedAmidTool(session: string): Promise<Ref<AgentApi<undefined>>> {
  steered.answers(call(["hold", { as: "a" }]));
  const agent = await system().spawn(clerk, { session });
  const answer = outcome(agent.call("ask", question));
  const held = await bench.held();
  await kill(system(), agent);
  expect(await answer).toMatchObject({ code: "killed" });
  await held.told();
  return await system().spawn(clerk, { session });
}

test.each(ways)(
  "killed while a tool ran, %s tells the model that it is uncertain, and does not run it again",
  async (_way, goOn) => {
    const agent = await killedAmidTool(newSession());
    steered.answers(say("I do not know."));
    expect(await goOn(agent)).toMatchObject({ text: "I do not know.", toolCalls: [{ name: "hold", ok: false }] });
    expect(steered.requests.at(-1)?.messages.at(-1)).toMatchObject({
      role: "tool",
      isError: true,
      content: expect.stringMatching(/uncertain/),
    });
    expect(bench.names).toEqual(["hold"]);
  },
);

test("killed while a tool ran, something else is asked: the call is uncertain, and not done again", async () => {
  const agent = await killedAmidTool(newSession());
  steered.answers(say("Yes."));
  await agent.call("ask", "Well?");
  const { messages } = steered.requests.at(-1) ?? { messages: [] };
  expectWhole(messages);
  expect(messages.find(({ role }) => role === "tool")?.content).toMatch(/uncertain/);
  expect(bench.names).toEqual(["hold"]);
});

test.each(ways)(
  "killed after a tool's result was kept, %s uses that, and does not call the tool",
  async (_way, goOn) => {
    const session = newSession();
    steered.answers(call(["note", { text: "a" }]));
    const agent = await system().spawn(clerk, { session });
    const answer = outcome(agent.call("ask", question));
    await steered.chat();
    await kill(system(), agent);
    await answer;
    const next = await system().spawn(clerk, { session });
    steered.answers(say("Noted."));
    expect(await goOn(next)).toMatchObject({ text: "Noted.", toolCalls: [{ name: "note", ok: true }] });
    expect(steered.requests.at(-1)?.messages.at(-1)).toMatchObject({ role: "tool", content: "noted a" });
    expect(bench.names).toEqual(["note"]);
  },
);

test("killed as a tool's result is being kept, that is used or uncertain, and the tool not called again", async () => {
  const session = newSession();
  steered.answers(call(["note", { text: "a" }]));
  const agent = await system().spawn(clerk, { session });
  const keeping = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  bench.onBegin = () => {
    kept.before = async () => {
      keeping.resolve();
      await killed.promise;
    };
  };
  const answer = outcome(agent.call("ask", question));
  await keeping.promise;
  kept.forget();
  await kill(system(), agent);
  killed.resolve();
  await answer;
  const next = await system().spawn(clerk, { session });
  steered.answers(say("Well."));
  await next.call("goOn");
  const told = steered.requests.at(-1)?.messages.at(-1);
  expect(told?.content).toMatch(/^noted a$|uncertain/);
  expect(bench.names).toEqual(["note"]);
});

test("of two calls that ran, the one whose result was kept has it, and the other is uncertain", async () => {
  const session = newSession();
  steered.answers(call(["note", { text: "a" }], ["hold", { as: "b" }]));
  const agent = await system().spawn(clerk, { session });
  const reader = system().callStream(agent, "ask", question);
  await bench.held();
  for (let isKept = false; !isKept; ) isKept = ((await reader.next()).value as { type: string }).type === "toolResult";
  await kill(system(), agent);
  const next = await system().spawn(clerk, { session });
  steered.answers(say("Half."));
  await next.call("goOn");
  const told = steered.requests.at(-1)?.messages.filter(({ role }) => role === "tool");
  expect(told?.length).toBe(2);
  expect(told?.map(({ content }) => content)).toContain("noted a");
  expect(JSON.stringify(told)).toMatch(/uncertain/);
  expect(bench.names).toEqual(["note", "hold"]);
});

test.each(ways)("killed after the answer was kept, before the caller had it, %s gives it", async (_way, goOn) => {
  const session = newSession();
  const agent = await system().spawn(clerk, { session });
  const isKept = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  const answer = outcome(agent.call("ask", question));
  const chat = await steered.chat();
  kept.after = async () => {
    isKept.resolve();
    await killed.promise;
  };
  chat.answer(say("Noted."));
  await isKept.promise;
  kept.forget();
  await kill(system(), agent);
  killed.resolve();
  expect(await answer).toMatchObject({ code: "killed" });
  const next = await system().spawn(clerk, { session });
  // What the model has said and the end of the turn may be kept one after the other: then it is gone on from there.
  steered.always(say("Never said."));
  expect(await goOn(next)).toMatchObject({ turn: "noting", finish: "stop", text: "Noted." });
  expect(steered.requests.length).toBe(1);
});

test("killed before the question was kept, nothing was asked", async () => {
  const session = newSession();
  const agent = await system().spawn(clerk, { session });
  const keeping = Promise.withResolvers<void>();
  kept.before = () => {
    keeping.resolve();
    throw new Error("not today");
  };
  const answer = outcome(agent.call("ask", question));
  await keeping.promise;
  await kill(system(), agent);
  await answer;
  kept.forget();
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turns: 0, turn: "none", messages: [] });
  expect(steered.requests).toEqual([]);
});

test("a failed turn is the same failure for the next incarnation", async () => {
  const session = newSession();
  steered.answers({ error: "model_refused" });
  const agent = await system().spawn(clerk, { session });
  await outcome(agent.call("ask", question));
  await kill(system(), agent);
  const next = await system().spawn(clerk, { session });
  await expect(next.call("goOn")).rejects.toMatchObject({ code: "model_refused" });
  await expect(next.call("ask", question)).rejects.toMatchObject({ code: "model_refused" });
  expect(steered.requests.length).toBe(1);
});

test("the next incarnation remembers the conversation, its usage and its turns", async () => {
  const session = newSession();
  steered.answers({ ...say("Ann."), usage: { inputTokens: 3, outputTokens: 1 } }, say("You are Ann."));
  const agent = await system().spawn(talker, { session });
  await agent.call("ask", "I am Ann.");
  const { messages, usage, turns } = await agent.call("session");
  await system().stopActor(agent);
  const next = await system().spawn(talker, { session });
  expect(await next.call("session")).toMatchObject({ messages, usage, turns, turn: "ended" });
  await next.call("ask", "Who am I?");
  expect(steered.requests[1]?.messages.map(({ content }) => content)).toEqual(["I am Ann.", "Ann.", "Who am I?"]);
});

test("an agent without a session begins anew", async () => {
  steered.always(say("Yes."));
  const agent = await system().spawn(talker);
  await agent.call("ask", "I am Ann.");
  await kill(system(), agent);
  expect(await (await system().spawn(talker)).call("session")).toMatchObject({ turns: 0, messages: [] });
});

test("sessions of one agent, and of two agents by one name, have nothing of each other", async () => {
  const session = newSession();
  steered.always(say("Yes."));
  const one = await system().spawn(talker, { session });
  await one.call("ask", "of the talker");
  for (const other of [
    await system().spawn(talker, { session: `${session}/` }),
    await system().spawn(clerk, { session }),
  ])
    expect(await other.call("session")).toMatchObject({ turns: 0, messages: [] });
});

test("a supervised agent that is killed again and again goes on from where it stood each time", async () => {
  const session = newSession();
  await system().supervise({
    intensity: 10,
    children: [{ id: "clerk", start: [clerk, { session }], name: session }],
  });
  const find = async (after?: Ref) => {
    for (;;) {
      const ref = system().whereis(session) as Ref | undefined;
      if (ref !== undefined && ref.slot !== after?.slot) return ref;
      if (ref !== undefined && ref.generation !== after?.generation) return ref;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  let ref = await find();
  const first = outcome(system().call(ref, "ask", question));
  for (let round = 0; round < 5; round++) {
    const chat = await steered.chat();
    if (round % 2 === 0) chat.answer(call(["note", { text: String(round) }]));
    if (round % 2 === 0) await steered.chat();
    system().exit(ref, "kill");
    ref = await find(ref);
    if (round < 4) void outcome(system().call(ref, "goOn"));
  }
  expect(await first).toMatchObject({ code: "killed" });
  steered.answers(say("Noted."));
  expect(await system().call(ref, "goOn")).toMatchObject({
    text: "Noted.",
    toolCalls: [{ ok: true }, { ok: true }, { ok: true }],
  });
  expect(bench.done.length).toBe(3);
});
