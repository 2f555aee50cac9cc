/** core/SEMANTICS.md, S12: process groups. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey } from "../../../core/index.ts";
import { startSystem } from "../../../index.ts";
import { Probe } from "../../../testing/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let groups = 0;
const freshGroup = () => `group ${(groups += 1)}`;
const keys = (refs: unknown) => (refs as readonly Ref[]).map((ref) => refKey(ref)).sort();

/** A reader on every scheduler thread, main among them. */
const readers = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

/** What each thread sees as the group's members. */
async function membersEverywhere(group: string): Promise<string[][]> {
  await system().settled();
  const all = await readers();
  return await Promise.all(all.map(async (reader) => keys(await reader.call("run", ["members", group]))));
}

describePlacements("S12 Groups", (place) => {
  test("S12.1: an actor is in a group as often as it has joined", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    const key = refKey(member);
    for (const expected of [[key], [key, key]]) {
      await member.call("run", ["join", group]);
      expect(await membersEverywhere(group)).toEqual([expected, expected, expected]);
    }
    expect(await member.call("run", ["leave", group])).toBe("ok");
    expect(await membersEverywhere(group)).toEqual([[key], [key], [key]]);
    expect(await member.call("run", ["leave", group])).toBe("ok");
    expect(await membersEverywhere(group)).toEqual([[], [], []]);
    expect(await member.call("run", ["leave", group])).toBe("not_joined");
  });

  test("S12.1: a group without a living member does not exist", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    expect(system().groups()).not.toContain(group);
    await system().join(group, member);
    expect(system().groups()).toContain(group);
    await system().stopActor(member);
    expect(system().groups()).not.toContain(group);
  });

  test("S12.2: when a join resolves its caller's thread sees the member, wherever that runs", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    for (const [at, caller] of (await readers()).entries()) {
      await caller.call("run", ["join", group, member]);
      expect(keys(await caller.call("run", ["members", group]))).toHaveLength(at + 1);
    }
    for (const [at, caller] of (await readers()).entries()) {
      expect(await caller.call("run", ["leave", group, member])).toBe("ok");
      expect(keys(await caller.call("run", ["members", group]))).toHaveLength(2 - at);
    }
  });

  test("S12.2: who has ended joins nothing", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    await system().stopActor(member);
    for (const caller of await readers()) expect(await caller.call("codeOf", ["join", group, member])).toBe("noproc");
    expect(await membersEverywhere(group)).toEqual([[], [], []]);
  });

  test("S12.3: a member that ends has left all its groups before its down can be seen", async () => {
    const [first, second] = [freshGroup(), freshGroup()];
    const member = await place.spawn(system(), puppet, undefined);
    await member.call("run", ["join", first]);
    await member.call("run", ["join", second]);
    await using probe = await Probe.start(system());
    const watch = await probe.watch(member);
    system().exit(member, "kill");
    await watch.reason();
    expect([system().members(first), system().members(second)]).toEqual([[], []]);
    expect(await membersEverywhere(first)).toEqual([[], [], []]);
  });

  test("S12.4: a monitor tells who is in a group, and then who joins and leaves, in order", async () => {
    const group = freshGroup();
    const early = await place.spawn(system(), puppet, undefined);
    const late = await place.spawn(system(), puppet, undefined);
    await early.call("run", ["join", group]);
    await system().settled();
    for (const watcher of await readers()) {
      const { id, members } = (await watcher.call("run", ["monitorGroup", group])) as {
        id: number;
        members: Map<string, Ref[]>;
      };
      expect([...members].map(([name, refs]) => [name, keys(refs)])).toEqual([[group, [refKey(early)]]]);
      await late.call("run", ["join", group]);
      await late.call("run", ["leave", group]);
      await system().settled();
      const change = (kind: string) => ({ type: "group", monitor: id, group, change: kind, refs: [late] });
      expect(await watcher.call("seen")).toEqual([change("join"), change("leave")]);
      expect(await watcher.call("run", ["demonitorGroup", id])).toBe(true);
      expect(await watcher.call("run", ["demonitorGroup", id])).toBe(false);
      await late.call("run", ["join", group]);
      await late.call("run", ["leave", group]);
      await system().settled();
      expect(await watcher.call("seen")).toHaveLength(2);
    }
  });

  test("S12.4: a monitor tells of a member's end as of so many leaves as it had joined", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    await member.call("run", ["join", group]);
    await member.call("run", ["join", group]);
    await system().settled();
    const watchers = await readers();
    for (const watcher of watchers) await watcher.call("run", ["monitorGroup"]);
    system().exit(member, "kill");
    await system().settled();
    for (const watcher of watchers) {
      const seen = (await watcher.call("seen")) as { group: string }[];
      expect(seen.filter((message) => message.group === group)).toEqual([
        { type: "group", monitor: expect.any(Number), group, change: "leave", refs: [member, member] },
      ]);
    }
  });
});

// Not in every placement: main cannot be lost, and a thread is taken from a system of its own.
test("S12.4: the loss of a thread is one message for each group, with all who are lost", async () => {
  await using own = await startSystem({ threads: 2, clock: "manual", checks: true, seed: 1 });
  const lost = await Promise.all([1, 1, 1].map((thread) => own.spawn(puppet, undefined, { placement: { thread } })));
  const stays = await own.spawn(puppet, undefined, { placement: { thread: 2 } });
  for (const member of [...lost, stays]) await member.call("run", ["join", "one"]);
  await lost[0]?.call("run", ["join", "one"]);
  await lost[0]?.call("run", ["join", "two"]);
  await own.settled();
  const watchers = await Promise.all([0, 2].map((thread) => own.spawn(puppet, undefined, { placement: { thread } })));
  for (const watcher of watchers) await watcher.call("run", ["monitorGroup"]);
  await own.terminateThread(1, "test");
  await own.settled();
  for (const watcher of watchers) {
    const seen = (await watcher.call("seen")) as { group: string; change: string; refs: Ref[] }[];
    expect(seen.map(({ group, change, refs }) => [group, change, keys(refs)])).toEqual([
      ["one", "leave", keys([...lost, lost[0]])],
      ["two", "leave", keys([lost[0]])],
    ]);
  }
});
