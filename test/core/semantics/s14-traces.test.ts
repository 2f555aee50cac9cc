/** core/SEMANTICS.md, S14.11 and S14.12: the messages of an actor that is traced. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey, type TraceEvent } from "../../../core/index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** What was told while something was done: `what kind message` of each, and the events themselves. */
async function traced(done: () => unknown): Promise<{ readonly lines: string[]; readonly events: TraceEvent[] }> {
  using recorder = new EventRecorder(system(), ["trace"]);
  await done();
  await system().settled();
  const events = recorder.events as TraceEvent[];
  return { events, lines: events.map(({ what, kind, message }) => `${what} ${kind} ${message}`) };
}

describePlacements("S14 Traces", (place) => {
  test("S14.11: what an actor gets and sends is told in order, with what caused it", async () => {
    const other = await place.spawn(system(), puppet, undefined);
    const subject = await place.spawn(system(), puppet, undefined);
    await system().trace(subject, true);
    const { lines, events } = await traced(async () => {
      subject.send("plain");
      await subject.call("run", ["send", other, { n: 1 }]);
      subject.cast("run", ["call", other, "echo", "asked"]);
    });
    expect(lines).toEqual([
      "received message 'plain'",
      expect.stringMatching(/^received call call run\(\[ 'send', .*\)$/s),
      "sent message { n: 1 }",
      "sent reply undefined",
      expect.stringMatching(/^received cast cast run\(\[ 'call', .*\)$/s),
      "sent call call echo('asked')",
      "received reply 'asked'",
    ]);
    const [plain, call, message, reply, cast, asked, answer] = events as [
      TraceEvent,
      TraceEvent,
      TraceEvent,
      TraceEvent,
      TraceEvent,
      TraceEvent,
      TraceEvent,
    ];
    expect([plain.cause, call.cause, cast.cause]).toEqual([undefined, undefined, undefined]);
    expect([message.cause, reply.cause]).toEqual([call.id, call.id]);
    expect([asked.cause, answer.cause]).toEqual([cast.id, asked.id]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(7);
    for (const { ref, peer } of [message, asked, answer])
      expect([refKey(ref), peer && refKey(peer)]).toEqual([refKey(subject), refKey(other)]);
  });

  test("S14.11: a message between two that are traced has one id at both", async () => {
    const [one, two] = [await place.spawn(system(), puppet, undefined), await place.spawn(system(), puppet, undefined)];
    for (const ref of [one, two]) await system().trace(ref, true);
    for (const step of [
      ["send", two, "m"],
      ["cast", two, "keep", "c"],
      ["call", two, "echo", "q"],
    ] as const) {
      const { events } = await traced(() => one.cast("run", step));
      const sent = events.find(({ ref, what }) => refKey(ref) === refKey(one) && what === "sent");
      const received = events.find(({ ref, what }) => refKey(ref) === refKey(two) && what === "received");
      expect(received).toMatchObject({ id: sent?.id, kind: sent?.kind, message: sent?.message });
      expect(refKey(received?.peer as Ref)).toBe(refKey(one));
    }
  });

  test("S14.11: nothing is told of others, nor after the trace was ended, nor of the next incarnation", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const other = await place.spawn(system(), puppet, undefined);
    await system().trace(subject, true);
    expect((await traced(() => other.send(1))).lines).toEqual([]);
    await system().trace(subject, false);
    expect((await traced(() => subject.call("run", ["send", other, 1]))).lines).toEqual([]);
    await expect(system().trace(subject, 1 as never)).rejects.toMatchObject({ code: "bad_argument" });
    await system().stopActor(subject);
    await expect(system().trace(subject, true)).rejects.toMatchObject({ code: "noproc" });
  });

  test("S14.12: what a message is shown as is at most 500 characters, and none of its own code runs", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await system().trace(subject, true);
    const { events } = await traced(() => subject.send(Array.from({ length: 200 }, () => "x".repeat(100))));
    expect(events[0]?.message).toHaveLength(500);
  });

  test("S14.12: a traced actor handles its messages as every other: held back, stashed, bounded, dropped", async () => {
    const subject = await place.spawn(system(), puppet, undefined, { mailboxCapacity: 2, mailboxPolicy: "dropOldest" });
    await system().trace(subject, true);
    await system().pause(subject);
    const { lines } = await traced(async () => {
      for (let n = 0; n < 4; n++) {
        subject.send(n);
        await system().settled();
      }
      await system().resume(subject);
    });
    expect(lines).toEqual(["received message 2", "received message 3"]);
    expect(await subject.call("seen")).toEqual([2, 3]);
  });
});
