/** Who gets the next message of a queue group: pure, so in no placement. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../../core/actor/ref.ts";
import { QueueGroup, type QueueMember, type QueueTerms } from "../../../core/bus/queue-group.ts";

/** A group looks at no more of a holder than whether it lives. */
const holder = (name: string) => name as unknown as Ref;

const plain: QueueTerms = { capacity: undefined, isWaiting: false, filter: undefined, balance: undefined };

function groupOf(
  loads: Readonly<Record<string, number>>,
  terms: Partial<QueueTerms> = {},
): { group: QueueGroup; members: Map<string, QueueMember> } {
  const group = new QueueGroup("workers", "jobs", ["jobs"], -1);
  const members = new Map<string, QueueMember>();
  for (const [name, load] of Object.entries(loads)) {
    const member: QueueMember = {
      holder: holder(name),
      subscription: members.size,
      terms: { ...plain, ...terms },
      load,
    };
    members.set(name, member);
    group.add(member);
  }
  return { group, members };
}

const envelope = { type: "published", topic: "jobs", message: { kind: "a" }, id: "0.1", from: holder("p") } as const;

const takes = (group: QueueGroup, count: number, dead: readonly string[] = []) =>
  Array.from({ length: count }, () => {
    const taken = group.take(envelope, (one) => !dead.includes(one as unknown as string));
    return typeof taken === "object" ? taken.holder : taken;
  });

describe("a queue group gives the next message", () => {
  test("to those with as few in turns", () => {
    expect(takes(groupOf({ a: 0, b: 0, c: 0 }).group, 5)).toEqual(["a", "b", "c", "a", "b"]);
  });

  test("to the one with the fewest until others have as few", () => {
    expect(takes(groupOf({ a: 3, b: 0, c: 2 }).group, 6)).toEqual(["b", "b", "c", "b", "c", "a"]);
  });

  test("to none that has ended, in whatever turn it was", () => {
    expect(takes(groupOf({ a: 0, b: 0, c: 1 }).group, 3, ["a"])).toEqual(["b", "c", "b"]);
    expect(takes(groupOf({ a: 0 }).group, 1, ["a"])).toEqual([undefined]);
  });

  test("to none that has left, and the others keep their turns", () => {
    const { group, members } = groupOf({ a: 0, b: 0, c: 0 });
    expect(takes(group, 2)).toEqual(["a", "b"]);
    group.remove(members.get("a") as QueueMember);
    expect(takes(group, 2)).toEqual(["c", "b"]);
  });

  test("in turns, whatever each has, by balance roundRobin", () => {
    expect(takes(groupOf({ a: 3, b: 0, c: 2 }, { balance: "roundRobin" }).group, 5)).toEqual(["a", "b", "c", "a", "b"]);
    const { group } = groupOf({ a: 1, b: 0, c: 1 }, { balance: "roundRobin", capacity: 2 });
    expect(takes(group, 5)).toEqual(["a", "b", "c", "b", "c"]);
  });

  test("to one with room before any without, and to the least loaded where none has", () => {
    expect(takes(groupOf({ a: 2, b: 3 }, { capacity: 3 }).group, 3)).toEqual(["a", "b", "a"]);
  });

  test("to nobody yet where none has room and one lets it wait", () => {
    const { group, members } = groupOf({ a: 1, b: 2 }, { capacity: 2, isWaiting: true });
    expect(takes(group, 2)).toEqual(["a", "wait"]);
    (members.get("b") as QueueMember).load--;
    expect(takes(group, 2)).toEqual(["b", "wait"]);
  });

  test("only to those whose filter lets it through", () => {
    const { group } = groupOf({ a: 0 }, { filter: [["kind", "b"]] });
    expect(takes(group, 1)).toEqual([undefined]);
    group.add({ holder: holder("b"), subscription: 9, terms: { ...plain, filter: [["kind", "a"]] }, load: 7 });
    expect(takes(group, 2)).toEqual(["b", "b"]);
  });
});
