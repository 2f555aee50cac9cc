/** Agents that are asked: in every placement. */
import { beforeAll, expect, test } from "@jest/globals";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { helper } from "../../fixtures/agents.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });

beforeAll(async () => {
  await system().startPlugins([
    { plugin: llmScripted, config: { rules: [{ answer: { content: "You said: {last}" } }] } },
  ]);
});

describePlacements("Agents", (place) => {
  test("an agent answers what it is asked, by its model", async () => {
    const agent = await place.spawn(system(), helper, undefined);
    expect(await agent.call("ask", "hello")).toMatchObject({
      finish: "stop",
      text: "You said: hello",
      toolCalls: [],
      approvals: [],
      steps: 1,
    });
  });
});
