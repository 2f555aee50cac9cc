/** Calls of tools in a turn. Not in every placement: `places.test.ts` is; here it is what becomes of each call. */
import { expect, test } from "@jest/globals";
import { sessionsOf } from "../../../actors/index.ts";
import { type ChatAssistantMessage, type ChatToolMessage, type Ref, toolsOf } from "../../../index.ts";
import { byTwo, clerk, confused, lacking, oneByOne, visitor } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { workshop } from "../../fixtures/tools.ts";
import { kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents([{ plugin: workshop }]);

/** What the model was told in its last request, behind its calls. */
function told(): readonly ChatToolMessage[] {
  const messages = steered.requests.at(-1)?.messages ?? [];
  return messages.filter(({ role }) => role === "tool") as ChatToolMessage[];
}

test("what a tool gives is told to the model, as an answer to its call", async () => {
  steered.answers({ calls: [{ name: "note", arguments: { text: "a" }, id: "one" }] }, say("Noted."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "note a")).toMatchObject({ text: "Noted.", toolCalls: [{ name: "note", ok: true }] });
  expect(steered.requests[1]?.messages.slice(-3)).toEqual([
    { role: "user", content: "note a" },
    expect.objectContaining({
      role: "assistant",
      toolCalls: [{ id: "one", name: "note", arguments: '{"text":"a"}' }],
    }),
    { role: "tool", toolCallId: "one", content: "noted a" },
  ]);
  expect(bench.done).toMatchObject([{ tool: "note", input: { text: "a" } }]);
});

test("a text beside a call is kept, and is no answer", async () => {
  steered.answers({ texts: ["Let me note."], ...call(["note", { text: "a" }]) }, say("Noted."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "note a")).toMatchObject({ text: "Noted.", steps: 2 });
  expect(steered.requests[1]?.messages.at(-2)).toMatchObject({ role: "assistant", content: "Let me note." });
});

test.each([
  ["no JSON", "note", '{"text": "a', /^tool_arguments: .*no JSON/],
  ["not of the schema", "note", { txt: "a" }, /^tool_arguments: .*required property 'text'/],
  ["an empty text", "note", "", /^tool_arguments: /],
])("arguments that are %s are told to the model, and nothing is run", async (_what, name, given, why) => {
  steered.answers(call([name, given]), say("I see."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "note")).toMatchObject({ text: "I see.", toolCalls: [{ name, ok: false }] });
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(why) }]);
  expect(bench.done).toEqual([]);
});

test.each(["sing", "constructor", "__proto__", "sing a song", "s".repeat(100)])(
  "a tool %p that nobody has is told to the model",
  async (name) => {
    steered.answers(call([name]), say("I see."));
    const agent = await system().spawn(clerk);
    expect(await agent.call("ask", "sing")).toMatchObject({ text: "I see.", toolCalls: [{ name, ok: false }] });
    expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/^tool_unknown: .*note, hold/) }]);
  },
);

test("a tool that fails is told to the model, which may go on with another", async () => {
  steered.answers(call(["break", { why: "no ink" }]), call(["note", { text: "a" }]), say("Noted."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "note")).toMatchObject({
    text: "Noted.",
    toolCalls: [
      { name: "break", ok: false },
      { name: "note", ok: true },
    ],
    steps: 3,
  });
  expect(steered.requests[1]?.messages.at(-1)).toMatchObject({
    role: "tool",
    isError: true,
    content: "tool_failed: break: no ink",
  });
});

test("calls of one answer are run beside one another, and each result is told as an answer to its call", async () => {
  steered.answers(
    {
      calls: [
        { name: "hold", arguments: { as: "a" }, id: "one" },
        { name: "hold", arguments: { as: "b" }, id: "two" },
      ],
    },
    say("Done."),
  );
  const agent = await system().spawn(clerk);
  const answer = agent.call("ask", "hold");
  const holds = [await bench.held(), await bench.held()];
  for (const as of ["b", "a"]) holds.find(({ input }) => input.as === as)?.end(`of ${as}`);
  expect(await answer).toMatchObject({ text: "Done." });
  const results = new Map(told().map(({ toolCallId, content }) => [toolCallId, content]));
  expect(results).toEqual(
    new Map([
      ["one", "of a"],
      ["two", "of b"],
    ]),
  );
});

test("of two calls that the model has given one id, each result can be told from the other, in whatever order they end", async () => {
  steered.answers(
    {
      calls: [
        { name: "hold", arguments: { as: "a" }, id: "same" },
        { name: "hold", arguments: { as: "b" }, id: "same" },
      ],
    },
    say("Done."),
  );
  const agent = await system().spawn(clerk);
  const answer = agent.call("ask", "hold");
  const holds = [await bench.held(), await bench.held()];
  for (const as of ["b", "a"]) holds.find(({ input }) => input.as === as)?.end(`of ${as}`);
  expect(await answer).toMatchObject({ text: "Done." });
  const said = steered.requests[1]?.messages.at(-3) as ChatAssistantMessage | undefined;
  const toolCalls = said?.toolCalls ?? [];
  const ids = toolCalls.map(({ id }) => id);
  // By ids that are not the same, or by their order.
  if (new Set(ids).size === 1) expect(told().map(({ content }) => content)).toEqual(["of a", "of b"]);
  else expect(told().find(({ toolCallId }) => toolCallId === ids[0])?.content).toBe("of a");
});

test.each([
  ["a name", { name: "" }],
  ["an id", { name: "note", arguments: { text: "a" }, id: "" }],
])("a call without %s costs a turn at most, and the next ask is answered", async (_what, empty) => {
  steered.answers({ calls: [empty] });
  steered.always(say("Yes."));
  const agent = await system().spawn(clerk);
  await outcome(agent.call("ask", "note"));
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
});

test("a model that says nothing at all has answered, and the next ask is answered, too", async () => {
  steered.answers(say());
  steered.always(say("Yes."));
  const agent = await system().spawn(clerk);
  expect(await agent.call("ask", "hello")).toMatchObject({ finish: "stop", text: "" });
  expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
});

test.each([
  ["one", oneByOne, 1],
  ["two", byTwo, 2],
])("with %s at a time no more calls run beside one another", async (_what, behaviour, most) => {
  const names = ["a", "b", "c", "d"];
  steered.answers(call(...names.map((as) => ["hold", { as }] as const)), say("Done."));
  const agent = await system().spawn(behaviour);
  const answer = agent.call("ask", "hold");
  for (let ended = 0; ended < names.length; ended++) {
    const held = await bench.held();
    await system().settled();
    expect(bench.done.length).toBeLessThanOrEqual(ended + most);
    held.end("held");
  }
  expect(await answer).toMatchObject({ text: "Done." });
  expect(bench.done.map(({ input }) => (input as { as: string }).as)).toEqual(names);
});

test("of a stored session each call has a key of its own", async () => {
  steered.answers(call(["note", { text: "a" }], ["note", { text: "a" }]), call(["note", { text: "a" }]), say("Done."));
  const agent = await system().spawn(clerk, { session: newSession() });
  await agent.call("ask", "note");
  const keys = bench.done.map(({ key }) => key);
  expect(keys).toEqual(keys.map(() => expect.any(String)));
  expect(new Set(keys).size).toBe(3);
});

test("keys of two sessions are not the same, though all in them is", async () => {
  for (let round = 0; round < 2; round++) {
    steered.answers({ calls: [{ name: "note", arguments: { text: "a" }, id: "same" }] }, say("Done."));
    const agent = await system().spawn(clerk, { session: newSession() });
    await agent.call("ask", { content: "note", turn: "same" });
  }
  const [first, second] = bench.done;
  expect(first?.key).not.toEqual(second?.key);
});

test("of a session that was deleted and begun anew by the same name, no call has the key of one before", async () => {
  const session = newSession();
  for (let round = 0; round < 2; round++) {
    steered.answers(call(["note", { text: "a" }]), say("Done."));
    const agent = await system().spawn(clerk, { session });
    await agent.call("ask", "note");
    await kill(system(), agent);
    await sessionsOf(system(), "steered-store").delete("clerk", session);
  }
  const [first, second] = bench.done;
  expect(first?.key).toEqual(expect.any(String));
  expect(second?.key).not.toEqual(first?.key);
});

test("a session with the longest name there may be, of signs beyond ASCII, has tools as any other", async () => {
  steered.answers(call(["note", { text: "a" }]), say("Done."));
  const agent = await system().spawn(clerk, { session: `${newSession()}-`.padEnd(128, "\u{1f600}") });
  expect(await agent.call("ask", "note")).toMatchObject({ toolCalls: [{ name: "note", ok: true }] });
});

test("ids that a model uses again in a later answer cost no call", async () => {
  const again = { calls: [{ name: "note", arguments: { text: "a" }, id: "call_0" }] };
  steered.answers(again, again, say("Done."));
  const agent = await system().spawn(clerk, { session: newSession() });
  expect(await agent.call("ask", "note")).toMatchObject({ toolCalls: [{ ok: true }, { ok: true }] });
  expect(bench.done.length).toBe(2);
  expect(new Set(bench.done.map(({ key }) => key)).size).toBe(2);
});

test("tools of one name in two plugins fail the ask, and the agent lives on", async () => {
  const agent = await system().spawn(confused);
  await expect(agent.call("ask", "note")).rejects.toMatchObject({
    code: "tool_ambiguous",
    message: expect.stringContaining("tool-bench and tool-beside both have a tool note"),
  });
  expect(steered.requests).toEqual([]);
  expect(await agent.call("session")).toMatchObject({ turn: "ended", turns: 1 });
});

test("a plugin of tools that is not there fails the ask, and says which", async () => {
  const agent = await outcome(system().spawn(lacking));
  const failure = agent instanceof Error ? agent : await outcome((agent as Asked).call("ask", "note"));
  expect((failure as Error).message).toContain("tool-nowhere");
});

interface Asked {
  call(name: "ask", question: string): Promise<unknown>;
}

test("a plugin of tools that ends amid a call is told to the model as a failure of it", async () => {
  steered.answers(call(["wait"]), say("I see."));
  const agent = await system().spawn(visitor);
  const answer = agent.call("ask", "wait");
  const tools = toolsOf(system(), "workshop");
  while (!((await tools.call("ended")) as string[]).includes("wait: begun"));
  system().exit(system().whereis("plugin.workshop") as Ref, "kill");
  expect(await answer).toMatchObject({ text: "I see.", toolCalls: [{ name: "wait", ok: false }] });
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/^uncertain: killed: /) }]);
});

test("a result of a hundred thousand characters is told as it is", async () => {
  const text = "y".repeat(100_000);
  steered.answers(call(["note", { text }]), say("Long."));
  const agent = await system().spawn(clerk);
  await agent.call("ask", "note");
  expect(told()[0]?.content).toBe(`noted ${text}`);
});
