/** core/SEMANTICS.md, S14.11 and S14.12: the messages of an actor that is traced. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey, type TraceEvent } from "../../../core/index.ts";
import { EventRecorder } from "../../../testing/index.ts";
import { blind } from "../../fixtures/fault-target.ts";
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

  test.each(["beside it", "on main"])(
    "S14.11: a message between two that are traced, one %s, has one id at both",
    async (where) => {
      const one = await place.spawn(system(), puppet, undefined);
      const two =
        where === "on main"
          ? await system().spawn(puppet, undefined, { placement: { thread: 0 } })
          : await place.spawn(system(), puppet, undefined);
      for (const ref of [one, two]) await system().trace(ref, true);
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        for (const step of [
          ["send", to, "m"],
          ["cast", to, "keep", "c"],
          ["call", to, "echo", "q"],
        ] as const) {
          const { events } = await traced(() => from.cast("run", step));
          const sent = events.find(({ ref, what }) => refKey(ref) === refKey(from) && what === "sent");
          const received = events.find(({ ref, what }) => refKey(ref) === refKey(to) && what === "received");
          expect(received).toMatchObject({ id: sent?.id, kind: sent?.kind, message: sent?.message });
          expect(refKey(received?.peer as Ref)).toBe(refKey(from));
        }
      }
    },
  );

  test("S14.11: so are the raw messages of an actor whose turns are otherwise the shortest", async () => {
    const subject = await place.spawn(system(), blind, undefined);
    await system().trace(subject, true);
    const { lines } = await traced(() => subject.send({ n: 1 }));
    expect(lines).toEqual(["received message { n: 1 }"]);
  });

  test("S14.11: what was there before the trace has nobody's name, whatever like it comes then", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await system().pause(subject);
    for (let n = 0; n < 3; n++) subject.send("alike");
    await system().settled();
    await system().trace(subject, true);
    const { events } = await traced(async () => {
      for (let n = 0; n < 2; n++) subject.send("alike");
      await system().settled();
      await system().resume(subject);
    });
    expect(events.map(({ peer }) => peer !== undefined)).toEqual([false, false, false, true, true]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(5);
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
    const { events } = await traced(() =>
      subject.cast(
        "keep",
        Array.from({ length: 200 }, () => "x".repeat(100)),
      ),
    );
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
