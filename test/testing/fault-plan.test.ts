/** What a plan of faults is, what is refused of one, and what stands for what is left out. Pure: no actor is placed. */
import { describe, expect, test } from "@jest/globals";
import { checkFaultPlan } from "../../testing/fault-plan-check.ts";

const check = (fault: unknown) => checkFaultPlan({ faults: [fault] }).faults[0];
const byName = (pattern: string) => ({ by: "name", pattern });

describe("a plan that is left to its defaults", () => {
  test.each([
    [
      { kind: "throw", actor: "agent-*" },
      { kind: "throw", actor: byName("agent-*"), afterTurns: 0, times: 1, text: "injected fault 0", isTimed: false },
    ],
    [
      { kind: "exit", actor: { child: 3 } },
      { actor: { by: "child", pattern: "3" }, code: 1 },
    ],
    [
      { kind: "kill", actor: "a", atMs: 5 },
      { isTimed: true, atMs: 5, times: 1, everyMs: Number.POSITIVE_INFINITY },
    ],
    [
      { kind: "kill", actor: "a", atMs: 5, everyMs: 7 },
      { isTimed: true, times: Number.POSITIVE_INFINITY, everyMs: 7 },
    ],
    [
      { kind: "kill", actor: "a", atMs: 5, afterTurns: 2 },
      { isTimed: false, atMs: 5, afterTurns: 2 },
    ],
    [
      { kind: "throw", actor: "a", atMs: 5 },
      { isTimed: false, atMs: 5 },
    ],
    [
      { kind: "poison", actor: "a" },
      { isTimed: false, message: undefined },
    ],
    [
      { kind: "threadLoss", thread: 1, atMs: 500 },
      { kind: "threadLoss", thread: 1, atMs: 500, times: 1 },
    ],
    [
      { kind: "threadLoss", actor: "a" },
      { actor: byName("a"), isTimed: false },
    ],
    [
      { kind: "drop", from: "a", to: { name: "b" }, probability: 0.01 },
      {
        from: byName("a"),
        to: byName("b"),
        probability: 0.01,
        times: Number.POSITIVE_INFINITY,
        afterMessages: 0,
      },
    ],
    [
      { kind: "delay", to: { ref: "1.2.3" }, ms: 20 },
      { from: undefined, to: { by: "ref", pattern: "1.2.3" }, ms: 20 },
    ],
    [
      { kind: "refuse", from: { ref: { node: "", thread: 1, slot: 2, generation: 3 } } },
      { from: { by: "ref", pattern: "1.2.3" }, to: undefined },
    ],
  ])("%j", (given, expected) => {
    expect(check(given)).toMatchObject({ index: 0, ...expected });
  });

  test("has seed 1, and may be empty", () => {
    expect(checkFaultPlan({ faults: [] })).toEqual({ seed: 1, faults: [] });
    expect(checkFaultPlan({ seed: 7, faults: [] }).seed).toBe(7);
  });
});

describe("what is no plan is refused, with its path, what was expected and what it is", () => {
  const kinds =
    "throw, loop, loopAfterAwait, regex, exit, allocate, kill, poison, threadLoss, processKill, drop, refuse, delay";

  test.each<[unknown, string]>([
    [undefined, "the plan is { seed, faults: [ ... ] }, got undefined"],
    [[], "the plan is { seed, faults: [ ... ] }, got []"],
    [{ seeds: 1, faults: [] }, 'a fault plan has "seeds", and a plan takes seed, faults'],
    [{ seed: 1.5, faults: [] }, "seed is a whole number, got 1.5"],
    [{ seed: 1 }, "faults is a list of faults"],
    [{ faults: new Array(1_001).fill({ kind: "kill", actor: "a" }) }, "faults is a list of at most 1000, got 1001"],
  ])("%#: %j", (plan, words) => {
    expect(() => checkFaultPlan(plan)).toThrow(
      expect.objectContaining({ code: "bad_argument", message: expect.stringContaining(words) }),
    );
  });

  test.each<[unknown, string]>([
    [null, 'faults[0] is a fault, such as { kind: "throw", actor: "agent-*" }, got null'],
    [{ kind: "trow", actor: "a" }, `faults[0].kind is ${kinds}, got "trow"`],
    [{ actor: "a" }, `faults[0].kind is ${kinds}, got undefined`],
    [{ kind: "toString", actor: "a" }, `faults[0].kind is ${kinds}, got "toString"`],
    [{ kind: "throw" }, "faults[0].actor is a name such as"],
    [{ kind: "throw", actor: "" }, 'faults[0].actor is a name such as "agent-*", { "name": ... }, { "child": ... }'],
    [{ kind: "throw", actor: { name: "a", child: 1 } }, 'got {"name":"a","child":1}'],
    [{ kind: "throw", actor: { ref: "1.2" } }, 'got {"ref":"1.2"}'],
    [{ kind: "throw", actor: { ref: { thread: 1 } } }, 'got {"ref":{"thread":1}}'],
    [{ kind: "throw", actor: "a", afterTurn: 3 }, 'faults[0] has "afterTurn", and throw takes kind, atMs, times,'],
    [{ kind: "throw", actor: "a", constructor: 3 }, 'faults[0] has "constructor"'],
    [{ kind: "throw", actor: "a", afterTurns: -1 }, "faults[0].afterTurns is a whole number from 0, got -1"],
    [{ kind: "throw", actor: "a", times: 0 }, "faults[0].times is a whole number from 1, got 0"],
    [{ kind: "throw", actor: "a", probability: 1.1 }, "faults[0].probability is a number above 0 and up to 1, got 1.1"],
    [{ kind: "throw", actor: "a", probability: 0 }, "got 0"],
    [{ kind: "throw", actor: "a", atMs: "5" }, 'faults[0].atMs is a time in milliseconds from 0, got "5"'],
    [{ kind: "throw", actor: "a", message: 5 }, "faults[0].message is a text, got 5"],
    [{ kind: "throw", actor: "a", code: 5 }, 'faults[0] has "code", and throw takes'],
    [{ kind: "exit", actor: "a", code: 256 }, "faults[0].code is a whole number from 0 to 255, got 256"],
    [{ kind: "poison", actor: "a", message: () => 0 }, "faults[0].message is plain data, got function message"],
    [{ kind: "kill", actor: "a", everyMs: 5 }, "faults[0].everyMs is a period that begins at .atMs"],
    [{ kind: "kill", actor: "a", atMs: 1, afterTurns: 1, everyMs: 5 }, "faults[0].everyMs is a period"],
    [{ kind: "threadLoss" }, "or .thread a position from 1, got undefined"],
    [{ kind: "threadLoss", thread: 0, atMs: 1 }, "faults[0].thread is a whole number from 1, got 0"],
    [{ kind: "threadLoss", thread: 1, actor: "a" }, 'faults[0] has "actor", and threadLoss takes'],
    [{ kind: "threadLoss", thread: 1, atMs: 1, times: 2 }, "faults[0].times is 1, or given with .everyMs"],
    [{ kind: "drop" }, "faults[0].to is there, or .from: whose messages to drop, got undefined"],
    [{ kind: "drop", to: 5 }, "faults[0].to is a name such as"],
    [{ kind: "drop", to: "a", actor: "a" }, 'faults[0] has "actor", and drop takes kind, atMs'],
    [{ kind: "delay", to: "a" }, "faults[0].ms is a time in milliseconds above 0, got undefined"],
    [{ kind: "delay", to: "a", ms: Number.POSITIVE_INFINITY }, "faults[0].ms is a time in milliseconds above 0"],
  ])("%#: %j", (fault, words) => {
    expect(() => check(fault)).toThrow(
      expect.objectContaining({ code: "bad_argument", message: expect.stringContaining(words) }),
    );
  });

  test("more different senders than a message can carry the bits of", () => {
    const plan = (senders: number) => ({
      faults: Array.from({ length: 40 }, (_, n) => ({ kind: "drop", from: `a${n % senders}` })),
    });
    expect(checkFaultPlan(plan(20)).faults).toHaveLength(40);
    expect(() => checkFaultPlan(plan(21))).toThrow('faults is a list with at most 20 different "from"s, got 21');
  });
});
