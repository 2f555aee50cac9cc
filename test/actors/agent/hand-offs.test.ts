/** Agents that hand a conversation on. Not in every placement: it is of who answers whom. */
import { afterEach, expect, test } from "@jest/globals";
import type { AgentApi } from "../../../actors/index.ts";
import type { Ref } from "../../../index.ts";
import { billing, billingForecast, desk } from "../../fixtures/steered-agents.ts";
import { call, say, steered, steeredBeside } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const toBilling = call(["hand_off_to_billing", { note: "They want their money." }]);
const toDesk = call(["hand_off_to_desk", { note: "Not of money." }]);
const running: Ref<AgentApi<undefined>>[] = [];

/** Both, by their names. */
async function start(session?: string) {
  const given = session === undefined ? undefined : { session };
  const both = {
    desk: await system().spawn(desk, given, { name: "desk" }),
    billing: await system().spawn(billing, given, { name: "billing" }),
  };
  running.push(both.desk, both.billing);
  return both;
}

afterEach(async () => {
  for (const ref of running.splice(0)) await kill(system(), ref);
});

test("the model has a tool for each whom it may hand on to, with what it is for", async () => {
  steered.answers(say("Hello."));
  await (await start()).desk.call("ask", "hello");
  expect(steered.requests[0]?.tools?.find(({ name }) => name === "hand_off_to_billing")).toMatchObject({
    description: expect.stringContaining("For whatever concerns money."),
  });
});

test("the other agent's answer is the turn's, and says whose it is", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(say("Here it is."));
  expect(await (await start()).desk.call("ask", "My money!")).toMatchObject({
    finish: "handOff",
    by: "billing",
    text: "Here it is.",
    approvals: [],
  });
  expect(steered.requests.length).toBe(1);
});

test("the other agent is told what was asked, and the note", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(say("Here it is."));
  await (await start()).desk.call("ask", "My money!");
  const told = JSON.stringify(steeredBeside.requests[0]?.messages);
  expect(told).toContain("My money!");
  expect(told).toContain("They want their money.");
});

test("behind a hand-off the conversation is whole, and the first agent answers the next question", async () => {
  steered.answers(toBilling, say("You had it back."));
  steeredBeside.answers(say("Here it is."));
  const both = await start();
  await both.desk.call("ask", "My money!");
  expect(await both.desk.call("ask", "Well?")).toMatchObject({ finish: "stop", text: "You had it back." });
  const { messages } = steered.requests.at(-1) ?? { messages: [] };
  expectWhole(messages);
  expect(JSON.stringify(messages)).toContain("Here it is.");
});

test("a stream is told of the hand-off, and has the other's words as they come", async () => {
  steered.answers(toBilling);
  const both = await start();
  const reader = system().callStream(both.desk, "ask", "My money!");
  const chat = await steeredBeside.chat();
  await chat.say("Here ");
  const deltas: { readonly type: string }[] = [];
  for (let last = ""; last !== "text"; last = deltas.at(-1)?.type ?? "")
    deltas.push((await reader.next()).value as { readonly type: string });
  expect(deltas).toContainEqual({ type: "handOff", to: "billing" });
  expect(deltas.at(-1)).toEqual({ type: "text", text: "Here " });
  chat.answer(say("it is."));
  for await (const _delta of reader);
  expect(reader.result).toMatchObject({ finish: "handOff", text: "Here it is." });
});

test("who has had a conversation before does not get it again", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(toDesk, say("Then I do it."));
  const both = await start();
  expect(await both.desk.call("ask", "My money!")).toMatchObject({ by: "billing", text: "Then I do it." });
  expect(steered.requests.length).toBe(1);
  expectWhole(steeredBeside.requests.at(-1)?.messages ?? []);
});

test("two agents that hand on to one another for ever come to an end", async () => {
  steered.always(toBilling);
  steeredBeside.always(toDesk);
  const both = await start();
  expect(await outcome(both.desk.call("ask", "My money!"))).toMatchObject({ code: "agent_loop" });
  expect(await both.desk.call("session")).toMatchObject({ turn: "ended" });
});

test("whom nobody has registered is told to the model, which answers itself", async () => {
  steered.answers(toBilling, say("Nobody is there."));
  const alone = await system().spawn(desk);
  running.push(alone);
  expect(await alone.call("ask", "My money!")).toMatchObject({ finish: "stop", text: "Nobody is there." });
  expectWhole(steered.requests.at(-1)?.messages ?? []);
});

test("the other agent's failure is told to the model, which may answer itself", async () => {
  steered.answers(toBilling, say("It cannot be done."));
  steeredBeside.answers({ error: "model_refused" });
  const both = await start();
  const result = await outcome(both.desk.call("ask", "My money!"));
  expect(result).toMatchObject({ finish: "stop", text: "It cannot be done." });
});

test("beside a hand-off another call is answered as well, and the conversation is whole", async () => {
  steered.answers(call(["note", { text: "a" }], ["hand_off_to_billing", { note: "x" }]));
  steeredBeside.answers(say("Here it is."));
  const both = await start();
  await both.desk.call("ask", "My money!");
  steered.always(say("Yes."));
  await both.desk.call("ask", "Well?");
  expectWhole(steered.requests.at(-1)?.messages ?? []);
});

test("of two hand-offs in one answer one is made", async () => {
  steered.answers(call(["hand_off_to_billing", { note: "x" }], ["hand_off_to_billing", { note: "y" }]));
  steeredBeside.always(say("Here it is."));
  const both = await start();
  await both.desk.call("ask", "My money!");
  expect(steeredBeside.requests.length).toBe(1);
  steered.always(say("Yes."));
  await both.desk.call("ask", "Well?");
  expectWhole(steered.requests.at(-1)?.messages ?? []);
});

test.each(["an interrupt", "its reader that leaves"])(
  "%s of the first ends the other's turn, too, and both go on",
  async (way) => {
    steered.answers(toBilling);
    const both = await start();
    const reader = system().callStream(both.desk, "ask", "My money!");
    const chat = await steeredBeside.chat();
    if (way === "an interrupt") await system().interrupt(both.desk);
    else reader.cancel();
    await chat.closed();
    steered.always(say("Yes."));
    steeredBeside.always(say("Yes, too."));
    expect(await both.desk.call("ask", "Well?")).toMatchObject({ text: "Yes." });
    expect(await both.billing.call("ask", "Well?")).toMatchObject({ text: "Yes, too." });
    expectWhole((await both.desk.call("session")).messages);
    expectWhole((await both.billing.call("session")).messages);
  },
);

test("the end of the first closes the other's connection", async () => {
  steered.answers(toBilling);
  const both = await start();
  const answer = outcome(both.desk.call("ask", "My money!"));
  const chat = await steeredBeside.chat();
  await kill(system(), both.desk);
  await chat.closed();
  expect(await answer).toMatchObject({ code: "killed" });
});

test("the end of the other amid its answer is told to the model, and the first lives on", async () => {
  steered.answers(toBilling, say("It is gone."));
  const both = await start();
  const answer = both.desk.call("ask", "My money!");
  await steeredBeside.chat();
  await kill(system(), both.billing);
  expect(await answer).toMatchObject({ text: "It is gone." });
});

test("a call that waits for a word in the other agent is told to who asked, with whose it is", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(call(["erase", { what: "a" }]));
  const both = await start();
  expect(await both.desk.call("ask", "My money!")).toMatchObject({
    finish: "approval",
    by: "billing",
    approvals: [{ id: expect.any(String), agent: "billing", tool: "erase", arguments: '{"what":"a"}' }],
  });
  expect(bench.done).toEqual([]);
});

test("what waits in the other agent is decided there, and answered there", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(call(["erase", { what: "a" }]), say("Erased."));
  const both = await start();
  const { approvals } = await both.desk.call("ask", "My money!");
  const decision = { id: approvals[0]?.id ?? "", isApproved: true };
  expect(await both.billing.call("decide", decision)).toMatchObject({ finish: "stop", text: "Erased." });
  expect(bench.names).toEqual(["erase"]);
});

test("what waits in the other agent can be decided where it was asked, also after a restart", async () => {
  const session = newSession();
  steered.answers(toBilling);
  steeredBeside.answers(call(["erase", { what: "a" }]), say("Erased."));
  const both = await start(session);
  const { approvals } = await both.desk.call("ask", "My money!");
  await kill(system(), both.desk);
  const next = await system().spawn(desk, { session }, { name: "desk" });
  running.push(next);
  const decision = { id: approvals[0]?.id ?? "", isApproved: true };
  expect(await next.call("decide", decision)).toMatchObject({ finish: "handOff", by: "billing", text: "Erased." });
  expect(await next.call("goOn")).toMatchObject({ finish: "handOff", by: "billing", text: "Erased.", approvals: [] });
});

test("while a call waits in the other agent, another ask of the first is refused until it is decided", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(call(["erase", { what: "a" }]));
  const both = await start();
  await both.desk.call("ask", "My money!");
  steered.always(say("Yes."));
  expect(await outcome(both.desk.call("ask", "Well?"))).toMatchObject({ code: "agent_waits" });
});

test("while a call waits in the other agent, the first one's session says so", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(call(["erase", { what: "a" }]));
  const both = await start();
  const { approvals } = await both.desk.call("ask", "My money!");
  expect(await both.desk.call("session")).toMatchObject({ turn: "waits", approvals });
});

test("what is handed on goes by the other's registered name, and its output is the turn's", async () => {
  steered.answers(toBilling);
  steeredBeside.answers(say('{"city":"Rome","degrees":21}'));
  const first = await system().spawn(desk);
  const other = await system().spawn(billingForecast, undefined, { name: "billing" });
  expect(await first.call("ask", "Rome?")).toMatchObject({ by: "billing", output: { city: "Rome", degrees: 21 } });
  await kill(system(), first);
  await kill(system(), other);
});

test("killed amid a hand-off, the next incarnation goes on, and the other is not asked for it twice", async () => {
  const session = newSession();
  steered.answers(toBilling);
  const both = await start(session);
  const answer = outcome(both.desk.call("ask", { content: "My money!", turn: "money" }));
  await steeredBeside.chat();
  await kill(system(), both.desk);
  await answer;
  steered.always(say("I do not know."));
  steeredBeside.always(say("Here it is."));
  const next = await system().spawn(desk, { session }, { name: "desk" });
  running.push(next);
  const result = await next.call("goOn");
  expect(result.text).toMatch(/^I do not know\.$|^Here it is\.$/);
  expectWhole((await next.call("session")).messages);
});
