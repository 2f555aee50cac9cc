/** What waits in agents of a program, for whoever is attached to it. */
import { beforeAll, expect, test } from "@jest/globals";
import { AttachedAgents } from "../../../cli/attach/attached-agents.ts";
import { refKey } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { cautious, toolPurse } from "../../fixtures/agents.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });

beforeAll(async () => {
  await system().startPlugins([
    {
      plugin: llmScripted,
      config: {
        rules: [
          { when: { role: "tool" }, answer: { content: "{last}" } },
          { answer: { toolCalls: [{ name: "give", arguments: { sum: 5 } }] } },
        ],
      },
    },
    toolPurse,
  ]);
});

test("what waits in an agent is listed, and done when somebody says yes; then it waits no longer", async () => {
  const agents = new AttachedAgents(system());
  const agent = await system().spawn(cautious);
  expect(await agents.approvals()).toEqual([]);
  const { approvals } = await agent.call("ask", "five, please");
  const id = approvals[0]?.id as string;
  const listed = { id, tool: "give", arguments: { sum: 5 }, plugin: null, agent: refKey(agent), by: "cautious" };
  expect(await agents.approvals()).toEqual([{ ...listed, sinceMs: expect.any(Number) }]);
  expect(await agents.decide(refKey(agent), { id, isApproved: true })).toBe(true);
  expect((await agent.call("session")).messages.at(-1)).toEqual({ role: "assistant", content: "given 5" });
  expect(await agents.approvals()).toEqual([]);
  expect(await agents.decide(refKey(agent), { id, isApproved: true })).toBe(false);
  expect(await agents.decide("9.9.9", { id, isApproved: true })).toBe(false);
});

test("a no is told to whoever has asked, and nothing is done", async () => {
  const agents = new AttachedAgents(system());
  const agent = await system().spawn(cautious);
  const { approvals } = await agent.call("ask", "five more");
  const id = approvals[0]?.id as string;
  expect(await agents.decide(refKey(agent), { id, isApproved: false, reason: "too much" })).toBe(true);
  const { messages } = await agent.call("session");
  expect(messages.slice(-2).map(({ content }) => content)).toEqual([
    "tool_denied: somebody has said no to the call: too much",
    "tool_denied: somebody has said no to the call: too much",
  ]);
});
