/** core/SEMANTICS.md, S14: what is done to an actor from outside. */
import { expect, test } from "@jest/globals";
import { type ActorNode, type Ref, type RefData, refKey } from "../../../core/index.ts";
import { Probe } from "../../../testing/index.ts";
import { hooked } from "../../fixtures/hooked.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();

async function stateOf(ref: RefData): Promise<string | undefined> {
  const { thread, slot, generation } = ref;
  const found = (await system().actors()).find(
    (info) => info.ref.thread === thread && info.ref.slot === slot && info.ref.generation === generation,
  );
  return found?.state;
}

/** Messages that an actor holds, as `actors` tells. */
async function messagesOf(ref: Ref): Promise<number | undefined> {
  return (await system().actors()).find(({ ref: { slot, thread } }) => slot === ref.slot && thread === ref.thread)
    ?.messages;
}

describePlacements("S14 Controls", (place) => {
  test("S14.1: a paused actor handles no message, and all of them in their order after resume", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await system().pause(subject);
    const call = subject.call("echo", "called");
    for (let n = 0; n < 3; n++) subject.send(n);
    await system().settled();
    expect([await stateOf(subject), await messagesOf(subject)]).toEqual(["paused", 4]);
    await system().resume(subject);
    expect(await call).toBe("called");
    expect(await subject.call("seen")).toEqual([0, 1, 2]);
    expect(await stateOf(subject)).toBe("ready");
  });

  test("S14.1: a pause lets the turn that is under way come to its end", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    const gate = await system().spawn(puppet);
    subject.cast("wait", gate);
    await system().settled();
    expect(await stateOf(subject)).toBe("running");
    await system().pause(subject);
    expect(await stateOf(subject)).toBe("running");
    await gate.call("run", ["answer"]);
    await system().settled();
    expect(await stateOf(subject)).toBe("paused");
    await system().resume(subject);
    expect(await subject.call("seen")).toEqual(["waits", "passed"]);
  });

  test("S14.1: timers, downs and exits of others wait too while it is paused", async () => {
    const subject = await place.spawn(system(), puppet, { trapExit: true });
    const other = await place.spawn(system(), puppet, undefined);
    await subject.call("run", ["monitor", other]);
    await subject.call("run", ["link", other]);
    await subject.call("run", ["sendAfter", 10, "tick"]);
    await system().pause(subject);
    await system().stopActor(other, "shutdown");
    await system().clock.advance(10);
    await system().settled();
    expect(await messagesOf(subject)).toBe(3);
    await system().resume(subject);
    expect(await subject.call("seen")).toHaveLength(3);
  });

  test("S14.1: stop, kill and the exit of its parent end a paused actor", async () => {
    for (const end of ["stop", "kill", "parent"] as const) {
      const parent = await place.spawn(system(), puppet, undefined);
      const child = (await parent.call("run", ["spawnLink", "puppet", { trapExit: true }])) as Ref;
      await using probe = await Probe.start(system());
      const watch = await probe.watch(child);
      await system().pause(child);
      if (end === "stop")
        void system()
          .stopActor(child, "shutdown")
          .catch(() => undefined);
      else system().exit(end === "kill" ? child : parent, end === "kill" ? "kill" : "shutdown");
      expect(await watch.reason()).toBe(end === "kill" ? "killed" : "shutdown");
    }
  });

  test("S14.2: what waits in a pause counts for the mailbox's bound", async () => {
    const subject = await place.spawn(system(), puppet, undefined, { mailboxCapacity: 2, mailboxPolicy: "dropOldest" });
    await system().pause(subject);
    for (let n = 0; n < 5; n++) {
      subject.send(n);
      await system().settled();
    }
    expect(await messagesOf(subject)).toBe(2);
    await system().resume(subject);
    expect(await subject.call("seen")).toEqual([3, 4]);
  });

  test("S14.3: a verb on an actor that has ended is noproc", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    await system().stopActor(subject);
    for (const verb of ["pause", "resume", "getState"] as const)
      await expect(system()[verb](subject)).rejects.toMatchObject({ code: "noproc" });
    await expect(system().replaceState(subject, 1)).rejects.toMatchObject({ code: "noproc" });
  });

  test("S14.4: the state that is read is a copy, and what is put in its place is the state", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    subject.send("first");
    await system().settled();
    const state = (await system().getState(subject)) as { seen: unknown[] };
    expect(state.seen).toEqual(["first"]);
    await system().replaceState(subject, { ...state, seen: ["other"], open: [] });
    expect(await subject.call("seen")).toEqual(["other"]);
  });

  test("S14.5: info tells of one actor what actors tells of all", async () => {
    const subject = await place.spawn(system(), puppet, undefined);
    subject.send(1);
    await system().settled();
    const listed = (await system().actors()).find(({ ref }) => refKey(ref) === refKey(subject));
    expect(await system().info(subject)).toEqual(listed);
    expect(listed).toMatchObject({ behaviour: "puppet", state: "ready", messages: 0 });
    await system().stopActor(subject);
    await expect(system().info(subject)).rejects.toMatchObject({ code: "noproc" });
  });

  test("S14.6: the tree has every actor once: under its parent, or as a root where that has ended", async () => {
    const parent = await place.spawn(system(), puppet, undefined);
    const child = (await parent.call("run", ["spawn", "puppet"])) as Ref;
    const grandchild = (await child.call("run", ["spawn", "puppet"])) as Ref;
    await system().settled();
    const isParent = ({ ref }: ActorNode) => refKey(ref) === refKey(parent);
    const before = (await system().tree()).filter(isParent);
    expect(before.map(shape)).toEqual([[refKey(parent), [[refKey(child), [[refKey(grandchild), []]]]]]]);
    await system().stopActor(child);
    const after = await system().tree();
    expect(after.filter(isParent).map(shape)).toEqual([[refKey(parent), []]]);
    expect(after.map(({ ref }) => refKey(ref))).toContain(refKey(grandchild));
    const inTree = (nodes: readonly ActorNode[]): string[] =>
      nodes.flatMap(({ ref, children }) => [refKey(ref), ...inTree(children)]);
    expect(inTree(after).sort()).toEqual((await system().actors()).map(({ ref }) => refKey(ref)).sort());
  });

  test("S14.4: a state that is no data cannot be read, and the actor lives on", async () => {
    const subject = await place.spawn(system(), hooked, undefined);
    await subject.call("keep");
    await expect(system().getState(subject)).rejects.toMatchObject({ code: "not_cloneable" });
    expect(await stateOf(subject)).toBe("ready");
  });

  test("S14.10: its hooks run when the turn under way has ended, and before what has waited", async () => {
    const subject = await place.spawn(system(), hooked, undefined);
    const gate = await system().spawn(puppet);
    subject.cast("wait", gate);
    await system().settled();
    await system().pause(subject);
    await system().pause(subject);
    subject.cast("note", "waited");
    await gate.call("run", ["answer"]);
    await system().settled();
    await system().resume(subject);
    expect(await subject.call("notes")).toEqual(["passed", "paused", "resumed", "waited"]);
  });

  test("S14.10: neither hook runs where the actor goes on before its turn has ended", async () => {
    const subject = await place.spawn(system(), hooked, undefined);
    const gate = await system().spawn(puppet);
    subject.cast("wait", gate);
    await system().settled();
    await system().pause(subject);
    await system().resume(subject);
    await gate.call("run", ["answer"]);
    expect(await subject.call("notes")).toEqual(["passed"]);
  });
});

type Shape = readonly [string, readonly Shape[]];

function shape({ ref, children }: ActorNode): Shape {
  return [refKey(ref), children.map(shape)];
}
