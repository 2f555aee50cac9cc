/** Agents that speak, act, wait and end: in every placement. */
import { expect, test } from "@jest/globals";
import { Probe } from "../../../testing/index.ts";
import { billing, clerk, desk, forecaster, spender } from "../../fixtures/steered-agents.ts";
import { call, say, steered, steeredBeside } from "../../fixtures/steered-model.ts";
import { steeredRouter } from "../../fixtures/steered-router.ts";
import { bench } from "../../fixtures/steered-tools.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { expectWhole, kill, newSession, outcome, useAgents } from "../../support/use-agents.ts";

describePlacements("Agents at work", (place) => {
  const system = useAgents([{ plugin: steeredRouter, config: { attempts: 1 } }]);

  test("a stream has the words as they come, the calls, and the answer", async () => {
    const agent = await place.spawn(system(), clerk, undefined);
    const reader = system().callStream(agent, "ask", "hold");
    steered.answers(call(["hold", { as: "a" }]));
    const held = await bench.held();
    await held.progress({ part: 1 });
    held.end("kept");
    const chat = await steered.chat();
    await chat.say("Do");
    const deltas: unknown[] = [];
    for (let at = 0; at < 4; at++) deltas.push((await reader.next()).value);
    expect(deltas).toEqual([
      { type: "toolCall", place: 0, name: "hold", arguments: '{"as":"a"}' },
      { type: "toolProgress", place: 0, data: { part: 1 } },
      { type: "toolResult", place: 0, name: "hold", ok: true, content: "kept", ms: expect.any(Number) },
      { type: "text", text: "Do" },
    ]);
    chat.answer(say("ne."));
    for await (const _delta of reader);
    expect(reader.result).toMatchObject({ finish: "stop", text: "Done." });
  });

  test("a reader that leaves closes the model's connection, and the next ask is answered", async () => {
    const agent = await place.spawn(system(), clerk, undefined);
    const reader = system().callStream(agent, "ask", "a tale");
    const chat = await steered.chat();
    await chat.say("Once");
    await reader.next();
    reader.cancel();
    await chat.closed();
    steered.answers(say("Yes."));
    expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
    expectWhole((await agent.call("session")).messages);
  });

  test("an interrupt amid a call of a tool tells the tool, its caller gets interrupted, and the agent goes on", async () => {
    const agent = await place.spawn(system(), clerk, undefined);
    steered.answers(call(["hold", { as: "a" }]));
    const answer = outcome(agent.call("ask", "hold"));
    const held = await bench.held();
    expect(await system().interrupt(agent)).toBe(true);
    await held.told();
    expect(await answer).toMatchObject({ code: "interrupted" });
    steered.answers(say("Yes."));
    expect(await agent.call("ask", "Well?")).toMatchObject({ text: "Yes." });
    expectWhole(steered.requests.at(-1)?.messages ?? []);
  });

  test("a kill amid the model's words closes its connection, and the next incarnation goes on with the turn", async () => {
    const session = newSession();
    const agent = await place.spawn(system(), clerk, { session });
    const answer = outcome(agent.call("ask", { content: "hello", turn: "a" }));
    const chat = await steered.chat();
    await chat.say("Hel");
    await kill(system(), agent);
    await chat.closed();
    expect(await answer).toMatchObject({ code: "killed" });
    steered.answers(say("Hello."));
    const next = await place.spawn(system(), clerk, { session });
    expect(await next.call("goOn")).toMatchObject({ turn: "a", text: "Hello." });
  });

  test("a kill amid a call of a tool tells the tool, which is not run again", async () => {
    const session = newSession();
    const agent = await place.spawn(system(), clerk, { session });
    steered.answers(call(["hold", { as: "a" }]));
    const answer = outcome(agent.call("ask", "hold"));
    const held = await bench.held();
    await kill(system(), agent);
    await held.told();
    await answer;
    steered.answers(say("I do not know."));
    const next = await place.spawn(system(), clerk, { session });
    expect(await next.call("goOn")).toMatchObject({ text: "I do not know.", toolCalls: [{ ok: false }] });
    expect(bench.names).toEqual(["hold"]);
  });

  test("a call waits for a word over a restart, also into another place", async () => {
    const session = newSession();
    const agent = await place.spawn(system(), clerk, { session });
    steered.answers(call(["erase", { what: "a" }]));
    const { approvals } = await agent.call("ask", "erase");
    await kill(system(), agent);
    const next = await system().spawn(clerk, { session });
    steered.answers(say("Erased."));
    expect(await next.call("decide", { id: approvals[0]?.id ?? "", isApproved: true })).toMatchObject({
      text: "Erased.",
    });
    expect(bench.names).toEqual(["erase"]);
  });

  test("an output is checked, and mended, by a schema of zod", async () => {
    const agent = await place.spawn(system(), forecaster, undefined);
    steered.answers(say('{"city":"Rome"}'), say('{"city":"Rome","degrees":21}'));
    expect(await agent.call("ask", "Rome?")).toMatchObject({ output: { city: "Rome", degrees: 21 }, steps: 2 });
  });

  test("an agent hands on to another by its name", async () => {
    const first = await place.spawn(system(), desk, undefined);
    const other = await place.spawn(system(), billing, undefined, { name: "billing" });
    steered.answers(call(["hand_off_to_billing", { note: "x" }]));
    steeredBeside.answers(say("Here it is."));
    expect(await first.call("ask", "My money!")).toMatchObject({
      finish: "handOff",
      by: "billing",
      text: "Here it is.",
    });
    await kill(system(), other);
  });

  test("an agent whose budget is used up ends with that", async () => {
    await using probe = await Probe.start(system());
    const agent = await place.spawn(system(), spender, { session: newSession() });
    const watch = await probe.watch(agent);
    steered.answers({ ...say("Yes."), usage: { inputTokens: 500, outputTokens: 480 } });
    await agent.call("ask", "hello");
    expect(await outcome(agent.call("ask", "a question ".repeat(100)))).toMatchObject({ code: "model_budget" });
    expect(await watch.reason()).toEqual({ budget: expect.anything() });
  });

  test("of two agents on one session the later one's step ends it by a conflict", async () => {
    await using probe = await Probe.start(system());
    const session = newSession();
    steered.always(say("Yes."));
    const [one, two] = [
      await place.spawn(system(), clerk, { session }),
      await place.spawn(system(), clerk, { session }),
    ];
    const watch = await probe.watch(two);
    await one.call("ask", "one");
    expect(await outcome(two.call("ask", "two"))).toMatchObject({ code: "version_conflict" });
    expect(await watch.reason()).toMatchObject({ error: { code: "version_conflict" } });
  });
});
