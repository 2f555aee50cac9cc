/** The draw of faults is a pure function of its seed: no actor is placed. */
import { describe, expect, test } from "@jest/globals";
import { type DrawnFault, type FaultCounts, FaultDraw } from "../../../cli/demo/fault-draw.ts";

const counts = { throw: 40, endThread: 3, poison: 10 };

function drawn(seed: number, tasks = 1_000, of: FaultCounts = counts) {
  const draw = new FaultDraw(seed, tasks, of);
  return Array.from({ length: tasks }, (_, task) => ({ task, kind: draw.faultOf(task) })).filter(({ kind }) => kind);
}

describe("a draw of faults", () => {
  test("gives each kind as many tasks as it was told to, and no task two faults", () => {
    const count = (kind: DrawnFault) => drawn(7).filter((fault) => fault.kind === kind).length;
    expect([count("throw"), count("endThread"), count("poison")]).toEqual([40, 3, 10]);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(drawn(7)).toEqual(drawn(7));
    expect(drawn(8)).not.toEqual(drawn(7));
  });

  test("stays what it is from one version to the next", () => {
    expect(drawn(1, 10, { throw: 2, endThread: 1, poison: 1 })).toEqual([
      { task: 0, kind: "endThread" },
      { task: 1, kind: "throw" },
      { task: 6, kind: "throw" },
      { task: 9, kind: "poison" },
    ]);
  });

  test("may give every task a fault", () => {
    expect(drawn(1, 3, { throw: 3 }).map(({ task }) => task)).toEqual([0, 1, 2]);
  });

  test("spreads over the tasks: each fifth of them gets its share", () => {
    const faults = drawn(3, 10_000, { throw: 1_000 });
    for (let fifth = 0; fifth < 5; fifth += 1) {
      const inside = faults.filter(({ task }) => Math.floor(task / 2_000) === fifth).length;
      expect(inside).toBeGreaterThan(150);
      expect(inside).toBeLessThan(250);
    }
  });
});
