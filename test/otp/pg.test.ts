/** Erlang/OTP, pg_SUITE, ractor's pg and Pekko's receptionist. Cases by their names there; see cases.json. A node is a thread here. Not in every placement: members stand on thread 1, main and thread 2 look on; groups in each are in ../core/semantics/s12-groups.test.ts. pg's local members are not here: one system is one node, so that all are local. */
import { describe, expect, test } from "@jest/globals";
import { type MofaSystem, type Ref, type RefData, refKey, startSystem } from "../../index.ts";
import { puppet } from "../fixtures/puppet.ts";
import { useSystem } from "../support/use-system.ts";

const system = useSystem();

const at = (thread: number) => ({ placement: { thread } }) as const;
const start = (thread: number, of: MofaSystem = system()) => of.spawn(puppet, undefined, at(thread));
const keys = (refs: unknown) => (refs as readonly RefData[]).map((ref) => refKey(ref)).sort();
const run = (actor: Ref, ...step: readonly [string, ...unknown[]]) => actor.call("run", step) as Promise<unknown>;

/** What main and both other threads see, once everything has arrived. */
async function seenEverywhere(group: string): Promise<string[][]> {
  await system().settled();
  const seen = [keys(system().members(group))];
  for (const thread of [1, 2]) {
    const reader = await start(thread);
    seen.push(keys(await run(reader, "members", group)));
    await system().stopActor(reader);
  }
  return seen;
}

const allOf = (...refs: readonly Ref[]) => [keys(refs), keys(refs), keys(refs)];

/** Messages of monitors, without their numbers. */
async function told(watcher: Ref): Promise<unknown[]> {
  await system().settled();
  const seen = (await watcher.call("seen")) as { group: string; change: string; refs: readonly RefData[] }[];
  return seen.map(({ group, change, refs }) => [change, group, ...keys(refs)]);
}

describe("pg_SUITE", () => {
  test("pg: there are groups from the start, without a scope", async () => {
    const member = await start(0);
    expect(await run(member, "members", "pg")).toEqual([]);
    await run(member, "join", "pg");
    expect(keys(await run(member, "members", "pg"))).toEqual(keys([member]));
    expect(await run(member, "leave", "pg")).toBe("ok");
    expect(await run(member, "groups")).not.toContain("pg");
  });

  test("leave_exit_race: a leave that races an exit is harmless", async () => {
    for (const thread of [0, 1, 2]) {
      const member = await start(thread);
      const leaver = await start(1);
      await run(member, "join", "leave_exit_race");
      system().exit(member, "kill");
      expect(await run(leaver, "leave", "leave_exit_race", member)).toMatch(/^(ok|not_joined)$/);
      expect(await run(leaver, "leave", "leave_exit_race", member)).toBe("not_joined");
      expect(await seenEverywhere("leave_exit_race")).toEqual(allOf());
    }
  });

  test("single: membership is a multiset", async () => {
    const [first, second] = [await start(1), await start(1)];
    expect(await run(first, "leave", "single")).toBe("not_joined");
    for (const member of [first, first, second]) await run(member, "join", "single");
    expect(await seenEverywhere("single")).toEqual(allOf(first, first, second));
    expect(await run(first, "leave", "single")).toBe("ok");
    expect(await seenEverywhere("single")).toEqual(allOf(first, second));
    await system().stopActor(second);
    await run(first, "join", "single", [first, first]);
    expect(await seenEverywhere("single")).toEqual(allOf(first, first, first));
    expect(await run(first, "leave", "single")).toBe("ok");
    expect(await run(first, "leave", "single", [first, first])).toBe("ok");
    expect(await run(first, "leave", "single")).toBe("not_joined");
    expect(await run(first, "leave", "single", [first, first])).toBe("not_joined");
    expect(await seenEverywhere("single")).toEqual(allOf());
  });

  test("two: two threads see each other's members", async () => {
    const [here, there] = [await start(1), await start(2)];
    await run(here, "join", "two", [here, here]);
    await run(there, "join", "two");
    expect(await seenEverywhere("two")).toEqual(allOf(here, here, there));
    expect(await run(here, "leave", "two", [here, there])).toBe("ok");
    await run(there, "join", "two");
    expect(await seenEverywhere("two")).toEqual(allOf(here, there));
    system().exit(there, "kill");
    expect(await seenEverywhere("two")).toEqual(allOf(here));
    await run(here, "leave", "two");
    expect(await seenEverywhere("two")).toEqual(allOf());
  });

  test("empty_group_by_remote_leave: a group that a leave elsewhere empties is gone", async () => {
    const [member, other] = [await start(1), await start(2)];
    await run(member, "join", "empty_group_by_remote_leave");
    await system().settled();
    expect(await run(other, "groups")).toContain("empty_group_by_remote_leave");
    await run(member, "leave", "empty_group_by_remote_leave");
    await system().settled();
    expect(await run(other, "groups")).not.toContain("empty_group_by_remote_leave");
    expect(system().groups()).not.toContain("empty_group_by_remote_leave");
  });

  test("thundering_herd: ten thousand groups and two thousand watchers do not stall a join", async () => {
    await using own = await startSystem({ threads: 2, clock: "manual", spare: false, turnLimitMs: 60_000 });
    const [member, watcher, late] = [await start(1, own), await start(2, own), await start(1, own)];
    const groups = Array.from({ length: 10_000 }, (_, number) => `herd ${number}`);
    await member.call(
      "runEach",
      groups.map((group) => ["join", group] as const),
      { timeoutMs: 60_000 },
    );
    await watcher.call(
      "runEach",
      groups.slice(0, 2_000).map((group) => ["monitorGroup", group] as const),
      {
        timeoutMs: 60_000,
      },
    );
    await own.settled();
    expect(await run(watcher, "groups")).toHaveLength(10_000);
    await run(late, "join", "late");
    await own.settled();
    expect(keys(await run(watcher, "members", "late"))).toEqual(keys([late]));
    own.exit(member, "kill");
    await own.settled();
    expect(await run(watcher, "groups")).toEqual(["late"]);
    expect(await watcher.call("seen")).toHaveLength(2_000);
  });

  test("initial: a thread that starts later learns of the members", async () => {
    const member = await start(1);
    await run(member, "join", "initial");
    await run(member, "join", "initial");
    const late = await system().spawn(puppet, undefined, { isolation: "thread" });
    expect(keys(await run(late, "members", "initial"))).toEqual(keys([member, member]));
  });

  test("double: a double join is counted twice on every thread", async () => {
    const [member, other] = [await start(1), await start(2)];
    await run(other, "join", "double", member);
    await run(member, "join", "double");
    expect(await seenEverywhere("double")).toEqual(allOf(member, member));
    await run(other, "leave", "double", member);
    expect(await seenEverywhere("double")).toEqual(allOf(member));
    await run(other, "join", "double", [member, member]);
    expect(await seenEverywhere("double")).toEqual(allOf(member, member, member));
  });

  test("scope_restart: a thread that takes a lost one's place learns of the members again", async () => {
    await using own = await startSystem({ threads: 2, clock: "manual" });
    const [stays, goes] = [await start(2, own), await start(1, own)];
    await run(stays, "join", "scope_restart");
    await run(goes, "join", "scope_restart");
    await own.terminateThread(1, "test");
    await own.settled();
    const late = await start(1, own);
    expect(keys(await run(late, "members", "scope_restart"))).toEqual(keys([stays]));
    await run(late, "join", "scope_restart");
    await own.settled();
    expect(keys(await run(stays, "members", "scope_restart"))).toEqual(keys([stays, late]));
    expect(keys(own.members("scope_restart"))).toEqual(keys([stays, late]));
  });

  test("group_leave: members that go with their thread have left everywhere", async () => {
    await using own = await startSystem({ threads: 2, clock: "manual" });
    const stays = await start(2, own);
    const gone = await Promise.all([1, 1, 1].map((thread) => start(thread, own)));
    for (const member of [stays, ...gone]) await run(member, "join", "group_leave");
    await own.settled();
    expect(keys(await run(stays, "members", "group_leave"))).toEqual(keys([stays, ...gone]));
    await own.terminateThread(1, "test");
    await own.settled();
    expect(keys(await run(stays, "members", "group_leave"))).toEqual(keys([stays]));
    expect(keys(own.members("group_leave"))).toEqual(keys([stays]));
  });

  test("monitor_nonempty_scope: a monitor of all groups begins with all members", async () => {
    const [member, watcher] = [await start(1), await start(2)];
    await run(member, "join", "nonempty 1");
    await run(member, "join", "nonempty 2");
    await system().settled();
    const { members } = (await run(watcher, "monitorGroup")) as { members: Map<string, readonly RefData[]> };
    expect(keys(members.get("nonempty 1"))).toEqual(keys([member]));
    expect(keys(members.get("nonempty 2"))).toEqual(keys([member]));
    expect([...members.values()].every((refs) => refs.length > 0)).toBe(true);
    expect(await told(watcher)).toEqual([]);
    await system().stopActor(watcher);
  });

  test("monitor_scope: a monitor of all groups tells of every group until it is taken back", async () => {
    const [member, watcher] = [await start(1), await start(2)];
    const { id } = (await run(watcher, "monitorGroup")) as { id: number };
    await run(member, "join", "scope 1");
    await run(member, "join", "scope 2");
    await run(member, "leave", "scope 1");
    expect(await told(watcher)).toEqual([
      ["join", "scope 1", refKey(member)],
      ["join", "scope 2", refKey(member)],
      ["leave", "scope 1", refKey(member)],
    ]);
    expect(await run(watcher, "demonitorGroup", id)).toBe(true);
    await run(member, "leave", "scope 2");
    expect(await told(watcher)).toHaveLength(3);
  });

  test("monitor: a monitor gets a snapshot and then each change, of its group alone", async () => {
    const [first, second, watcher] = [await start(1), await start(0), await start(2)];
    await run(first, "join", "monitor");
    await system().settled();
    const { id, members } = (await run(watcher, "monitorGroup", "monitor")) as {
      id: number;
      members: Map<string, readonly RefData[]>;
    };
    expect([...members].map(([group, refs]) => [group, keys(refs)])).toEqual([["monitor", keys([first])]]);
    await run(second, "join", "not monitored");
    await run(second, "join", "monitor");
    await run(second, "join", "monitor");
    await system().settled();
    system().exit(second, "kill");
    expect(await told(watcher)).toEqual([
      ["join", "monitor", refKey(second)],
      ["join", "monitor", refKey(second)],
      ["leave", "monitor", refKey(second), refKey(second)],
    ]);
    await run(first, "join", "monitor", [first, first]);
    await run(first, "leave", "monitor", [first, first, first]);
    expect((await told(watcher)).slice(3)).toEqual([
      ["join", "monitor", refKey(first), refKey(first)],
      ["leave", "monitor", refKey(first), refKey(first), refKey(first)],
    ]);
    expect(await run(watcher, "demonitorGroup", id)).toBe(true);
    expect(await run(watcher, "demonitorGroup", id)).toBe(false);
  });
});

describe("ractor pg", () => {
  test("monitors_without_duplicates: two monitors of one group tell each once, and end apart", async () => {
    const [member, watcher] = [await start(1), await start(2)];
    const { id } = (await run(watcher, "monitorGroup", "twice")) as { id: number };
    await run(watcher, "monitorGroup", "twice");
    await run(member, "join", "twice");
    expect(await told(watcher)).toHaveLength(2);
    await run(watcher, "demonitorGroup", id);
    await run(member, "leave", "twice");
    expect(await told(watcher)).toHaveLength(3);
  });

  test("membership_racing_shutdown: joins and leaves that race an end are harmless", async () => {
    const callers = await Promise.all([0, 1, 2].map((thread) => start(thread)));
    const member = await start(1);
    const races = callers.flatMap((caller) => [
      caller.call("codeOf", ["join", "racing", member]),
      caller.call("codeOf", ["leave", "racing", member]),
    ]);
    await system().stopActor(member);
    for (const code of await Promise.all(races)) expect(code).toMatch(/^(none|noproc)$/);
    expect(await seenEverywhere("racing")).toEqual(allOf());
    expect(system().groups()).not.toContain("racing");
  });
});

describe("pekko", () => {
  test("LocalReceptionistSpec: services register, are found by who looks and by who listens, and go when they end", async () => {
    const [service, client, listener] = [await start(1), await start(2), await start(0)];
    await run(listener, "monitorGroup", "service");
    expect(await run(client, "members", "service")).toEqual([]);
    await run(service, "join", "service");
    await system().settled();
    expect(keys(await run(client, "members", "service"))).toEqual(keys([service]));
    await system().stopActor(service);
    expect(await run(client, "members", "service")).toEqual([]);
    expect(await told(listener)).toEqual([
      ["join", "service", refKey(service)],
      ["leave", "service", refKey(service)],
    ]);
  });
});
