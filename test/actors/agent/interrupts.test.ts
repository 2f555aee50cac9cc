/** Turns that are interrupted, and readers that leave. Not in every placement: `places.test.ts` is; here it is each step of a turn. */
import { expect, test } from "@jest/globals";
import type { AgentDelta } from "../../../actors/index.ts";
import { clerk, oneByOne } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { expectWhole, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();

/** How a turn may be told to end from outside; the first is the one that ends a call without a reader. */
const ways = ["an interrupt", "its reader that leaves"] as const;

type Way = (typeof ways)[number];

/** Asked, and how to end it: what the ask comes to. */
async function asked(question: string, way: Way, session = newSession()) {
  const agent = await system().spawn(clerk, { session });
  const reader = system().callStream(agent, "ask", question, { idleTimeoutMs: Number.POSITIVE_INFINITY });
  const next = reader.next();
  const end = async (): Promise<unknown> => {
    if (way === "an interrupt") expect(await system().interrupt(agent)).toBe(true);
    else reader.cancel();
    return await outcome(readToEnd());
  };
  const readToEnd = async () => {
    await next;
    for await (const _delta of reader);
    return reader.result;
  };
  return { agent, session, reader, first: next, end };
}

/** The next question is answered, and what the model is sent of the turn before is whole. */
async function goesOn(agent: Awaited<ReturnType<typeof asked>>["agent"]): Promise<void> {
  steered.answers(say("Yes."));
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
  expectWhole(steered.requests.at(-1)?.messages ?? []);
  expectWhole((await agent.call("session")).messages);
}

test.each(ways)("amid the model's words %s closes its connection, and what it had said is kept", async (way) => {
  const { agent, first, end } = await asked("a tale", way);
  const chat = await steered.chat();
  await chat.say("Once upon");
  await first;
  const ended = end();
  await chat.closed();
  await ended;
  await goesOn(agent);
  expect(JSON.stringify(steered.requests.at(-1)?.messages)).toContain("Once upon");
});

test("before the model's first word an interrupt closes its connection", async () => {
  const { agent, end } = await asked("a tale", "an interrupt");
  const chat = await steered.chat();
  const ended = end();
  await chat.closed();
  expect(await ended).toMatchObject({ code: "interrupted" });
  await goesOn(agent);
});

test("amid the model's words the caller of an interrupted turn gets interrupted, and the session says so", async () => {
  const agent = await system().spawn(clerk);
  const answer = outcome(agent.call("ask", "a tale"));
  const chat = await steered.chat();
  await chat.say("Once");
  expect(await system().interrupt(agent)).toBe(true);
  expect(await answer).toMatchObject({ code: "interrupted" });
  expect(await agent.call("session")).toMatchObject({ turn: "ended", turns: 1 });
  await expect(agent.call("goOn")).rejects.toMatchObject({ code: "interrupted" });
});

test.each(ways)("amid a call of a tool %s tells the tool, and the call is told as uncertain", async (way) => {
  steered.answers(call(["hold", { as: "a" }]));
  const { agent, end } = await asked("hold", way);
  const held = await bench.held();
  const ended = end();
  await held.told();
  await ended;
  await goesOn(agent);
  const told = steered.requests.at(-1)?.messages.filter(({ role }) => role === "tool");
  expect(told).toMatchObject([{ isError: true, content: expect.stringMatching(/uncertain/) }]);
  expect(bench.names).toEqual(["hold"]);
});

test("of two calls the one that has ended before an interrupt keeps its result", async () => {
  steered.answers(call(["note", { text: "a" }], ["hold", { as: "b" }]));
  const agent = await system().spawn(clerk);
  const reader = system().callStream(agent, "ask", "both");
  const held = await bench.held();
  const read = async (type: string) => {
    while (((await reader.next()).value as AgentDelta).type !== type);
  };
  await read("toolResult");
  await system().interrupt(agent);
  await held.told();
  await outcome(read("never"));
  await goesOn(agent);
  const told = steered.requests.at(-1)?.messages.filter(({ role }) => role === "tool") ?? [];
  expect(told.map(({ content }) => content)).toContain("noted a");
  expect(told.filter((message) => "isError" in message && message.isError)).toMatchObject([
    { content: expect.stringMatching(/uncertain/) },
  ]);
});

test("a call that had not begun when its turn was interrupted is not begun any more, and is told of", async () => {
  steered.answers(call(["hold", { as: "a" }], ["note", { text: "b" }]));
  const agent = await system().spawn(oneByOne);
  const answer = outcome(agent.call("ask", "both"));
  const held = await bench.held();
  await system().interrupt(agent);
  await held.told();
  expect(await answer).toMatchObject({ code: "interrupted" });
  await goesOn(agent);
  expect(bench.names).toEqual(["hold"]);
});

test("an interrupt concerns the turn under way, and not the ask behind it", async () => {
  const agent = await system().spawn(clerk);
  const first = outcome(agent.call("ask", "one"));
  await steered.chat();
  const second = agent.call("ask", "two");
  steered.answers(say("Two."));
  await system().interrupt(agent);
  expect(await first).toMatchObject({ code: "interrupted" });
  expect(await second).toMatchObject({ text: "Two." });
});

test("of an agent that has nothing to do, or waits for a word, an interrupt hits nothing", async () => {
  steered.answers(call(["erase", { what: "a" }]));
  const agent = await system().spawn(clerk);
  expect(await system().interrupt(agent)).toBe(false);
  const answer = await agent.call("ask", "erase");
  expect(await system().interrupt(agent)).toBe(false);
  expect(await agent.call("session")).toMatchObject({ turn: "waits", approvals: answer.approvals });
});

test("in a pause the turn under way is interrupted, and what is asked behind it waits for the end of the pause", async () => {
  const agent = await system().spawn(clerk);
  const first = outcome(agent.call("ask", "one"));
  const chat = await steered.chat();
  const paused = system().pause(agent);
  const second = agent.call("ask", "two");
  await system().interrupt(agent);
  await chat.closed();
  await paused;
  expect(await first).toMatchObject({ code: "interrupted" });
  await system().settled();
  expect(steered.requests.length).toBe(1);
  steered.answers(say("Two."));
  await system().resume(agent);
  expect(await second).toMatchObject({ text: "Two." });
});

test("a decided call that is interrupted as it runs is uncertain, and not run again", async () => {
  steered.answers(call(["erase", { what: "a" }]));
  const agent = await system().spawn(clerk, { session: newSession() });
  const { approvals } = await agent.call("ask", "erase");
  const begun = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  bench.onBegin = async (_done, signal) => {
    signal.addEventListener("abort", () => told.resolve(), { once: true });
    begun.resolve();
    await told.promise;
  };
  const decided = outcome(agent.call("decide", { id: approvals[0]?.id ?? "", isApproved: true }));
  await begun.promise;
  await system().interrupt(agent);
  await told.promise;
  expect(await decided).toMatchObject({ code: "interrupted" });
  await goesOn(agent);
  expect(bench.names).toEqual(["erase"]);
});

test.each(ways)("%s is the end that the session tells of the turn", async (way) => {
  const { agent, end } = await asked("a tale", way);
  const chat = await steered.chat();
  const ended = end();
  await chat.closed();
  await ended;
  await expect(agent.call("goOn")).rejects.toMatchObject({ code: "interrupted" });
});

test("an interrupted turn is over for the next incarnation as well", async () => {
  const { agent, session, end } = await asked("a tale", "an interrupt");
  await steered.chat();
  await end();
  await system().stopActor(agent);
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turn: "ended" });
  await goesOn(next);
});

test("a hundred turns that are interrupted one after the other leave a whole conversation", async () => {
  const agent = await system().spawn(clerk);
  for (let turn = 0; turn < 100; turn++) {
    if (turn % 2 === 0) steered.answers(call(["hold", { as: String(turn) }]));
    const answer = outcome(agent.call("ask", String(turn)));
    await (turn % 2 === 0 ? bench.held() : steered.chat());
    await system().interrupt(agent);
    expect(await answer).toMatchObject({ code: "interrupted" });
  }
  await goesOn(agent);
});
