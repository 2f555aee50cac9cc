/** core/SEMANTICS.md, S7: bounds. */
import { expect, test } from "@jest/globals";
import type { MailboxPolicy } from "../../../core/index.ts";
import { EventRecorder, type Place, Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** Starts a puppet with a small mailbox whose turn stays open until `open` is called. */
async function jammed(place: Place, mailboxPolicy: MailboxPolicy, mailboxCapacity: number, trapExit = false) {
  const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
  const subject = await place.spawn(system(), puppet, { trapExit }, { mailboxPolicy, mailboxCapacity });
  subject.cast("wait", gate);
  await system().settled();
  return {
    subject,
    open: async () => {
      await openGate(system(), gate);
      await system().settled();
    },
  };
}

describePlacements("S7 Bounds", (place) => {
  test.each<[MailboxPolicy, string[], string]>([
    ["reject", ["a", "b", "c"], "mailbox_full"],
    ["dropOldest", ["c", "d", "e"], "dropped"],
    ["dropNewest", ["a", "b", "c"], "dropped"],
  ])("S7.1: %s keeps %j of five messages in a mailbox of three", async (policy, kept, why) => {
    using recorder = new EventRecorder(system(), ["deadLetter", "mailboxFull"]);
    const { subject, open } = await jammed(place, policy, 3);
    for (const message of ["a", "b", "c", "d", "e"]) subject.send(message);
    await system().settled();
    await open();
    expect(await subject.call("seen")).toEqual(["waits", "passed", ...kept]);
    expect(recorder.of("deadLetter")).toEqual([
      expect.objectContaining({ type: "deadLetter", why }),
      expect.objectContaining({ type: "deadLetter", why }),
    ]);
    expect(recorder.of("mailboxFull")).toEqual([expect.objectContaining({ policy, capacity: 3 })]);
  });

  test("S7.7: mailboxFull comes again after the mailbox has been half empty", async () => {
    using recorder = new EventRecorder(system(), ["mailboxFull"]);
    const { subject, open } = await jammed(place, "reject", 3);
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    for (const message of ["a", "b", "c", "refused", "refused"]) subject.send(message);
    await system().settled();
    expect(recorder.events).toHaveLength(1);
    await open();
    subject.cast("wait", gate);
    await system().settled();
    for (const message of ["a", "b", "c", "refused", "refused"]) subject.send(message);
    await system().settled();
    await openGate(system(), gate);
    expect(recorder.events).toHaveLength(2);
  });

  test("S7.1: reject is what a mailbox does unless told otherwise", async () => {
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    const subject = await place.spawn(system(), puppet, undefined, { mailboxCapacity: 1 });
    subject.cast("wait", gate);
    await system().settled();
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    subject.send("kept");
    subject.send("refused");
    await system().settled();
    await openGate(system(), gate);
    expect(await subject.call("seen")).toEqual(["waits", "passed", "kept"]);
    expect(recorder.events).toEqual([expect.objectContaining({ why: "mailbox_full" })]);
  });

  test.each<[MailboxPolicy, string[]]>([
    ["reject", ["answered", "mailbox_full"]],
    ["dropOldest", ["mailbox_full", "answered"]],
    ["dropNewest", ["answered", "mailbox_full"]],
  ])("S7.1: under %s the calls end as %j", async (policy, outcomes) => {
    const { subject, open } = await jammed(place, policy, 1);
    const calls = ["first", "second"].map((value) =>
      subject.call("echo", value).then(
        () => "answered",
        (error: { code: string }) => error.code,
      ),
    );
    await system().settled();
    await open();
    expect(await Promise.all(calls)).toEqual(outcomes);
  });

  test("S7.1: under wait every message arrives in order, and a send says when it is accepted", async () => {
    await using probe = await Probe.start(system());
    const { subject, open } = await jammed(place, "wait", 2);
    const sends = await probe.run((ctx) => ["a", "b", "c", "d", "e"].map((message) => ctx.send(subject, message)));
    await system().settled();
    const waiting = sends.filter((send) => send !== undefined);
    // A sender on the receiver's thread knows at once; across threads the bound is soft (S7.4).
    if (place.name === "main")
      expect(sends.map((send) => send === undefined)).toEqual([true, true, false, false, false]);
    await open();
    await Promise.all(waiting);
    expect(await subject.call("seen")).toEqual(["waits", "passed", "a", "b", "c", "d", "e"]);
  });

  test("S7.2: a jammed actor can still be killed, and waiting sends are dead letters then", async () => {
    await using probe = await Probe.start(system());
    const { subject } = await jammed(place, "wait", 1, true);
    const watch = await probe.watch(subject);
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    await probe.run((ctx) => {
      for (const message of ["a", "b", "c"]) void ctx.send(subject, message);
      ctx.exit(subject, "kill");
    });
    expect(await watch.reason()).toBe("killed");
    expect(recorder.of("deadLetter")).toHaveLength(3);
  });

  test("S7.2: a waiting send is let in when what filled the mailbox is withdrawn", async () => {
    const gate = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    const target = await system().spawn(puppet);
    const subject = await place.spawn(system(), puppet, undefined, { mailboxPolicy: "wait", mailboxCapacity: 1 });
    const { id } = (await subject.call("run", ["monitor", target])) as { id: number };
    subject.cast("demonitorAfter", { gate, monitor: id, flush: true });
    await system().settled();
    system().exit(target, "kill");
    await system().settled();
    // The down fills the mailbox; the demonitor takes it out.
    let isAccepted = false;
    void Promise.resolve(subject.send("waits")).then(() => {
      isAccepted = true;
    });
    await openGate(system(), gate);
    await system().settled();
    expect(isAccepted).toBe(true);
    expect(await subject.call("seen")).toEqual(["waits"]);
  });

  test("S7.3: a sender holds at most 1,024 waiting sends", async () => {
    await using probe = await Probe.start(system());
    using recorder = new EventRecorder(system(), ["deadLetter"]);
    const { subject, open } = await jammed(place, "wait", 1);
    const outcomes = await probe.run((ctx) => Array.from({ length: 1_200 }, (_, n) => ctx.send(subject, n)));
    for (const outcome of outcomes) outcome?.then(undefined, () => undefined);
    await system().settled();
    await open();
    const seen = (await subject.call("seen")).slice(2);
    expect(seen).toEqual(Array.from({ length: seen.length }, (_, n) => n));
    expect(seen.length + recorder.of("deadLetter").length).toBe(1_200);
    if (place.name === "main") expect(seen).toHaveLength(1_025);
  });

  test("S7.5: exit, down and link are not refused by a full mailbox", async () => {
    await using probe = await Probe.start(system());
    const { subject, open } = await jammed(place, "reject", 1, true);
    subject.send("fills it");
    await system().settled();
    await probe.run((ctx) => ctx.exit(subject, "shutdown"));
    await system().settled();
    await open();
    expect(await subject.call("seen")).toEqual([
      "waits",
      "passed",
      "fills it",
      expect.objectContaining({ type: "exit", reason: "shutdown" }),
    ]);
  });
});
