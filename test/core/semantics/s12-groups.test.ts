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

  test("S12.5: each of a list joins as often as it stands there, and leaves so", async () => {
    const group = freshGroup();
    const [one, two] = [await place.spawn(system(), puppet, undefined), await place.spawn(system(), puppet, undefined)];
    await one.call("run", ["join", group, [one, two, one]]);
    expect(await membersEverywhere(group)).toEqual(Array.from({ length: 3 }, () => keys([one, one, two])));
    expect(await two.call("run", ["leave", group, [two, one]])).toBe("ok");
    expect(await membersEverywhere(group)).toEqual(Array.from({ length: 3 }, () => keys([one])));
    expect(await system().leave(group, [two, one, one])).toBe("ok");
    expect(await membersEverywhere(group)).toEqual([[], [], []]);
    expect(await system().leave(group, [two, one])).toBe("not_joined");
  });

  test("S12.5: of a list in which a place holds no ref nobody joins or leaves", async () => {
    const [none, both] = [freshGroup(), freshGroup()];
    const member = await place.spawn(system(), puppet, undefined);
    await system().join(both, member);
    for (const [verb, group] of [
      ["join", none],
      ["leave", both],
    ] as const)
      expect(await member.call("errorOf", [verb, group, [member, 5]])).toBe(
        `bad_argument: ${verb}, at index 1 of its list, wants a ref or a registered name, got 5`,
      );
    expect(await membersEverywhere(none)).toEqual([[], [], []]);
    expect(await membersEverywhere(both)).toEqual([keys([member]), keys([member]), keys([member])]);
  });

  test("S12.5: a list has at most 65,536 members, and of a longer one nobody joins", async () => {
    const group = freshGroup();
    const member = await place.spawn(system(), puppet, undefined);
    await expect(
      system().join(
        group,
        Array.from({ length: 65_537 }, () => member),
      ),
    ).rejects.toMatchObject({
      code: "bad_argument",
      message: "join takes at most 65536 members at once, got 65537",
    });
    expect(await membersEverywhere(group)).toEqual([[], [], []]);
  });

  test("S12.5: of a list the living join, also where one has ended, which the caller is told", async () => {
    const group = freshGroup();
    const [living, ended] = [
      await place.spawn(system(), puppet, undefined),
      await place.spawn(system(), puppet, undefined),
    ];
    await system().stopActor(ended);
    for (const caller of await readers())
      expect(await caller.call("codeOf", ["join", group, [ended, living]])).toBe("noproc");
    const thrice = keys([living, living, living]);
    expect(await membersEverywhere(group)).toEqual([thrice, thrice, thrice]);
  });
});

// Not in every placement: which members share a thread is the claim.
test("S12.5: a monitor tells a list in one message for each thread with members in it", async () => {
  const group = freshGroup();
  const at = (thread: number) => system().spawn(puppet, undefined, { placement: { thread } });
  const [one, two, other] = [await at(1), await at(1), await at(2)];
  const watchers = await readers();
  for (const watcher of watchers) await watcher.call("run", ["monitorGroup", group]);
  await system().join(group, [one, other, two, one]);
  await system().leave(group, [two, one, two]);
  await system().settled();
  for (const watcher of watchers) {
    const seen = (await watcher.call("seen")) as { change: string; refs: Ref[] }[];
    const told = seen.map(({ change, refs }) => [change, ...keys(refs)]);
    expect(told).toHaveLength(3);
    // Between the changes of two threads there is no order.
    expect(told.filter(([, ref]) => ref !== refKey(other))).toEqual([
      ["join", ...keys([one, two, one])],
      ["leave", ...keys([two, one])],
    ]);
    expect(told).toContainEqual(["join", refKey(other)]);
  }
});

test("S12.5: an empty list changes nothing", async () => {
  const group = freshGroup();
  await system().join(group, []);
  expect(await system().leave(group, [])).toBe("not_joined");
  expect(system().groups()).not.toContain(group);
});

test("S12.5: of a list those on a lost thread have ended, and the others join", async () => {
  await using own = await startSystem({ threads: 2, clock: "manual", checks: true, seed: 1 });
  const at = (thread: number) => own.spawn(puppet, undefined, { placement: { thread } });
  const [lost, stays] = [await at(1), await at(2)];
  await own.terminateThread(1, "test");
  await expect(own.join("one", [stays, lost, stays])).rejects.toMatchObject({
    code: "noproc",
    message: expect.stringContaining("2 of 3 memberships were added"),
  });
  expect(keys(own.members("one"))).toEqual(keys([stays, stays]));
  expect(await own.leave("one", [lost, stays])).toBe("ok");
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
