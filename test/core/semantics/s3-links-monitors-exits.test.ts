/** core/SEMANTICS.md, S3: links, monitors, exits. Erlang, reference manual: Processes. */
import { expect, test } from "@jest/globals";
import { errorTextMax } from "../../../core/errors.ts";
import type { ErrorData, ExitReason, Ref } from "../../../core/index.ts";
import { Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { openGate } from "../../support/open-gate.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

/** On another thread than main and the place of the suite. */
const elsewhere = { placement: { thread: 2 } };

const exitOf = (reason: ExitReason) => expect.objectContaining({ type: "exit", reason });

describePlacements("S3 Links, monitors, exits", (place) => {
  /** A dedicated thread takes as long to start as many actors. */
  const rounds = place.isAlone ? 3 : 20;

  test("S3.1: a link works both ways", async () => {
    await using probe = await Probe.start(system());
    for (const first of [0, 1] as const) {
      const pair = await Promise.all([
        place.spawn(system(), puppet, undefined),
        system().spawn(puppet, undefined, elsewhere),
      ]);
      await pair[first].call("run", ["link", pair[1 - first] as Ref]);
      await system().settled();
      const watch = await probe.watch(pair[1]);
      system().exit(pair[0], "shutdown");
      expect([first, await watch.reason()]).toEqual([first, "shutdown"]);
    }
  });

  test("S3.1: linking twice is one link: one unlink ends it, and one exit comes of it", async () => {
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    const linkedTwice = await system().spawn(puppet, undefined, elsewhere);
    await subject.call("run", ["link", linkedTwice]);
    await linkedTwice.call("run", ["link", subject]);
    await subject.call("run", ["link", linkedTwice]);
    await system().settled();
    system().exit(linkedTwice, "shutdown");
    await system().settled();
    expect(await subject.call("seen")).toEqual([exitOf("shutdown")]);

    const unlinked = await system().spawn(puppet, undefined, elsewhere);
    await subject.call("run", ["link", unlinked]);
    await subject.call("run", ["link", unlinked]);
    await subject.call("run", ["unlink", unlinked]);
    system().exit(unlinked, "shutdown");
    await system().settled();
    expect(await subject.call("seen")).toEqual([exitOf("shutdown")]);
  });

  test("S3.1: either side may unlink", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const partner = await system().spawn(puppet, undefined, elsewhere);
    await subject.call("run", ["link", partner]);
    await system().settled();
    await partner.call("run", ["unlink", subject]);
    await system().settled();
    const watch = await probe.watch(partner);
    system().exit(subject, "shutdown");
    expect(await watch.isDown()).toBe(false);
  });

  test("S3.2: linking to an actor that is gone is an exit signal with noproc", async () => {
    await using probe = await Probe.start(system());
    const gone = await place.spawn(system(), puppet, undefined);
    const goneWatch = await probe.watch(gone);
    system().exit(gone, "shutdown");
    await goneWatch.reason();
    const trapping = await place.spawn(system(), puppet, { trapExit: true });
    await trapping.call("run", ["link", gone]);
    await system().settled();
    expect(await trapping.call("seen")).toEqual([
      {
        type: "exit",
        from: expect.objectContaining({ slot: gone.slot, generation: gone.generation }),
        reason: "noproc",
      },
    ]);
    const plain = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(plain);
    plain.cast("run", ["link", gone]);
    expect(await watch.reason()).toBe("noproc");
  });

  test("S3.3: after unlink no exit of that link arrives, whenever the other ended", async () => {
    for (let round = 0; round < rounds; round += 1) {
      const subject = await place.spawn(system(), puppet, { trapExit: true });
      const partner = await system().spawn(puppet, undefined, elsewhere);
      await subject.call("run", ["link", partner]);
      await system().settled();
      partner.cast("run", ["stop", "shutdown"]);
      await subject.call("run", ["unlink", partner]);
      const before = await subject.call("seen");
      await system().settled();
      expect(await subject.call("seen")).toEqual(before);
    }
  });

  test("S3.4: an exit with reason normal is dropped by another that does not trap", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(subject);
    system().exit(subject, "normal");
    expect(await watch.isDown()).toBe(false);
  });

  test("S3.4: an exit with reason normal to oneself ends a non-trapping actor", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(subject);
    subject.cast("run", ["exit", subject, "normal"]);
    expect(await watch.reason()).toBe("normal");
  });

  test("S3.4: a linked actor that ends with normal ends nobody, and is a message to who traps", async () => {
    await using probe = await Probe.start(system());
    const plain = await place.spawn(system(), puppet, undefined);
    const trapping = await place.spawn(system(), puppet, { trapExit: true });
    const partner = await system().spawn(puppet, undefined, elsewhere);
    await plain.call("run", ["link", partner]);
    await trapping.call("run", ["link", partner]);
    await system().settled();
    const watch = await probe.watch(plain);
    partner.cast("run", ["stop", "normal"]);
    expect(await watch.isDown()).toBe(false);
    expect(await trapping.call("seen")).toEqual([exitOf("normal")]);
  });

  test("S3.4: kill ends a trapping actor with killed, and its links get killed", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    const trapping = await system().spawn(puppet, { trapExit: true }, elsewhere);
    await trapping.call("run", ["link", subject]);
    await system().settled();
    const watch = await probe.watch(subject);
    system().exit(subject, "kill");
    expect(await watch.reason()).toBe("killed");
    expect(await trapping.call("seen")).toEqual([exitOf("killed")]);
  });

  test("S3.4: kill that arrives by a link is an ordinary reason", async () => {
    await using probe = await Probe.start(system());
    const trapping = await place.spawn(system(), puppet, { trapExit: true });
    const plain = await place.spawn(system(), puppet, undefined);
    const partner = await system().spawn(puppet, undefined, elsewhere);
    await trapping.call("run", ["link", partner]);
    await plain.call("run", ["link", partner]);
    await system().settled();
    const watch = await probe.watch(plain);
    partner.cast("run", ["stop", "kill"]); // as a process may call exit(kill): its reason stays kill
    expect(await watch.reason()).toBe("kill");
    expect(await trapping.call("seen")).toEqual([exitOf("kill")]);
  });

  test.each<[string, ExitReason]>([
    ["shutdown", "shutdown"],
    ["{ shutdown }", { shutdown: { because: "asked" } }],
    ["a word of the user's", "bored"],
    ["a record of the user's", { bored: { since: "monday" } }],
    ["killed", "killed"],
    ["noproc", "noproc"],
  ])("S3.4: %s ends who does not trap with the same reason, and is a message to who does", async (_what, reason) => {
    await using probe = await Probe.start(system());
    const plain = await place.spawn(system(), puppet, undefined);
    const trapping = await place.spawn(system(), puppet, { trapExit: true });
    const watch = await probe.watch(plain);
    system().exit(plain, reason);
    await probe.run((ctx) => ctx.exit(trapping, reason)); // whoever is not its parent
    expect(await watch.reason()).toEqual(reason);
    expect(await trapping.call("seen")).toEqual([exitOf(reason)]);
  });

  test("S3.4: a crash is { error } to links and monitors, with message and stack", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const trapping = await system().spawn(puppet, { trapExit: true }, elsewhere);
    await trapping.call("run", ["link", subject]);
    await system().settled();
    const watch = await probe.watch(subject);
    subject.cast("crash", "disk full");
    const reason = {
      error: expect.objectContaining({ message: "disk full", stack: expect.stringContaining("puppet") }),
    };
    expect(await watch.reason()).toEqual(reason);
    expect(await trapping.call("seen")).toEqual([expect.objectContaining({ type: "exit", reason })]);
  });

  test("S3.5: the exit of the parent ends a trapping server, after its terminate", async () => {
    await using probe = await Probe.start(system());
    const parent = await system().spawn(puppet, undefined, elsewhere);
    const child = (await parent.call("run", ["start", "puppet", { trapExit: true }, place.options])) as Ref;
    await place.verify(system(), child);
    await child.call("onTerminate", ["tell", probe.ref, "terminate"]);
    const watch = await probe.watch(child);
    system().exit(parent, "shutdown");
    expect(await watch.reason()).toBe("shutdown");
    expect(await probe.all()).toEqual([["terminate", "shutdown"]]);
  });

  test("S3.6: monitors stack, each gives one down", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const watcher = await system().spawn(puppet, undefined, elsewhere);
    const ids: number[] = [];
    for (let n = 0; n < 3; n += 1) ids.push(((await watcher.call("run", ["monitor", subject])) as { id: number }).id);
    await watcher.call("run", ["demonitor", ids[1]]);
    await system().settled();
    system().exit(subject, "shutdown");
    await system().settled();
    const seen = (await watcher.call("seen")) as { type: string; monitor: number; reason: ExitReason }[];
    expect(seen.toSorted((a, b) => a.monitor - b.monitor)).toEqual([
      expect.objectContaining({ type: "down", monitor: ids[0], reason: "shutdown" }),
      expect.objectContaining({ type: "down", monitor: ids[2], reason: "shutdown" }),
    ]);
  });

  test("S3.6: a monitor is one-sided", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const watcher = await system().spawn(puppet, undefined, elsewhere);
    await watcher.call("run", ["monitor", subject]);
    await system().settled();
    const watch = await probe.watch(subject);
    system().exit(watcher, "shutdown");
    expect(await watch.isDown()).toBe(false);
  });

  test("S3.6: a monitor on an actor that is gone is down with noproc at once", async () => {
    await using probe = await Probe.start(system());
    const gone = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(gone);
    system().exit(gone, "shutdown");
    await watch.reason();
    expect(await (await probe.watch(gone)).reason()).toBe("noproc");
  });

  test("S3.6: a monitor by name names the name, and follows who held it", async () => {
    const name = `s3 monitored ${place.name}`;
    const subject = await place.spawn(system(), puppet, undefined, { name });
    const watcher = await system().spawn(puppet, undefined, elsewhere);
    await watcher.call("run", ["monitor", name]);
    await system().settled();
    system().exit(subject, "shutdown");
    await system().settled();
    await watcher.call("run", ["monitor", name]);
    await system().settled();
    expect(await watcher.call("seen")).toEqual([
      expect.objectContaining({ type: "down", name, reason: "shutdown" }),
      expect.objectContaining({ type: "down", name, reason: "noproc" }),
    ]);
  });

  test("S3.6: demonitor removes a down that is queued, unless flush is false", async () => {
    for (const flush of [true, false]) {
      const subject = await place.spawn(system(), puppet, undefined);
      const watcher = await place.spawn(system(), puppet, undefined);
      const gate = await system().spawn(puppet, undefined, elsewhere);
      const { id } = (await watcher.call("run", ["monitor", subject])) as { id: number };
      await system().settled();
      watcher.cast("demonitorAfter", { gate, monitor: id, flush });
      await system().settled();
      system().exit(subject, "shutdown");
      await system().settled();
      await openGate(system(), gate);
      const expected = flush ? [] : [expect.objectContaining({ type: "down", monitor: id })];
      expect([flush, await watcher.call("seen")]).toEqual([flush, expected]);
    }
  });

  test("S3.7: who sees the down or the exit of an actor finds its name free and its ref dead", async () => {
    const name = `s3 free ${place.name}`;
    const watcher = await system().spawn(puppet, { trapExit: true }, elsewhere);
    await watcher.call("onMessage", ["registerSelf", name]);
    for (let round = 0; round < rounds; round += 1) {
      const subject = await place.spawn(system(), puppet, undefined, { name });
      await watcher.call("run", [round % 2 === 0 ? "link" : "monitor", subject]);
      system().exit(subject, "shutdown");
      await system().settled();
      expect([round, (await watcher.call("seen")).at(-1)]).toEqual([round, { registered: name, isAlive: false }]);
      expect(system().whereis(name)).toEqual(watcher);
      await watcher.call("run", ["unregister", name]);
    }
  });

  test("S3.9: of an error's text no more is kept than its bound, in the reason and in the caller's error", async () => {
    await using probe = await Probe.start(system());
    const subject = await place.spawn(system(), puppet, undefined);
    const watch = await probe.watch(subject);
    const length = 1_000_000;
    const message = expect.stringMatching(/^x{8000,}…\[cut: 1000000 characters\]…x{8000,}$/) as unknown;
    await expect(subject.call("run", ["throw", "x".repeat(length)])).rejects.toMatchObject({ message });
    const { error } = (await watch.reason()) as { error: ErrorData };
    expect(error).toMatchObject({
      message,
      stack: expect.stringMatching(/^Error: x{8000,}….*\n {4}at /s) as unknown,
    });
    expect([error.message.length, error.stack?.length]).toEqual([errorTextMax, errorTextMax]);
  });
});
