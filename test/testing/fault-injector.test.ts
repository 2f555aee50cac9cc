/** A plan of faults is a pure function of its seed: no actor is placed. */
import { describe, expect, test } from "@jest/globals";
import { FaultPlan, type FaultPlanOptions } from "../../testing/fault-injector.ts";

const options: FaultPlanOptions = { seed: 7, tasks: 1_000, faults: { throw: 40, endThread: 3, poison: 10 } };

describe("a fault plan", () => {
  test("gives each kind as many tasks as it was told to, and no task two faults", () => {
    const { faults } = new FaultPlan(options);
    const count = (kind: string) => faults.filter((fault) => fault.kind === kind).length;
    expect([count("throw"), count("endThread"), count("poison")]).toEqual([40, 3, 10]);
    expect(new Set(faults.map(({ task }) => task)).size).toBe(53);
    expect(faults.every(({ task }) => Number.isInteger(task) && task >= 0 && task < 1_000)).toBe(true);
  });

  test("is the same for the same seed, and another for another", () => {
    const plan = new FaultPlan(options);
    expect(new FaultPlan(options).faults).toEqual(plan.faults);
    expect(new FaultPlan(options).planHash).toBe(plan.planHash);
    expect(new FaultPlan({ ...options, seed: 8 }).planHash).not.toBe(plan.planHash);
  });

  test("stays what it is from one version to the next", () => {
    const { faults, planHash } = new FaultPlan({ seed: 1, tasks: 10, faults: { throw: 2, endThread: 1, poison: 1 } });
    expect(faults).toEqual([
      { task: 0, kind: "endThread" },
      { task: 1, kind: "throw" },
      { task: 6, kind: "throw" },
      { task: 9, kind: "poison" },
    ]);
    expect(planHash).toBe("a9ad95334e29bbe6");
  });

  test("tells for each task whether it gets a fault", () => {
    const plan = new FaultPlan(options);
    const told = Array.from({ length: 1_000 }, (_, task) => plan.faultOf(task)).filter((kind) => kind !== undefined);
    expect(told).toHaveLength(53);
  });

  test("may give every task a fault, but not more", () => {
    expect(new FaultPlan({ seed: 1, tasks: 3, faults: { throw: 3 } }).faults.map(({ task }) => task)).toEqual([
      0, 1, 2,
    ]);
    expect(() => new FaultPlan({ seed: 1, tasks: 3, faults: { throw: 2, poison: 2 } })).toThrow(
      expect.objectContaining({ code: "bad_argument" }),
    );
  });

  test.each([
    [undefined, "it wants { seed, tasks, faults: { throw: 3 } }, got undefined"],
    [{}, "it wants { seed, tasks"],
    [{ ...options, seed: Number.NaN }, "seed is a whole number, got NaN"],
    [{ ...options, tasks: -1 }, "tasks is a whole number from 0, got -1"],
    [{ ...options, faults: { throw: 1.5 } }, "faults.throw is a whole number from 0, got 1.5"],
    [
      { ...options, faults: { trow: 1 } },
      'faults are throw, endThread, poison, loop, loopAfterAwait, regex, exit, got "trow"',
    ],
    [{ ...options, faults: { throw: 1e15 } }, "faults are at most one a task, so 1000 together, got 1000000000000000"],
  ])("says what is wrong with what it was given: %j", (given, words) => {
    expect(() => new FaultPlan(given as FaultPlanOptions)).toThrow(
      expect.objectContaining({ code: "bad_argument", message: expect.stringContaining(words) }),
    );
  });

  test("spreads over the tasks: each fifth of them gets its share", () => {
    const plan = new FaultPlan({ seed: 3, tasks: 10_000, faults: { throw: 1_000 } });
    for (let fifth = 0; fifth < 5; fifth += 1) {
      const inside = plan.faults.filter(({ task }) => Math.floor(task / 2_000) === fifth).length;
      expect(inside).toBeGreaterThan(150);
      expect(inside).toBeLessThan(250);
    }
  });
});
