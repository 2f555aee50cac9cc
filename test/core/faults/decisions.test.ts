/** The pure parts of faults: who is meant, chance, moments, counts. No actor is placed. */
import { describe, expect, test } from "@jest/globals";
import { ActorFaults, keyOf, sendersOf } from "../../../core/faults/actor-faults.ts";
import { comesUp, mixed, textHash } from "../../../core/faults/chance.ts";
import { Moments } from "../../../core/faults/moments.ts";
import type { ThreadFault } from "../../../core/faults/plan.ts";
import { matcher, matchesPattern } from "../../../core/faults/selector.ts";
import { FaultTally } from "../../../core/faults/tally.ts";

describe("a pattern", () => {
  test.each([
    ["agent-7", "agent-7", true],
    ["agent-7", "agent-", false],
    ["agent-7", "agent-*", true],
    ["agent-", "agent-*", true],
    ["agent-7", "*-7", true],
    ["agent-7", "*", true],
    ["", "*", true],
    ["agent-7-b", "a*-7*b", true],
    ["agent-7-b", "a*-8*b", false],
    ["aba", "ab*ba", false],
    ["abba", "ab*ba", true],
    ["a.c", "a.c", true],
    ["abc", "a.c", false],
    ["xaby", "*a**b*", true],
    ["xbay", "*a*b*", false],
  ])("%j by %j: %j", (text, pattern, expected) => {
    expect(matchesPattern(text, pattern)).toBe(expected);
  });

  test("takes a time that grows with the text alone", () => {
    expect(matchesPattern("a".repeat(100_000), `${"*a".repeat(200)}*b`)).toBe(false);
  });
});

test.each([
  [{ by: "name", pattern: "a*" }, true],
  [{ by: "name", pattern: "7" }, false],
  [{ by: "child", pattern: "7" }, true],
  [{ by: "child", pattern: "a*" }, false],
  [{ by: "ref", pattern: "1.2.3" }, true],
  [{ by: "ref", pattern: "1.2.*" }, false],
] as const)("a selector %j means name ab, child 7 at 1.2.3: %j", (selector, expected) => {
  expect(matcher(selector)({ name: "ab", childId: 7, thread: 1, slot: 2, generation: 3 })).toBe(expected);
  const other = { name: undefined, childId: undefined, thread: 1, slot: 2, generation: 4 };
  expect(matcher(selector)(other)).toBe(false);
});

describe("chance", () => {
  const draws = (seed: number, fault: number, who: number) =>
    Array.from({ length: 1_000 }, (_, n) => comesUp(0.1, seed, fault, who, n));

  test("is a function of seed, fault, who and count, and of each of them", () => {
    const key = textHash("name agent-1");
    expect(draws(1, 0, key)).toEqual(draws(1, 0, key));
    const other = [draws(2, 0, key), draws(1, 1, key), draws(1, 0, textHash("name agent-2"))];
    for (const stream of other) expect(stream).not.toEqual(draws(1, 0, key));
  });

  test("comes up as often as it should, for neighbouring seeds, faults, actors and counts", () => {
    for (const [seed, fault, who] of [
      [1, 0, 1],
      [2, 0, 1],
      [1, 1, 1],
      [1, 0, 2],
    ] as const) {
      const share = draws(seed, fault, who).filter(Boolean).length;
      expect(share).toBeGreaterThan(70);
      expect(share).toBeLessThan(130);
    }
    expect(new Set(Array.from({ length: 10_000 }, (_, n) => mixed(1, n))).size).toBe(10_000);
  });

  test("stays what it is from one version to the next", () => {
    expect(
      draws(7, 0, textHash("name a"))
        .flatMap((comes, n) => (comes ? [n] : []))
        .slice(0, 5),
    ).toEqual([15, 16, 45, 47, 51]);
    expect(comesUp(1, 1, 0, 0, 0)).toBe(true);
  });
});

test("moments come by their period, and a clock that went far is one of them", () => {
  const fault = (atMs: number, everyMs: number) => ({ kind: "threadLoss", index: 0, atMs, everyMs }) as ThreadFault;
  const once = new Moments([fault(10, Number.POSITIVE_INFINITY)], 100);
  expect([once.nextMs, once.takeDue(109).length, once.takeDue(110).length, once.nextMs]).toEqual([110, 0, 1, Infinity]);
  const often = new Moments([fault(0, 10)], 100);
  expect(often.takeDue(100).map(({ count }) => count)).toEqual([0]);
  expect(often.nextMs).toBe(110);
  expect(often.takeDue(135).map(({ count }) => count)).toEqual([1]);
  expect(often.nextMs).toBe(140);
});

test("a tally takes as often as it may, and counts lives by label", () => {
  const tally = new FaultTally(FaultTally.memoryFor(2));
  expect([tally.take(1, 2), tally.take(1, 2), tally.take(1, 2)]).toEqual([true, true, false]);
  tally.skip(0);
  expect([tally.injected(0), tally.injected(1), tally.skipped(0), tally.skipped(1)]).toEqual([0, 2, 1, 0]);
  expect([tally.life(5), tally.life(5), tally.life(6)]).toEqual([0, 1, 0]);
});

test("lives of 30,000 labels are counted each by itself, and those past the table's room without an end", () => {
  const tally = new FaultTally(FaultTally.memoryFor(1));
  const labels = [...new Set(Array.from({ length: 30_000 }, (_, n) => textHash(`name agent-${n}`)))];
  for (const life of [0, 1]) expect(labels.filter((label) => tally.life(label) !== life)).toEqual([]);
  for (let label = 0; label < 40_000; label++) tally.life(label);
  expect([tally.injected(0), tally.skipped(0)]).toEqual([0, 0]);
});

test("what is counted of a sender is forgotten when there are too many, the first one first", () => {
  const actor = new ActorFaults(0xffff_ffff);
  actor.senders = 2 ** 20 - 1;
  expect([sendersOf(actor.mark), keyOf(actor.mark), Number.isSafeInteger(actor.mark)]).toEqual([
    2 ** 20 - 1,
    0xffff_ffff,
    true,
  ]);
  expect([actor.seen(1, 3), actor.seen(1, 3), actor.seen(1, 0)]).toEqual([0, 1, 0]);
  for (let sender = 2; sender <= 4_096; sender++) actor.seen(sender, 3);
  expect(actor.seen(1, 3)).toBe(2);
  actor.seen(4_097, 3);
  expect([actor.seen(2, 3), actor.seen(1, 3)]).toEqual([1, 0]);
});
