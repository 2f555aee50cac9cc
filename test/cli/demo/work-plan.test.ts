import { expect, test } from "@jest/globals";
import { processAgents, WorkPlan } from "../../../cli/demo/work-plan.ts";

const options = { seed: 7, agents: 300, hasFaults: true };

test("every agent gets one task of each row, and each task has that agent", () => {
  const plan = new WorkPlan(options);
  for (const row of [0, 1, 4, 9]) {
    const tasks = Array.from({ length: 300 }, (_, agent) => plan.taskOf(agent, row));
    expect(tasks.map((task) => plan.seatOf(task))).toEqual([...tasks.keys()]);
    expect([...tasks].sort((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, at) => row * 300 + at));
  }
});

test("the plan is the same for the same seed and number of agents, in whatever order it is asked", () => {
  const [first, second] = [new WorkPlan(options), new WorkPlan(options)];
  second.faultOf(123_456);
  second.taskOf(299, 8);
  expect(second.planHash).toBe(first.planHash);
  expect(second.planHash).toMatch(/^[0-9a-f]{16}$/);
});

test.each([
  ["seed", { ...options, seed: 8 }],
  ["number of agents", { ...options, agents: 301 }],
  ["plan without faults", { ...options, hasFaults: false }],
])("another %s has another hash", (_, other) => {
  expect(new WorkPlan(other).planHash).not.toBe(new WorkPlan(options).planHash);
});

test("each stretch has its faults, also those after the first", () => {
  const plan = new WorkPlan(options);
  const count = (from: number, to: number) => {
    const counts: Record<string, number> = {};
    for (let task = from; task < to; task++) {
      const fault = plan.faultOf(task);
      if (fault !== undefined) counts[fault] = (counts[fault] ?? 0) + 1;
    }
    return counts;
  };
  const faults = { throw: 3, endThread: 1, poison: 1, loop: 1, loopAfterAwait: 1, regex: 1, exit: 1 };
  expect(plan.tasks).toBe(1_500);
  expect(count(0, 1_500)).toEqual({ ...faults, allocate: 1, killProcess: 1 });
  // Tasks of agents in processes stand between.
  const length = Math.ceil((50_000 * 300) / 298);
  const later = count(1_500, 1_500 + length);
  expect(Object.keys(later).sort()).toEqual(Object.keys(faults).sort());
});

test("an agent in a process meets its own fault alone, in the second row", () => {
  const plan = new WorkPlan(options);
  const faultsOf = (agent: number) => Array.from({ length: 20 }, (_, row) => plan.faultOf(plan.taskOf(agent, row)));
  expect(processAgents(300)).toBe(2);
  expect(faultsOf(298)).toEqual(Array.from({ length: 20 }, (_, row) => (row === 1 ? "allocate" : undefined)));
  expect(faultsOf(299)).toEqual(Array.from({ length: 20 }, (_, row) => (row === 1 ? "killProcess" : undefined)));
});

test("few agents all run on threads", () => {
  expect(processAgents(9)).toBe(0);
});
