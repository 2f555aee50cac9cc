/** Answers of a schema. Not in every placement: it is of the model's words alone. */
import { expect, test } from "@jest/globals";
import { forecaster, stubborn } from "../../fixtures/steered-agents.ts";
import { call, say, steered } from "../../fixtures/steered-model.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

const system = useAgents();
const right = '{"city":"Rome","degrees":21}';

test("the model is told of the schema, and its answer is given as that says", async () => {
  steered.answers(say(right));
  const agent = await system().spawn(forecaster);
  expect(await agent.call("ask", "Rome?")).toMatchObject({
    finish: "stop",
    text: right,
    output: { city: "Rome", degrees: 21 },
  });
  expect(JSON.stringify(steered.requests[0])).toContain('"degrees"');
});

test.each([
  ["no JSON", "It is warm.", /JSON/],
  ["of another schema", '{"city":"Rome"}', /degrees/],
  ["cut off", '{"city":"Rome","degr', /JSON/],
  ["empty", "", /JSON/],
])("an answer that is %s is told back with what is wrong, and mended", async (_what, wrong, why) => {
  steered.answers(say(wrong), say(right));
  const agent = await system().spawn(forecaster);
  expect(await agent.call("ask", "Rome?")).toMatchObject({ output: { city: "Rome", degrees: 21 }, steps: 2 });
  expect(steered.requests[1]?.messages.at(-1)?.content).toMatch(why);
});

test("an answer that is wrong each time fails the turn, after as many corrections as there may be", async () => {
  steered.always(say('{"city":7}'));
  const agent = await system().spawn(forecaster);
  await expect(agent.call("ask", "Rome?")).rejects.toMatchObject({ code: "model_output" });
  expect(steered.requests.length).toBe(3);
  steered.always(say(right));
  expect(await agent.call("ask", "Rome!")).toMatchObject({ output: { city: "Rome", degrees: 21 } });
});

test("corrections are counted for each turn", async () => {
  const agent = await system().spawn(forecaster);
  for (let turn = 0; turn < 2; turn++) {
    steered.answers(say("a"), say("b"), say(right));
    expect(await agent.call("ask", "Rome?")).toMatchObject({ output: { city: "Rome" }, steps: 3 });
  }
});

test("with no corrections the first wrong answer fails the turn", async () => {
  steered.answers(say("warm"));
  const agent = await system().spawn(stubborn);
  await expect(agent.call("ask", "Rome?")).rejects.toMatchObject({ code: "model_output" });
  expect(steered.requests.length).toBe(1);
});

test("a stream is told that what it has read is void, before the answer that stands", async () => {
  steered.answers(say("warm"), say(right));
  const agent = await system().spawn(forecaster);
  const reader = system().callStream(agent, "ask", "Rome?");
  const deltas: unknown[] = [];
  for await (const delta of reader) deltas.push(delta);
  expect(deltas).toEqual([
    { type: "text", text: "warm" },
    { type: "again", why: expect.stringMatching(/JSON/) },
    { type: "text", text: right },
  ]);
  expect(reader.result).toMatchObject({ output: { city: "Rome" } });
});

test("with a schema it calls tools as ever, and its last answer is of the schema", async () => {
  steered.answers(call(["note", { text: "a" }]), say(right));
  const agent = await system().spawn(forecaster);
  expect(await agent.call("ask", "Rome?")).toMatchObject({
    output: { city: "Rome" },
    toolCalls: [{ name: "note", ok: true }],
  });
});

test("a turn that has failed by its answers leaves a whole conversation", async () => {
  steered.always(say("warm"));
  const agent = await system().spawn(forecaster);
  await outcome(agent.call("ask", "Rome?"));
  steered.always(say(right));
  await agent.call("ask", "Rome!");
  expectWhole((await agent.call("session")).messages);
  expect(steered.requests.at(-1)?.messages.at(-1)).toEqual({ role: "user", content: "Rome!" });
});

test("corrections count on over a restart", async () => {
  const session = newSession();
  steered.answers(say("a"), say("b"));
  const agent = await system().spawn(forecaster, { session });
  const answer = outcome(agent.call("ask", "Rome?"));
  await steered.chat();
  await kill(system(), agent);
  await answer;
  steered.answers(say("c"));
  steered.always(say(right));
  const next = await system().spawn(forecaster, { session });
  await expect(next.call("goOn")).rejects.toMatchObject({ code: "model_output" });
});

test("an answer that is right only after a restart is given with its output, also when it is asked for again", async () => {
  const session = newSession();
  steered.answers(say(right));
  const agent = await system().spawn(forecaster, { session });
  const answer = await agent.call("ask", "Rome?");
  await kill(system(), agent);
  const next = await system().spawn(forecaster, { session });
  expect(await next.call("goOn")).toEqual(answer);
});
