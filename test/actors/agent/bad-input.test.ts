/** What is no agent, no question and no decision. Not in every placement: it is of checks that are the same everywhere. */
import { expect, test } from "@jest/globals";
import { type AgentDefinition, defineAgent } from "../../../actors/index.ts";
import { clerk, talker } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const right = { name: "a", model: "llm-steered" };

test.each<[string, object, RegExp]>([
  ["without a name", { model: "m" }, /name is 1 to 64/],
  ["with a name of two words", { ...right, name: "a b" }, /name is 1 to 64/],
  ["with a name of 65 letters", { ...right, name: "a".repeat(65) }, /name is 1 to 64/],
  ["without a model", { name: "a" }, /model is the name/],
  ["with a model of no plugin", { ...right, model: {} }, /model\.plugin/],
  ["with a model of another key", { ...right, model: { plugin: "m", temprature: 1 } }, /temprature/],
  ["with a key that there is not", { ...right, tool: [] }, /tool/],
  ["with instructions that are no text", { ...right, instructions: 7 }, /instructions is a text/],
  ["with a plugin of tools that stands there twice", { ...right, tools: ["a", "a"] }, /tools is a list/],
  ["with tools that are no list", { ...right, tools: "tool-fs" }, /tools is a list/],
  ["with a hand-off to nobody", { ...right, handOffs: [{ description: "x" }] }, /handOffs\[0\]\.to/],
  ["with a hand-off of no description", { ...right, handOffs: [{ to: "b" }] }, /handOffs\[0\]\.description/],
  [
    "with two hand-offs to one",
    {
      ...right,
      handOffs: [
        { to: "b", description: "x" },
        { to: "b", description: "y" },
      ],
    },
    /handOffs\[1\]\.to/,
  ],
  ["with no steps", { ...right, limits: { maxSteps: 0 } }, /limits\.maxSteps is a whole number from 1/],
  ["with half a step", { ...right, limits: { maxSteps: 1.5 } }, /limits\.maxSteps/],
  ["with endless steps", { ...right, limits: { maxSteps: Number.POSITIVE_INFINITY } }, /limits\.maxSteps/],
  ["with a limit that there is not", { ...right, limits: { maxStep: 1 } }, /maxStep/],
  ["with corrections below none", { ...right, limits: { maxCorrections: -1 } }, /limits\.maxCorrections/],
  ["with memory of no tokens", { ...right, memory: { contextTokens: 0 } }, /memory\.contextTokens/],
  ["with memory that sums up by a word", { ...right, memory: { summarises: "yes" } }, /memory\.summarises/],
  ["with a budget of less than nothing", { ...right, budget: { tokens: -1 } }, /budget/],
  ["with an output that is no schema", { ...right, output: 7 }, /output is a/],
])("an agent %s is refused where it is defined", (_what, given, message) => {
  expect(() => defineAgent(given as AgentDefinition<undefined>)).toThrow(
    expect.objectContaining({ code: "bad_argument", message: expect.stringMatching(message) }),
  );
});

test.each([
  ["none", undefined],
  ["null", null],
  ["a number", 7],
  ["a list", ["hello"]],
  ["an object of no content", { turn: "a" }],
  ["a content that is no text", { content: 7 }],
  ["a key that there is not", { content: "a", tunr: "b" }],
  ["an empty text", ""],
  ["an empty name of a turn", { content: "a", turn: "" }],
  ["a name of a turn that is no text", { content: "a", turn: 7 }],
])("a question that is %s is refused, changes nothing, and the agent lives on", async (_what, question) => {
  const agent = await system().spawn(talker);
  expect(await outcome(agent.call("ask", question as never))).toMatchObject({ code: "bad_argument" });
  expect(await agent.call("session")).toMatchObject({ turns: 0, turn: "none" });
  steered.answers(say("Yes."));
  expect(await agent.call("ask", "hello")).toMatchObject({ text: "Yes." });
});

test.each([
  ["none", undefined],
  ["of no id", { isApproved: true }],
  ["of no word", { id: "ID" }],
  ["of a word that is no flag", { id: "ID", isApproved: "yes" }],
  ["of a reason that is no text", { id: "ID", isApproved: false, reason: 7 }],
  ["of a key that there is not", { id: "ID", isApproved: true, why: "x" }],
])("a decision %s is refused, and the call waits on", async (_what, decision) => {
  steered.answers(call(["erase", { what: "a" }]));
  const agent = await system().spawn(clerk);
  const { approvals } = await agent.call("ask", "erase");
  const given = decision && "id" in decision ? { ...decision, id: approvals[0]?.id } : decision;
  expect(await outcome(agent.call("decide", given as never))).toMatchObject({ code: "bad_argument" });
  expect(await agent.call("session")).toMatchObject({ turn: "waits", approvals });
});

test.each([
  ["a text", "ann"],
  ["a session that is no text", { session: 7 }],
  ["an empty session", { session: "" }],
  ["a session of 129 characters", { session: "a".repeat(129) }],
  ["a key that there is not", { sesion: "ann" }],
])("a start with %s is refused", async (_what, start) => {
  await expect(system().spawn(clerk, start as never)).rejects.toMatchObject({
    message: expect.stringMatching(/session|sesion/),
  });
});

test("a session of 128 characters, of whatever kind, is one", async () => {
  const session = `${newSession()} ä/… "'`.padEnd(128, "x");
  steered.answers(say("Yes."));
  const agent = await system().spawn(clerk, { session });
  await agent.call("ask", "hello");
  await system().stopActor(agent);
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ session, turns: 1 });
});
