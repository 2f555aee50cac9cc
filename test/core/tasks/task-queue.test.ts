/** Who is next: pure, so in no placement. */
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { ageingMsDefault, overdueEach, priorityMax, TaskQueue } from "../../../core/tasks/task-queue.ts";

interface Task {
  readonly priority: number;
  readonly key: string | undefined;
  readonly n: number;
}

let last = 0;
const task = (priority: number, key?: string): Task => ({ priority, key, n: (last += 1) });

/** Everything that waits, in the order in which it is taken at one moment. */
function drain(queue: TaskQueue<Task>, nowMs = 0): Task[] {
  const taken: Task[] = [];
  for (let next = queue.take(nowMs); next !== undefined; next = queue.take(nowMs)) taken.push(next);
  return taken;
}

describe("a queue of tasks", () => {
  test("gives the most urgent first, and of one priority the oldest", () => {
    const queue = new TaskQueue<Task>();
    const tasks = [5, 0, 9, 5, 9].map((priority) => task(priority));
    for (const one of tasks) queue.add(one, 0);
    expect(drain(queue).map((one) => tasks.indexOf(one))).toEqual([2, 4, 0, 3, 1]);
  });

  test("lets the keys of a priority take turns", () => {
    const queue = new TaskQueue<Task>();
    for (const key of ["a", "a", "a", "b", "c", "c", undefined]) queue.add(task(5, key), 0);
    expect(drain(queue).map(({ key }) => key)).toEqual(["a", "b", "c", undefined, "a", "c", "a"]);
  });

  test("serves the lowest priority within two seconds while the highest never runs out", () => {
    for (const serviceMs of [1, 10, 100]) {
      const queue = new TaskQueue<Task>();
      const lowest = task(0);
      queue.add(lowest, 0);
      let servedMs = Number.NaN;
      // Two arrive for each that is done.
      for (let nowMs = 0; nowMs < 5_000 && Number.isNaN(servedMs); nowMs += serviceMs) {
        queue.add(task(9), nowMs);
        queue.add(task(8), nowMs);
        if (queue.take(nowMs) === lowest) servedMs = nowMs;
      }
      expect(servedMs).toBeLessThanOrEqual(2_000);
      expect(servedMs).toBeGreaterThanOrEqual(priorityMax * ageingMsDefault);
    }
  });

  test.each([1, 10, 100])("serves each of a trickle of the lowest within two seconds, at %i ms a task", (serviceMs) => {
    const queue = new TaskQueue<Task>();
    // A twentieth of what can be done, while twice as much as can be arrives above it.
    const arrived = new Map<Task, number>();
    const waits: number[] = [];
    for (let n = 0; n * serviceMs < 10_000; n++) {
      const nowMs = n * serviceMs;
      for (const priority of [9, 8]) queue.add(task(priority), nowMs);
      if (n % 20 === 0) {
        const lowest = task(0);
        arrived.set(lowest, nowMs);
        queue.add(lowest, nowMs);
      }
      const atMs = arrived.get(queue.take(nowMs) as Task);
      if (atMs !== undefined) waits.push(nowMs - atMs);
    }
    expect(waits.length * 20 * serviceMs).toBeGreaterThan(7_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_000);
  });

  test("of eight tasks one is overdue, of each priority in turn, and none before its time", () => {
    const queue = new TaskQueue<Task>();
    for (let n = 0; n < 100; n++) for (const priority of [0, 1, 9]) queue.add(task(priority), 0);
    const taken = (nowMs: number) => Array.from({ length: 2 * overdueEach }, () => queue.take(nowMs)?.priority);
    const nines = Array.from({ length: overdueEach - 1 }, () => 9);
    expect(taken(8 * ageingMsDefault - 1)).toEqual([...nines, 9, ...nines, 9]);
    expect(taken(8 * ageingMsDefault)).toEqual([1, ...nines, 1, ...nines]);
    expect(taken(9 * ageingMsDefault)).toEqual([0, ...nines, 1, ...nines]);
  });

  test("a priority that was served begins to wait anew", () => {
    const queue = new TaskQueue<Task>();
    const low = [task(4), task(4)];
    for (const one of low) queue.add(one, 0);
    for (let n = 0; n < 3; n++) queue.add(task(5), 0);
    const order = [0, ageingMsDefault + 1, ageingMsDefault + 2, ageingMsDefault + 3].map((nowMs) => queue.take(nowMs));
    expect(order.map((taken) => taken?.priority)).toEqual([5, 5, 4, 5]);
    expect(queue.take(2 * ageingMsDefault + 1)).toBe(low[1]);
  });

  test("what was deleted is not taken, and is deleted once", () => {
    const queue = new TaskQueue<Task>();
    const [kept, gone] = [task(5, "k"), task(5, "k")];
    queue.add(gone, 0);
    queue.add(kept, 0);
    expect([queue.delete(gone), queue.delete(gone), queue.size]).toEqual([true, false, 1]);
    expect(drain(queue)).toEqual([kept]);
    expect([queue.delete(kept), queue.size, queue.urgency(0)]).toEqual([false, 0, undefined]);
  });

  test("whatever is done to it, everything that was added is taken or deleted, once, and the sizes are right", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("add" as const),
        priority: fc.nat(priorityMax),
        key: fc.constantFrom("a", "b", undefined),
      }),
      fc.record({ kind: fc.constant("take" as const) }),
      fc.record({ kind: fc.constant("delete" as const), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(500)), { maxLength: 200 }), (steps) => {
        const queue = new TaskQueue<Task>();
        const waiting: Task[] = [];
        let nowMs = 0;
        for (const [one, laterMs] of steps) {
          nowMs += laterMs;
          if (one.kind === "add") {
            const added = task(one.priority, one.key);
            queue.add(added, nowMs);
            waiting.push(added);
          } else if (one.kind === "take") {
            const urgency = queue.urgency(nowMs);
            const taken = queue.take(nowMs);
            expect(taken === undefined).toBe(waiting.length === 0);
            expect(urgency === undefined).toBe(waiting.length === 0);
            if (taken !== undefined) {
              // The oldest of its priority and key.
              expect(waiting.find(({ priority, key }) => priority === taken.priority && key === taken.key)).toBe(taken);
              waiting.splice(waiting.indexOf(taken), 1);
            }
          } else if (waiting.length > 0) {
            const [deleted] = waiting.splice(one.at % waiting.length, 1);
            expect(queue.delete(deleted as Task)).toBe(true);
          }
          expect(queue.size).toBe(waiting.length);
          expect(queue.sizes.reduce((sum, size) => sum + size, 0)).toBe(waiting.length);
        }
      }),
    );
  });
});
