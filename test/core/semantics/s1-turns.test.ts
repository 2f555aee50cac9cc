/** core/SEMANTICS.md, S1: turns. */
import { BroadcastChannel } from "node:worker_threads";
import { expect, test } from "@jest/globals";
import { Probe } from "../../../testing/index.ts";
import { ghost } from "../../fixtures/ghost.ts";
import { stashesInContinue, stashesInInit } from "../../fixtures/idle-stashers.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

describePlacements("S1 Turns", (place) => {
  test("S1.1: an async turn holds the mailbox until its promise settles", async () => {
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await place.spawn(system(), puppet, undefined);
    subject.cast("wait", gate);
    subject.cast("keep", "next");
    await system().settled();
    await openGate(system(), gate);
    expect(await subject.call("seen")).toEqual(["waits", "passed", "next"]);
  });

  test("S1.1: a message that a turn sends to its own actor is handled in a later turn", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["sendSelfThenKeep", "to itself", "turn ended"]);
    expect(await subject.call("seen")).toEqual(["turn ended", "to itself"]);
  });

  test("S1.1: stash is refused in init and in continue: a message that was handled does not come up again", async () => {
    const started = await place.spawn(system(), stashesInInit, undefined);
    expect(await started.call("seen")).toBe("bad_argument");
    const going = await place.spawn(system(), stashesInContinue, undefined);
    going.cast("note", "once");
    expect(await going.call("seen")).toEqual(["once", "bad_argument"]);
  });

  test("S1.2: an exit ends an actor while the promise of its turn is pending", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(subject);
    subject.cast("wait", gate);
    await system().settled();
    system().exit(subject, "shutdown");
    expect(await watch.reason()).toBe("shutdown");
  });

  test("S1.2: an exit that is trapped does not disturb the turn", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    subject.cast("wait", gate);
    await system().settled();
    await probe.run((ctx) => ctx.exit(subject, "shutdown"));
    await system().settled();
    await openGate(system(), gate);
    expect(await subject.call("seen")).toEqual([
      "waits",
      "passed",
      expect.objectContaining({ type: "exit", reason: "shutdown" }),
    ]);
  });

  test("S1.3: stop lets the turn end and runs terminate", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await place.spawn(system(), puppet, undefined);
    await subject.call("onTerminate", ["tell", probe.ref, "terminate"]);
    const watch = await probe.watch(subject);
    subject.cast("stopThenPass", { gate, listener: probe.ref, reason: "shutdown" });
    subject.cast("keep", "never handled");
    expect(await watch.isDown()).toBe(false);
    await openGate(system(), gate);
    expect(await watch.reason()).toBe("shutdown");
    expect(await probe.all()).toEqual(["turn ended", ["terminate", "shutdown"]]);
  });

  test("S1.3: an actor that stops another gets its exit reason once terminate has run", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const stopper = await system().spawn(puppet, undefined);
    await using probe = await Probe.start(system());
    await subject.call("onTerminate", ["tell", probe.ref, "terminates"]);
    expect(await stopper.call("run", ["stopActor", subject, { shutdown: "enough" }])).toEqual({ shutdown: "enough" });
    expect(await probe.all()).toEqual([["terminates", { shutdown: "enough" }]]);
    expect(await stopper.call("codeOf", ["stopActor", subject])).toBe("noproc");
  });

  test("S1.3: one who does not end in time, and oneself, are not stopped", async () => {
    const gate = await system().spawn(puppet, undefined);
    const subject = await place.spawn(system(), puppet, undefined);
    const stopper = await place.spawn(system(), puppet, undefined);
    subject.cast("wait", gate);
    const code = stopper.call("codeOf", ["stopActor", subject, "shutdown", 100]);
    await system().settled();
    await system().clock.advance(100);
    expect([await code, await stopper.call("codeOf", ["stopActor", stopper])]).toEqual(["timeout", "calling_self"]);
    expect(system().isAlive(subject)).toBe(true);
    system().exit(subject, "kill");
  });

  test("S1.3: kill lets no turn end and runs no terminate", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    await subject.call("onTerminate", ["tell", probe.ref, "terminate"]);
    const watch = await probe.watch(subject);
    subject.cast("stopThenPass", { gate, listener: probe.ref, reason: "shutdown" });
    await system().settled();
    system().exit(subject, "kill");
    expect(await watch.reason()).toBe("killed");
    await openGate(system(), gate);
    expect(await probe.all()).toEqual([]);
  });

  test("S1.4: what code of an actor does after its death throws noproc and sends nothing", async () => {
    await using probe = await Probe.start(system());
    const victim = await system().spawn(puppet, undefined);
    const victimWatch = await probe.watch(victim);
    const subject = await place.spawn(system(), ghost, undefined);
    const watch = await probe.watch(subject);
    const channel = `ghost ${place.name}`;
    const told = nextOn(channel);
    await subject.call("haunt", { channel, listener: probe.ref, victim });
    system().exit(subject, "kill");
    expect(await watch.reason()).toBe("killed");
    // A dedicated thread may end with its actor, and a process does: then no code of it runs at all.
    if (place.name !== "dedicated" && place.name !== "process") {
      const verbs = ["send", "cast", "sendAfter", "exit", "link", "monitor", "spawn", "stop", "log", "stopActor"];
      const all = [...verbs, "call", "register"];
      expect(await told.message).toEqual(Object.fromEntries(all.map((verb) => [verb, "noproc"])));
    }
    told.close();
    await system().settled();
    expect(await victimWatch.isDown()).toBe(false);
    expect(await probe.all()).toEqual([]);
    expect(system().whereis("ghost")).toBeUndefined();
  });

  test("S1.5: the signal of an actor is not aborted while it lives", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    expect(await subject.call("run", ["aborted"])).toBe(false);
  });

  test("S1.6: no message is handled before init has ended", async () => {
    await using probe = await Probe.start(system());
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 0 } });
    const subject = await probe.run((ctx) => {
      const ref = ctx.spawn(puppet, { gate, init: [["keep", "init"]] }, place.options);
      ctx.send(ref, "early");
      return ref;
    });
    await place.verify(system(), subject);
    await openGate(system(), gate);
    expect(await subject.call("seen")).toEqual(["init", "early"]);
  });

  test("S1.6: no message is handled when init does not end well", async () => {
    await using probe = await Probe.start(system());
    await probe.run((ctx) => {
      const { ref } = ctx.spawnMonitor(puppet, { init: [["throw", "not today"]] }, place.options);
      ctx.send(ref, "early");
    });
    expect(await probe.all()).toEqual([
      expect.objectContaining({ type: "down", reason: { error: expect.objectContaining({ message: "not today" }) } }),
    ]);
  });
});

/** The next message on a channel. */
function nextOn(name: string): { readonly message: Promise<unknown>; close(): void } {
  const channel = new BroadcastChannel(name);
  const message = new Promise((resolve) => {
    channel.onmessage = (event) => resolve((event as { data: unknown }).data);
  });
  return { message, close: () => channel.close() };
}
