/** What agents may spend. Not in every placement: a router keeps it, and `budget-ends.test.ts` looks at its ends everywhere. */
import { expect, test } from "@jest/globals";
import { sessionsOf } from "../../../actors/index.ts";
import { modelOf, type Ref } from "../../../index.ts";
import { Probe } from "../../../testing/index.ts";
import { priced, shared, spender, unkept } from "../../fixtures/steered-agents.ts";
import { say, steered } from "../../fixtures/steered-model.ts";
import { steeredRouter } from "../../fixtures/steered-router.ts";
import { kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const prices = { steered: { input: 1_000, output: 2_000 } };
const system = useAgents([{ plugin: steeredRouter, config: { attempts: 1, prices } }]);
const router = () => modelOf(system(), "llm-router");
const answering = { ...say("Yes."), usage: { inputTokens: 100, outputTokens: 300 } };
const over = { budget: expect.anything() as unknown };

test("what an agent of a session spends is counted under its name and that", async () => {
  const session = newSession();
  steered.always(answering);
  const agent = await system().spawn(spender, { session });
  await agent.call("ask", "hello");
  expect(await router().budget(`agent:spender/${session}`)).toMatchObject({
    limits: { tokens: 1_000 },
    spent: { tokens: 400 },
    reserved: { tokens: 0 },
  });
});

test("what an agent of no session spends is counted under its name", async () => {
  steered.always(answering);
  const agent = await system().spawn(spender);
  await agent.call("ask", "hello");
  expect(await router().budget("agent:spender")).toMatchObject({ spent: { tokens: 400 } });
  await kill(system(), agent);
});

test("an agent whose budget is used up ends with that, its caller is told, and none starts by it any more", async () => {
  await using probe = await Probe.start(system());
  const session = newSession();
  steered.always(answering);
  const agent = await system().spawn(spender, { session });
  const watch = await probe.watch(agent);
  for (let ask = 0; ask < 2; ask++) await agent.call("ask", "hello");
  steered.always({ ...say("x".repeat(4_000)), usage: { inputTokens: 100, outputTokens: 1_000 } });
  expect(await outcome(agent.call("ask", "hello"))).toMatchObject({ code: "model_budget" });
  expect(await watch.reason()).toEqual(over);
  // What is left is less than a question: it has to be spent.
  await router().setBudget(`agent:spender/${session}`, { tokens: 1 });
  expect(await outcome(system().spawn(spender, { session }))).toMatchObject({ code: "budget", cause: over });
});

test("an agent that has nothing left does not start", async () => {
  const session = newSession();
  steered.always({ ...say("Yes."), usage: { inputTokens: 500, outputTokens: 500 } });
  const agent = await system().spawn(spender, { session });
  await agent.call("ask", "hello");
  await kill(system(), agent);
  await expect(system().spawn(spender, { session })).rejects.toMatchObject({ code: "budget", cause: over });
});

test("of one that ends by its budget the question is in the session", async () => {
  const session = newSession();
  steered.always({ ...say("Yes."), usage: { inputTokens: 500, outputTokens: 480 } });
  const agent = await system().spawn(spender, { session });
  await agent.call("ask", "hello");
  const long = "a question ".repeat(100);
  await outcome(agent.call("ask", long));
  expect(system().isAlive(agent)).toBe(false);
  const stored = await sessionsOf(system(), "steered-store").read("spender", session);
  expect(stored?.state.messages.map(({ content }) => content)).toEqual(["hello", "Yes.", long]);
});

test("a budget of its own key is that of all who have it", async () => {
  steered.always(answering);
  const agents = [await system().spawn(shared), await system().spawn(shared)];
  for (const agent of agents) await agent.call("ask", "hello");
  expect(await router().budget("tenant:a")).toMatchObject({ spent: { tokens: 800 } });
  for (const agent of agents) await kill(system(), agent);
});

test("what an answer costs is told with it, and with the session", async () => {
  steered.always(answering);
  const agent = await system().spawn(priced);
  const { usage } = await agent.call("ask", "hello");
  expect(usage).toMatchObject({
    inputTokens: 100,
    outputTokens: 300,
    cost: { amount: expect.closeTo(0.7, 6), currency: "USD" },
  });
  await agent.call("ask", "hello");
  expect((await agent.call("session")).usage).toMatchObject({ cost: { amount: expect.closeTo(1.4, 6) } });
});

test("an agent with a budget over a model that keeps none does not start", async () => {
  expect(await outcome(system().spawn(unkept))).toMatchObject({ code: "start_failed" });
});

test("a supervisor gives up an agent that has nothing left", async () => {
  const session = newSession();
  steered.always({ ...say("Yes."), usage: { inputTokens: 500, outputTokens: 500 } });
  const child = { id: "spender", start: [spender, { session }] } as const;
  const tree = await system().supervise({ intensity: 2, periodMs: 600_000, children: [child] });
  const agent = (await tree.whichChildren())[0]?.ref as Ref;
  await system().call(agent, "ask", "hello");
  system().exit(agent, "kill");
  expect(await tree.exit).toBe("shutdown");
});
