/** Calls that wait for somebody's word. Not in every placement: `places.test.ts` is; here it is the decisions. */
import { expect, test } from "@jest/globals";
import type { AgentAnswer } from "../../../actors/index.ts";
import type { ChatAssistantMessage, ChatToolMessage } from "../../../index.ts";
import { clerk } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const erase = (what: string) => ["erase", { what }] as const;
const idOf = ({ approvals }: AgentAnswer, at = 0): string => approvals[at]?.id ?? "none";

/** What the model was told in its last request, behind its calls. */
function told(): readonly ChatToolMessage[] {
  const messages = steered.requests.at(-1)?.messages ?? [];
  return messages.filter(({ role }) => role === "tool") as ChatToolMessage[];
}

/** Of the call that was to erase that. */
function toldOf(what: string): ChatToolMessage | undefined {
  const said = steered.requests.at(-1)?.messages.findLast(({ role }) => role === "assistant") as ChatAssistantMessage;
  const id = said.toolCalls?.find((one) => one.arguments === JSON.stringify({ what }))?.id;
  return told().find(({ toolCallId }) => toolCallId === id);
}

type Clerk = Awaited<ReturnType<typeof waiting>>["agent"];

/** Asked for what has to be approved: a call each. */
async function waiting(session: string | undefined, ...what: readonly string[]) {
  steered.answers(call(...what.map(erase)));
  const agent = await system().spawn(clerk, session === undefined ? undefined : { session });
  return { agent, answer: await agent.call("ask", { content: "erase", turn: "erasing" }) };
}

test("a call that wants approval is not begun, and the turn is answered by who waits", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  expect(answer).toMatchObject({
    finish: "approval",
    approvals: [
      { id: expect.any(String), agent: "clerk", tool: "erase", arguments: '{"what":"a"}', sinceMs: expect.any(Number) },
    ],
    toolCalls: [{ name: "erase" }],
    steps: 1,
  });
  expect(answer.toolCalls[0]).not.toHaveProperty("ok");
  expect(bench.done).toEqual([]);
  expect(await agent.call("session")).toMatchObject({ turn: "waits", approvals: answer.approvals });
});

test("a yes has the call run, and the turn goes on to its answer", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  steered.answers(say("Erased."));
  expect(await agent.call("decide", { id: idOf(answer), isApproved: true })).toMatchObject({
    turn: "erasing",
    finish: "stop",
    text: "Erased.",
    toolCalls: [{ name: "erase", ok: true }],
    approvals: [],
  });
  expect(told()).toMatchObject([{ content: "erased a" }]);
  expect(bench.names).toEqual(["erase"]);
});

test("a no is told to the model with its reason, and the call is never run", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  steered.answers(say("As you like."));
  expect(await agent.call("decide", { id: idOf(answer), isApproved: false, reason: "not today" })).toMatchObject({
    text: "As you like.",
    toolCalls: [{ name: "erase", ok: false }],
  });
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/^tool_denied: .*not today/) }]);
  expect(bench.done).toEqual([]);
});

test("calls that need no word are run first, and their results are kept while the others wait", async () => {
  steered.answers(call(["note", { text: "a" }], erase("b")));
  const agent = await system().spawn(clerk);
  const answer = await agent.call("ask", "both");
  expect(answer).toMatchObject({ finish: "approval", toolCalls: [{ name: "note", ok: true }, { name: "erase" }] });
  expect(bench.names).toEqual(["note"]);
  steered.answers(say("Done."));
  await agent.call("decide", { id: idOf(answer), isApproved: true });
  expect(new Set(told().map(({ content }) => content))).toEqual(new Set(["noted a", "erased b"]));
  expect(bench.names).toEqual(["note", "erase"]);
});

test("of two that wait the turn goes on when both are decided, each by its own word", async () => {
  const { agent, answer } = await waiting(undefined, "a", "b");
  expect(answer.approvals.length).toBe(2);
  const half = await agent.call("decide", { id: idOf(answer, 1), isApproved: false });
  expect(half).toMatchObject({ finish: "approval", approvals: [{ id: idOf(answer, 0) }] });
  expect(half.approvals.length).toBe(1);
  expect(steered.requests.length).toBe(1);
  steered.answers(say("Half of it."));
  expect(await agent.call("decide", { id: idOf(answer, 0), isApproved: true })).toMatchObject({ text: "Half of it." });
  expect(toldOf("a")).toMatchObject({ content: "erased a" });
  expect(toldOf("b")).toMatchObject({ isError: true });
});

test.each([true, false])(
  "of an id that nobody waits by a word (%p) is refused, and all stays as it is",
  async (isApproved) => {
    const { agent, answer } = await waiting(undefined, "a");
    await expect(agent.call("decide", { id: "no such id", isApproved })).rejects.toMatchObject({
      code: "bad_argument",
    });
    expect(await agent.call("session")).toMatchObject({ turn: "waits", approvals: answer.approvals });
    expect(bench.done).toEqual([]);
  },
);

test("of an agent that waits for nothing a word is refused", async () => {
  const agent = await system().spawn(clerk);
  await expect(agent.call("decide", { id: "a", isApproved: true })).rejects.toMatchObject({ code: "bad_argument" });
});

test("a second word for one call is refused, and it is run once", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  steered.answers(say("Erased."));
  const decision = { id: idOf(answer), isApproved: true };
  const words = await Promise.all([1, 2].map(() => outcome(agent.call("decide", decision))));
  expect(words).toMatchObject([{ text: "Erased." }, { code: "bad_argument" }]);
  expect(bench.names).toEqual(["erase"]);
});

test("another ask while a call waits is refused, and changes nothing", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  await expect(agent.call("ask", "else?")).rejects.toMatchObject({ code: "agent_waits" });
  expect(await agent.call("session")).toMatchObject({ turn: "waits", turns: 1, approvals: answer.approvals });
  steered.answers(say("Erased."), say("Yes?"));
  await agent.call("decide", { id: idOf(answer), isApproved: true });
  expect(await agent.call("ask", "else?")).toMatchObject({ text: "Yes?" });
});

test.each([
  ["the same ask", (agent: Clerk) => agent.call("ask", { content: "erase", turn: "erasing" })],
  ["goOn", (agent: Clerk) => agent.call("goOn")],
])("while a call waits, %s is answered by that", async (_what, again) => {
  const { agent, answer } = await waiting(undefined, "a");
  expect(await again(agent)).toEqual(answer);
  expect(steered.requests.length).toBe(1);
});

test("what waits, waits over a restart, and is decided there", async () => {
  const session = newSession();
  const { agent, answer } = await waiting(session, "a");
  await kill(system(), agent);
  const next = await system().spawn(clerk, { session });
  expect(await next.call("session")).toMatchObject({ turn: "waits", approvals: answer.approvals });
  await expect(next.call("ask", "else?")).rejects.toMatchObject({ code: "agent_waits" });
  steered.answers(say("Erased."));
  expect(await next.call("decide", { id: idOf(answer), isApproved: true })).toMatchObject({
    turn: "erasing",
    text: "Erased.",
  });
  expect(bench.names).toEqual(["erase"]);
});

test("of two that wait the word for one is kept over a restart", async () => {
  const session = newSession();
  const { agent, answer } = await waiting(session, "a", "b");
  await agent.call("decide", { id: idOf(answer, 0), isApproved: false, reason: "not a" });
  await kill(system(), agent);
  const next = await system().spawn(clerk, { session });
  const { approvals } = await next.call("session");
  expect(approvals.map(({ id }) => id)).toEqual([idOf(answer, 1)]);
  steered.answers(say("Done."));
  await next.call("decide", { id: idOf(answer, 1), isApproved: true });
  expect(toldOf("a")).toMatchObject({ isError: true, content: expect.stringContaining("not a") });
  expect(toldOf("b")).toMatchObject({ content: "erased b" });
});

test("one that is killed while an approved call runs does not run it again", async () => {
  const session = newSession();
  const { agent, answer } = await waiting(session, "a");
  const begun = Promise.withResolvers<void>();
  bench.onBegin = async (_done, signal) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  };
  const decided = outcome(agent.call("decide", { id: idOf(answer), isApproved: true }));
  await begun.promise;
  await kill(system(), agent);
  expect(await decided).toMatchObject({ code: "killed" });
  steered.answers(say("I do not know."));
  const next = await system().spawn(clerk, { session });
  expect(await next.call("goOn")).toMatchObject({ text: "I do not know.", toolCalls: [{ name: "erase", ok: false }] });
  expect(bench.names).toEqual(["erase"]);
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/uncertain/) }]);
});

test("arguments that the tool's own check refuses are told to the model, whoever approves", async () => {
  steered.answers(call(erase("everything")), say("I see."));
  const agent = await system().spawn(clerk);
  let answer = await agent.call("ask", "erase");
  if (answer.finish === "approval") answer = await agent.call("decide", { id: idOf(answer), isApproved: true });
  expect(answer).toMatchObject({ text: "I see.", toolCalls: [{ name: "erase", ok: false }] });
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/^tool_denied: everything/) }]);
  expect(bench.done).toEqual([]);
});

test("arguments that are no JSON wait for nobody's word, or come to nothing by it", async () => {
  steered.answers(call(["erase", '{"what":']), say("I see."));
  const agent = await system().spawn(clerk);
  let answer = await agent.call("ask", "erase");
  if (answer.finish === "approval") answer = await agent.call("decide", { id: idOf(answer), isApproved: true });
  expect(answer).toMatchObject({ text: "I see.", toolCalls: [{ name: "erase", ok: false }] });
  expect(told()).toMatchObject([{ isError: true, content: expect.stringMatching(/^tool_arguments: /) }]);
});

test("a stream of a decision has what becomes of the call, and the words behind it", async () => {
  const { agent, answer } = await waiting(undefined, "a");
  steered.answers(say("Erased."));
  const reader = system().callStream(agent, "decide", { id: idOf(answer), isApproved: true });
  const deltas: { readonly type: string }[] = [];
  for await (const delta of reader) deltas.push(delta as { readonly type: string });
  expect(deltas.filter(({ type }) => type === "toolResult" || type === "text")).toEqual([
    { type: "toolResult", place: 0, name: "erase", ok: true, content: "erased a", ms: expect.any(Number) },
    { type: "text", text: "Erased." },
  ]);
  expect(reader.result).toMatchObject({ finish: "stop", text: "Erased." });
});
