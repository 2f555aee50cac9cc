/** core/SEMANTICS.md, S5: names, calls, timers. */
import { expect, test } from "@jest/globals";
import { type ExitReason, refKey } from "../../../core/index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** On another thread than main and the place of the suite. */
const elsewhere = { placement: { thread: 2 } };

/** How a promise stands once the system has settled: its value, the code of its error, or "pending". */
async function standing(promise: Promise<unknown>): Promise<unknown> {
  let found: unknown = "pending";
  promise.then(
    (value) => (found = value),
    (error: { code?: string; message: string }) => (found = error.code ?? error.message),
  );
  await system().settled();
  return found;
}

describePlacements("S5 Names, calls, timers", (place) => {
  test("S5.1: a name has one holder, and goes with it", async () => {
    await using probe = await Probe.start(system());
    const name = `s5 name ${place.name}`;
    const holder = await place.spawn(system(), puppet, undefined, { name });
    const rival = await place.spawn(system(), puppet, undefined);
    expect(await rival.call("codeOf", ["register", name])).toBe("already_registered");
    const watch = await probe.watch(holder);
    system().exit(holder, "shutdown");
    await watch.reason();
    expect(await rival.call("codeOf", ["register", name])).toBe("none");
    expect(system().whereis(name)).toEqual(rival);
  });

  test("S5.1: a start under a name that is held is already_started, and the second actor never was", async () => {
    const name = `s5 held ${place.name}`;
    const holder = await place.spawn(system(), puppet, undefined, { name });
    await expect(
      system().spawn(puppet, { init: [["throw", "ran"]] }, { ...place.options, name }),
    ).rejects.toMatchObject({
      code: "already_started",
    });
    expect(system().whereis(name)).toEqual(holder);
  });

  test("S5.2: a call gives up after 5,000 ms unless told otherwise", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const byDefault = subject.call("hold");
    const told = subject.call("hold", undefined, { timeoutMs: 200 });
    byDefault.catch(() => undefined);
    told.catch(() => undefined);
    await system().settled();
    await system().clock.advance(199);
    expect(await standing(told)).toBe("pending");
    await system().clock.advance(1);
    expect(await standing(told)).toBe("timeout");
    await system().clock.advance(4_799);
    expect(await standing(byDefault)).toBe("pending");
    await system().clock.advance(1);
    expect(await standing(byDefault)).toBe("timeout");
  });

  test("S5.2: an answer after the time-out reaches no mailbox, and answers no later call", async () => {
    const server = await place.spawn(system(), puppet, undefined);
    const caller = await system().spawn(puppet, undefined, elsewhere);
    const outcome = caller.call("codeOf", ["call", server, "hold", undefined, { timeoutMs: 100 }]);
    await system().settled();
    await system().clock.advance(100);
    expect(await outcome).toBe("timeout");
    const next = caller.call("run", ["call", server, "hold"]);
    await system().settled();
    await server.call("run", ["answer", "late"]);
    await server.call("run", ["answer", "in time"]);
    expect(await next).toBe("in time");
    expect(await caller.call("seen")).toEqual([]);
  });

  test("S5.2: a second answer to one call is dropped", async () => {
    const server = await place.spawn(system(), puppet, undefined);
    const caller = await system().spawn(puppet, undefined, elsewhere);
    const answered = caller.call("run", ["call", server, "hold"]);
    await system().settled();
    await server.call("run", ["answerTwice", "first", "second"]);
    expect(await answered).toBe("first");
    expect(await caller.call("seen")).toEqual([]);
  });

  test("S5.3: a call to an actor that is gone fails with noproc", async () => {
    await using probe = await Probe.start(system());
    const gone = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(gone);
    system().exit(gone, "shutdown");
    await watch.reason();
    const caller = await place.spawn(system(), puppet, undefined);
    expect(await caller.call("codeOf", ["call", gone, "echo", 1])).toBe("noproc");
    expect(await caller.call("codeOf", ["call", "nobody", "echo", 1])).toBe("noproc");
  });

  test.each<[string, ExitReason]>([
    ["normal", "normal"],
    ["shutdown", "shutdown"],
    ["shutdown", { shutdown: "asked" }],
  ])("S5.3: an open call fails with %s when its server stops so (%j)", async (code, reason) => {
    const server = await place.spawn(system(), puppet, undefined);
    const call = server.call("hold");
    server.cast("run", ["stop", reason]);
    await expect(call).rejects.toMatchObject({ code });
  });

  test("S5.3: an open call fails with killed when its server is", async () => {
    const server = await place.spawn(system(), puppet, undefined);
    const call = server.call("hold");
    call.catch(() => undefined);
    await system().settled();
    system().exit(server, "kill");
    await expect(call).rejects.toMatchObject({ code: "killed" });
  });

  test("S5.3: open calls fail with the error that their server crashes with", async () => {
    const server = await place.spawn(system(), puppet, undefined);
    const call = server.call("hold");
    server.cast("crash", "disk full");
    await expect(call).rejects.toMatchObject({ message: expect.stringContaining("disk full") });
  });

  test("S5.4: a call to oneself fails with calling_self", async () => {
    const name = `s5 self ${place.name}`;
    const subject = await place.spawn(system(), puppet, undefined, { name });
    expect(await subject.call("codeOf", ["call", subject, "echo", 1])).toBe("calling_self");
    expect(await subject.call("codeOf", ["call", name, "echo", 1])).toBe("calling_self");
    expect(await subject.call("codeOf", ["call", subject, "echo", 1, { timeoutMs: 1 }])).toBe("calling_self");
  });

  test("S5.5: a call handler that throws crashes the server, and the caller gets the error", async () => {
    await using probe = await Probe.start(system());
    const server = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(server);
    await expect(server.call("crash", "disk full")).rejects.toMatchObject({
      message: expect.stringContaining("disk full"),
    });
    expect(await watch.reason()).toMatchObject({ error: { message: "disk full" } });
  });

  test("S5.5: a call of a name that is not defined is such a crash", async () => {
    await using probe = await Probe.start(system());
    for (const name of ["nothing", "toString", "__proto__"]) {
      const server = await place.spawn(system(), puppet, undefined);
      const watch = await probe.watch(server);
      const message = expect.stringContaining(`<${refKey(server)}> has no call handler "${name}" (defined: `);
      await expect(system().call(server, name)).rejects.toMatchObject({ code: "undef", message });
      expect([name, await watch.reason()]).toMatchObject([name, { error: { code: "undef" } }]);
    }
  });

  test("S5.6: timers fire once each, in the order of their due times", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    for (const delayMs of [30, 10, 20, 10]) await subject.call("run", ["sendAfter", delayMs, `${delayMs}`]);
    await system().clock.advance(9);
    expect(await subject.call("seen")).toEqual([]);
    await system().clock.advance(1);
    expect(await subject.call("seen")).toEqual(["10", "10"]);
    await system().clock.advance(100);
    expect(await subject.call("seen")).toEqual(["10", "10", "20", "30"]);
  });

  test("S5.6: a timer of zero fires without the clock being turned", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["sendAfter", 0, "now"]);
    await system().settled();
    expect(await subject.call("seen")).toEqual(["now"]);
  });

  test("S5.6: a timer sends to another actor, and a periodic one again and again", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const other = await system().spawn(puppet, undefined, elsewhere);
    await subject.call("run", ["sendAfter", 10, "once", other]);
    const timer = await subject.call("run", ["sendEvery", 25, "again", other]);
    await system().clock.advance(100);
    await system().settled();
    expect(await other.call("seen")).toEqual(["once", "again", "again", "again", "again"]);
    await subject.call("run", ["cancelTimer", timer]);
    await system().clock.advance(100);
    await system().settled();
    expect(await other.call("seen")).toHaveLength(5);
  });

  test("S5.6: cancelTimer tells what was left, and removes a message that is already queued", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const gate = await system().spawn(puppet, undefined, elsewhere);
    const timer = await subject.call("run", ["sendAfter", 100, "never"]);
    await system().clock.advance(40);
    expect(await subject.call("run", ["cancelTimer", timer])).toBe(60);
    expect(await subject.call("run", ["cancelTimer", timer])).toBeUndefined();

    const queued = await subject.call("run", ["sendAfter", 10, "queued"]);
    subject.cast("cancelAfter", { gate, timer: queued });
    await system().settled();
    await system().clock.advance(10);
    await openGate(system(), gate);
    await system().clock.advance(200);
    expect(await subject.call("seen")).toEqual([]);
  });

  test("S5.6: timers end with their actor", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const other = await system().spawn(puppet, undefined, elsewhere);
    await subject.call("run", ["sendAfter", 10, "once", other]);
    await subject.call("run", ["sendEvery", 10, "again", other]);
    const watch = await probe.watch(subject);
    system().exit(subject, "kill");
    await watch.reason();
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    await system().clock.advance(100);
    expect(await other.call("seen")).toEqual([]);
    expect(recorder.events).toEqual([]);
  });

  test("S5.7: the idle time-out comes after the time without a message", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["idleTimeout", 100]);
    await system().clock.advance(99);
    await system().clock.advance(1);
    expect(await subject.call("seen")).toEqual([{ type: "timer", timer: "idle" }]);
  });

  test.each<
    [string, (subject: { send(message: unknown): unknown; cast(name: "keep", value: unknown): unknown }) => unknown]
  >([
    ["a raw message", (subject) => subject.send("message")],
    ["a cast", (subject) => subject.cast("keep", "message")],
  ])("S5.7: %s cancels the idle time-out", async (_what, disturb) => {
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["idleTimeout", 100]);
    await system().clock.advance(50);
    disturb(subject);
    await system().settled();
    await system().clock.advance(1_000);
    expect(await subject.call("seen")).toEqual(["message"]);
  });

  test("S5.7: an idle time-out may be switched off in the turn in which it ran out", async () => {
    const gate = await system().spawn(puppet);
    const subject = await place.spawn(system(), puppet, undefined);
    subject.cast("idleUntil", { gate, ms: 100 });
    await system().clock.advance(100);
    await openGate(system(), gate);
    await system().settled();
    expect(await subject.call("seen")).toEqual([]);
  });

  test("S5.7: an idle time-out may be switched off", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    subject.cast("run", ["idleTimeout", 100]);
    subject.cast("run", ["idleTimeout", undefined]);
    await system().settled();
    await system().clock.advance(1_000);
    expect(await subject.call("seen")).toEqual([]);
  });
});
