/** Models that come to no answer. Not in every placement: it is of counts alone. */
import { expect, test } from "@jest/globals";
import { clerk, fewCalls, hasty, onceOnly, shortSteps } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const note = (text: string) => call(["note", { text }]);
let texts = 0;

test("a model that calls one tool with the same arguments for ever is stopped, and the tool has run three times", async () => {
  steered.always(note("a"));
  const agent = await system().spawn(clerk);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({ code: "agent_loop" });
  expect(bench.names).toEqual(["note", "note", "note"]);
});

test("behind a loop the conversation is whole, and the next ask is answered", async () => {
  steered.always(note("a"));
  const agent = await system().spawn(clerk);
  await outcome(agent.call("ask", "note"));
  steered.always(say("Yes."));
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
  expectWhole(steered.requests.at(-1)?.messages ?? []);
});

test("the same call in one answer of the model counts as often as it stands there", async () => {
  steered.answers(call(["note", { text: "a" }], ["note", { text: "a" }]));
  steered.always(say("Done."));
  const agent = await system().spawn(onceOnly);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({ code: "agent_loop" });
  expect(bench.done.length).toBeLessThanOrEqual(1);
});

test("a call with other arguments is another call", async () => {
  steered.answers(note("a"), note("b"), note("c"), note("d"), say("Done."));
  const agent = await system().spawn(onceOnly);
  expect(await agent.call("ask", "note")).toMatchObject({ text: "Done." });
});

test("the same call in the next turn counts anew", async () => {
  const agent = await system().spawn(onceOnly);
  for (let turn = 0; turn < 2; turn++) {
    steered.answers(note("a"), say("Done."));
    expect(await agent.call("ask", "note")).toMatchObject({ text: "Done." });
  }
});

test("more calls than there may be in a turn are not run", async () => {
  steered.always(() => note(String(++texts)));
  const agent = await system().spawn(fewCalls);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({ code: "agent_loop" });
  expect(bench.done.length).toBe(3);
});

test("as many calls as there may be are run, and the turn is answered", async () => {
  steered.answers(call(["note", { text: "a" }], ["note", { text: "b" }], ["note", { text: "c" }]), say("Done."));
  const agent = await system().spawn(fewCalls);
  expect(await agent.call("ask", "note")).toMatchObject({ text: "Done." });
});

test("one answer with more calls than there may be runs no more than that", async () => {
  steered.answers(call(...["a", "b", "c", "d"].map((text) => ["note", { text }] as const)));
  steered.always(say("Done."));
  const agent = await system().spawn(fewCalls);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({ code: "agent_loop" });
  expect(bench.done.length).toBeLessThanOrEqual(3);
});

test("without an answer after as many steps as there may be the turn fails, and the model is asked no more", async () => {
  steered.always(() => note(String(++texts)));
  const agent = await system().spawn(shortSteps);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({ code: "agent_loop" });
  expect(steered.requests.length).toBe(3);
});

test("an answer in the last step that there may be is one", async () => {
  steered.answers(note("a"), note("b"), say("Done."));
  const agent = await system().spawn(shortSteps);
  expect(await agent.call("ask", "note")).toMatchObject({ text: "Done.", steps: 3 });
});

test("steps count on over a restart", async () => {
  const session = newSession();
  steered.answers(note("a"), note("b"));
  const agent = await system().spawn(shortSteps, { session });
  const answer = outcome(agent.call("ask", "note"));
  await steered.chat();
  await kill(system(), agent);
  await answer;
  steered.always(() => note(String(++texts)));
  const next = await system().spawn(shortSteps, { session });
  await expect(next.call("goOn")).rejects.toMatchObject({ code: "agent_loop" });
  // The one that was asked as it was killed has said nothing.
  expect(steered.requests.length).toBe(4);
});

test("the same calls count on over a restart", async () => {
  const session = newSession();
  steered.answers(note("a"));
  const agent = await system().spawn(onceOnly, { session });
  const answer = outcome(agent.call("ask", "note"));
  await steered.chat();
  await kill(system(), agent);
  await answer;
  steered.answers(note("a"));
  steered.always(say("Done."));
  const next = await system().spawn(onceOnly, { session });
  await expect(next.call("goOn")).rejects.toMatchObject({ code: "agent_loop" });
  expect(bench.names).toEqual(["note"]);
});

test("a turn that takes longer than it may fails, its model's connection is closed, and the next ask is answered", async () => {
  const agent = await system().spawn(hasty);
  const answer = outcome(agent.call("ask", "slowly"));
  const chat = await steered.chat();
  await chat.closed();
  expect(await answer).toMatchObject({ code: "timeout" });
  steered.answers(say("Yes."));
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
});

test("a turn that takes longer than it may amid a tool tells the tool, and the call is uncertain", async () => {
  steered.answers(call(["hold", { as: "a" }]));
  const agent = await system().spawn(hasty);
  const answer = outcome(agent.call("ask", "slowly"));
  const held = await bench.held();
  await held.told();
  expect(await answer).toMatchObject({ code: "timeout" });
  steered.answers(say("Yes."));
  await agent.call("ask", "Well?");
  const { messages } = await agent.call("session");
  expectWhole(messages);
  expect(messages.find(({ role }) => role === "tool")?.content).toMatch(/uncertain/);
});

test("what lies between a wait and its decision is no time of the turn", async () => {
  steered.answers(call(["erase", { what: "a" }]));
  const agent = await system().spawn(hasty);
  const { approvals } = await agent.call("ask", "erase");
  // Somebody else's time passes meanwhile.
  await outcome((await system().spawn(hasty)).call("ask", "slowly"));
  steered.answers(say("Erased."));
  expect(await agent.call("decide", { id: approvals[0]?.id ?? "", isApproved: true })).toMatchObject({
    text: "Erased.",
  });
});
