/** Sessions whose store fails, or has something else. Not in every placement: it is the store that comes and goes. */
import { expect, test } from "@jest/globals";
import { sessionsOf } from "../../../actors/index.ts";
import type { Ref } from "../../../index.ts";
import { Probe } from "../../../testing/index.ts";
import { clerk, oneByOne } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { kept } from "../../fixtures/steered-store.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();

const refuse = () => {
  throw new Error("not today");
};

const refusing = () => {
  kept.before = refuse;
  return say("Noted.");
};

test("an answer that the store does not take ends the agent with its failure, and its caller learns why", async () => {
  await using probe = await Probe.start(system());
  const agent = await system().spawn(clerk, { session: newSession() });
  const watch = await probe.watch(agent);
  steered.answers(refusing);
  expect(await outcome(agent.call("ask", "note"))).toMatchObject({ code: "storage_failed" });
  expect(await watch.reason()).toMatchObject({ error: { code: "storage_failed" } });
});

test("a question that the store does not take is asked of nobody", async () => {
  const agent = await system().spawn(clerk, { session: newSession() });
  kept.before = refuse;
  expect(await outcome(agent.call("ask", "note"))).toMatchObject({ code: "storage_failed" });
  expect(steered.requests).toEqual([]);
  expect(system().isAlive(agent)).toBe(false);
});

test("a tool is not run before the store has that it begins", async () => {
  const agent = await system().spawn(clerk, { session: newSession() });
  steered.answers(() => {
    kept.before = refuse;
    return call(["note", { text: "a" }]);
  });
  await outcome(agent.call("ask", "note"));
  expect(bench.done).toEqual([]);
});

test.each([
  ["at once", clerk, "clerk"],
  ["one after the other", oneByOne, "one-by-one"],
])("as a tool begins, of those that run %s, the store has that it does", async (_how, behaviour, name) => {
  const session = newSession();
  const states: unknown[] = [];
  bench.onBegin = async () => {
    const stored = await sessionsOf(system(), "steered-store").read(name, session);
    states.push(stored?.state.open.map(({ state }) => state)[states.length]);
  };
  steered.answers(call(["note", { text: "a" }], ["note", { text: "b" }]), say("Noted."));
  const agent = await system().spawn(behaviour, { session });
  await agent.call("ask", "note");
  expect(states).toEqual(["runs", "runs"]);
});

test("a decision that the store does not take is none, and the call waits on", async () => {
  const session = newSession();
  steered.answers(call(["erase", { what: "a" }]));
  const agent = await system().spawn(clerk, { session });
  const { approvals } = await agent.call("ask", "erase");
  kept.before = refuse;
  await outcome(agent.call("decide", { id: approvals[0]?.id ?? "", isApproved: true }));
  kept.forget();
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turn: "waits", approvals });
  expect(bench.done).toEqual([]);
});

test("an agent of no session needs no store", async () => {
  kept.before = refuse;
  steered.answers(say("Yes."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "hello")).toMatchObject({ text: "Yes." });
});

test("its supervisor starts an agent again whose store has failed, and nothing is lost", async () => {
  const session = newSession();
  const tree = await system().supervise({ intensity: 3, children: [{ id: "clerk", start: [clerk, { session }] }] });
  const child = async () => (await tree.whichChildren())[0]?.ref as Ref;
  steered.answers(call(["note", { text: "a" }]), refusing);
  const first = await child();
  expect(await outcome(system().call(first, "ask", { content: "note a", turn: "noting" }))).toMatchObject({
    code: "storage_failed",
  });
  kept.forget();
  steered.answers(say("Noted."));
  const second = await child();
  expect(second).not.toEqual(first);
  expect(await system().call(second, "ask", { content: "note a", turn: "noting" })).toMatchObject({
    text: "Noted.",
    toolCalls: [{ name: "note", ok: true }],
  });
  expect(bench.names).toEqual(["note"]);
});

test("a store that is killed amid a turn, and started again, costs an agent at most its turn, and nothing of the conversation", async () => {
  const session = newSession();
  const tree = await system().supervise({ intensity: 3, children: [{ id: "clerk", start: [clerk, { session }] }] });
  const child = async () => (await tree.whichChildren())[0]?.ref as Ref;
  steered.answers(say("Hello."));
  await system().call(await child(), "ask", "hello");
  const answer = outcome(system().call(await child(), "ask", { content: "note", turn: "noting" }));
  const chat = await steered.chat();
  system().exit(system().whereis("plugin.steered-store") as Ref, "kill");
  chat.answer(say("Noted."));
  steered.always(say("Noted."));
  const result = (await answer) as { readonly code?: string };
  if (result.code !== undefined) expect(result.code).toMatch(/^storage_|^killed$|^version_conflict$/);
  expect(await system().call(await child(), "ask", { content: "note", turn: "noting" })).toMatchObject({
    text: "Noted.",
  });
  const { messages } = (await sessionsOf(system(), "steered-store").read("clerk", session))?.state ?? { messages: [] };
  expect(messages.map(({ content }) => content)).toEqual(["hello", "Hello.", "note", "Noted."]);
});

test("without a store an agent with a session does not start, and says what is missing", async () => {
  const { startSystem } = await import("../../../index.ts");
  await using bare = await startSystem({ threads: 1, spare: false });
  await bare.startPlugins([steered.plugin]);
  await expect(bare.spawn(clerk, { session: "a" })).rejects.toMatchObject({
    message: expect.stringMatching(/storage/),
  });
});

test("of two agents on one session the later one's next step is a conflict, and it ends; the other goes on", async () => {
  const session = newSession();
  await using probe = await Probe.start(system());
  steered.always(say("Yes."));
  const one = await system().spawn(clerk, { session });
  const two = await system().spawn(clerk, { session });
  const watch = await probe.watch(two);
  await one.call("ask", "one");
  expect(await outcome(two.call("ask", "two"))).toMatchObject({ code: "version_conflict" });
  expect(await watch.reason()).toMatchObject({ error: { code: "version_conflict" } });
  expect(await one.call("ask", "again")).toMatchObject({ text: "Yes." });
  const next = await system().spawn(clerk, { session });
  expect((await next.call("session")).messages.map(({ content }) => content)).toEqual(["one", "Yes.", "again", "Yes."]);
});

test("of two agents amid their turns on one session one gets its answer, and no message is of both", async () => {
  const session = newSession();
  const agents = [await system().spawn(clerk, { session }), await system().spawn(clerk, { session })];
  const answers = agents.map((agent, at) => outcome(agent.call("ask", `question ${at}`)));
  // Of the other's question nothing is kept, so that nobody is asked by it.
  (await steered.chat()).answer(say("Yes."));
  const codes = ((await Promise.all(answers)) as { readonly code?: string }[]).map(({ code }) => code);
  expect(new Set(codes)).toEqual(new Set(["version_conflict", undefined]));
  const next = await system().spawn(clerk, { session });
  expect((await next.call("session")).messages.length).toBe(2);
  expect(steered.requests.length).toBe(1);
});

/** The journal of a session, as it stands in the store. */
async function journalOf(session: string): Promise<string> {
  const all = await system().call("plugin.steered-store", "list", { prefix: "" });
  const entry = (all as readonly { readonly key: string }[]).find(({ key }) => key.includes(session));
  if (entry === undefined) throw new Error(`nothing in the store is of ${session}`);
  return entry.key;
}

test("a session of a newer version is refused at the start, and stays as it is", async () => {
  const session = newSession();
  steered.answers(say("Yes."));
  const agent = await system().spawn(clerk, { session });
  await agent.call("ask", "hello");
  await system().stopActor(agent);
  const journal = await journalOf(session);
  const read = async () => await system().call("plugin.steered-store", "read", { journal });
  const events = (await read()) as readonly { readonly event: { readonly version: number; readonly value: unknown } }[];
  const [{ event } = { event: { version: 0, value: undefined } }] = events;
  expect(event.version).toEqual(expect.any(Number));
  await system().call("plugin.steered-store", "append", {
    journal,
    events: [{ ...event, version: event.version + 1 }],
  });
  const before = await read();
  await expect(system().spawn(clerk, { session })).rejects.toMatchObject({
    code: "start_failed",
    cause: { code: "storage_version" },
  });
  expect(await read()).toEqual(before);
});

test("a session that was deleted under its agent ends it with its next step, and the next one begins anew", async () => {
  const session = newSession();
  steered.always(say("Yes."));
  const agent = await system().spawn(clerk, { session });
  await agent.call("ask", "hello");
  expect(await sessionsOf(system(), "steered-store").delete("clerk", session)).toBe(true);
  await outcome(agent.call("ask", "again"));
  expect(system().isAlive(agent)).toBe(false);
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turns: 0, messages: [] });
});

test("three hundred turns of a session are read again as they were", async () => {
  const session = newSession();
  steered.always((chat) => say(`${chat.last}!`));
  const agent = await system().spawn(clerk, { session });
  for (let turn = 0; turn < 300; turn++) await agent.call("ask", String(turn));
  const { messages, turns } = await agent.call("session");
  await system().stopActor(agent);
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turns, messages });
});
