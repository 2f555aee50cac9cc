import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type MofaSystem, startSystem, toolsOf } from "mofa";
import { agent, script, tools } from "./agent.ts";

let system: MofaSystem;
before(async () => {
  system = await startSystem();
  // Whatever model the agent has, here it says these two things.
  const turns = [{ toolCalls: [{ name: "clock", arguments: { zone: "Asia/Tokyo" } }] }, { content: "It is {last}." }];
  await system.startPlugins([tools, { plugin: script, config: { turns } }]);
});
after(() => system.stop());

test("asked for the time it looks at its clock, and says what that shows", async () => {
  const ann = await system.spawn(agent, undefined);
  const { text, toolCalls } = await ann.call("ask", "What time is it in Tokyo?");
  assert.match(text, /^It is \d\d:\d\d:\d\d \(Asia\/Tokyo\)\.$/);
  assert.deepEqual(
    toolCalls.map(({ name, ok }) => ({ name, ok })),
    [{ name: "clock", ok: true }],
  );
});

test("a time zone that is none is a failure of the tool", async () => {
  await assert.rejects(toolsOf(system, "tools").call("clock", { zone: "Nowhere" }), { code: "tool_failed" });
});
