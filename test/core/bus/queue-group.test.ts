/** Who gets the next message of a queue group: pure, so in no placement. */
import { describe, expect, test } from "@jest/globals";
import type { Ref } from "../../../core/actor/ref.ts";
import { QueueGroup, type QueueMember } from "../../../core/bus/queue-group.ts";

/** A group looks at no more of a holder than whether it lives. */
const holder = (name: string) => name as unknown as Ref;

function groupOf(loads: Readonly<Record<string, number>>): { group: QueueGroup; members: Map<string, QueueMember> } {
  const group = new QueueGroup("workers", "jobs", ["jobs"]);
  const members = new Map<string, QueueMember>();
  for (const [name, load] of Object.entries(loads)) {
    const member: QueueMember = { holder: holder(name), subscription: members.size, load };
    members.set(name, member);
    group.add(member);
  }
  return { group, members };
}

const takes = (group: QueueGroup, count: number, dead: readonly string[] = []) =>
  Array.from({ length: count }, () => group.take((one) => !dead.includes(one as unknown as string))?.holder);

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
});
