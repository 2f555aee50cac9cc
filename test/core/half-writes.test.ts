/**
 * core/SEMANTICS.md, S16.7 and S17.11: the scheduler and the bus crash in the middle of a write, at each that they make in turn,
 * and nothing that was accepted is lost or done twice but what they crashed over. Simulated threads: placements change nothing here.
 */
import { expect, test } from "@jest/globals";
import { noteModule } from "../../core/actor/behaviour-module.ts";
import { defineActor, defineServer, type Envelope } from "../../core/index.ts";
import { checkTask } from "../../core/tasks/task-request.ts";
import type { TaskTable } from "../../core/tasks/task-table.ts";
import { supervisor } from "../../supervisors/index.ts";
import { HalfWrites } from "../support/half-writes.ts";
import { SimulatedTree } from "../support/simulated-tree.ts";

const module = "sim:half-writes";
const count = 20;
/** What each run of the schedule is given. */
const scheduledNumber = 2_000;
/** So many changes are more than any of them makes here. */
const changesMax = 2_000;
/** Hundreds of runs. */
const timeoutMs = 180_000;
/** How often each piece of work was begun. */
let begun = new Map<number, number>();
/** What the reader has got. */
let kept: number[] = [];

const begins = (n: number): boolean => {
  const times = (begun.get(n) ?? 0) + 1;
  begun.set(n, times);
  return n % 7 !== 3 || times > 1; // some fail at first
};

const rest = { attempts: 3, backoff: { minMs: 5, maxMs: 5 } };
const worker = defineServer({
  module,
  taskConcurrency: 3,
  declaration: { capabilities: [{ name: "skill" }] },
  calls: {
    work: (_state, n: number) => {
      if (!begins(n)) throw new Error("not today");
      return n;
    },
  },
});
const member = defineActor({
  module,
  init: (_: undefined, ctx) => void ctx.subscribe("jobs", { queue: "members", ack: true, ...rest }),
  receive: (_state, message, ctx) => {
    const envelope = message as Envelope;
    if (begins(envelope.message as number)) ctx.ack(envelope);
    else ctx.nack(envelope);
  },
});
const reader = defineActor({
  module,
  init: (_: undefined, ctx) => void ctx.subscribe("jobs", { from: "first" }),
  receive: (_state, message) => void kept.push((message as Envelope).message as number),
});
for (const [exportName, behaviour] of Object.entries({ worker, member, reader }))
  noteModule(behaviour, { url: module, exportName });

async function start(behaviour: typeof worker | typeof member): Promise<SimulatedTree> {
  begun = new Map();
  kept = [];
  const tree = new SimulatedTree({ seed: 5, threads: 2 });
  tree.system.kernel(0).host.startService = ({ name, behaviour: service }) => {
    tree.ctx.spawn(supervisor, { intensity: 10_000, children: [{ id: name, start: [service], name }] });
  };
  const children = ["a", "b"].map((name) => ({
    id: name,
    start: [behaviour] as const,
    name,
    placement: "local" as const,
  }));
  await tree.start({ intensity: 10_000, children });
  return tree;
}

/** What each promise came to. */
function outcomesOf(promises: readonly Promise<unknown>[]): string[] {
  const outcomes = promises.map(() => "open");
  for (const [n, promise] of promises.entries())
    promise.then(
      () => (outcomes[n] = "ok"),
      ({ code }: { code: string }) => (outcomes[n] = code),
    );
  return outcomes;
}

async function letAllEnd(tree: SimulatedTree): Promise<void> {
  await tree.settle();
  for (let n = 0; n < 10; n++) await tree.advance(20);
  await tree.advance(60_000);
}

const begunTooOften = () => [...begun].filter(([n, times]) => times > (n % 7 === 3 ? 2 : 1));

/** Runs once for each change that may be the one. Returns how many there were. */
async function eachChange(run: (after: number) => Promise<boolean>): Promise<number> {
  for (let after = 0; after < changesMax; after++) if (!(await run(after))) return after;
  throw new Error("there is no end of changes");
}

test(
  "S16.7: system.scheduler crashes in the middle of each write",
  async () => {
    const changes = await eachChange(async (after) => {
      const tree = await start(worker);
      const main = tree.system.kernel(0);
      await tree.until(tree.ctx.submit({ to: "a", call: "work", argument: 1_000 }).result());
      using half = new HalfWrites(main, "system.scheduler", "tasks", after);
      const tasks = Array.from({ length: count }, (_, n) => {
        const to = n % 3 === 0 ? { capability: "skill" } : { to: n % 2 === 0 ? "a" : "b" };
        return tree.ctx.submit({ ...to, call: "work", argument: n, priority: n % 4, ...rest });
      });
      const outcomes = outcomesOf(tasks.map((task) => task.result()));
      const nowMs = main.readClock();
      const dueMs = [nowMs + 15, nowMs + 25, nowMs + 55];
      const times = { nextAfter: (ms: number) => dueMs.find((atMs) => atMs > ms) };
      const scheduled = checkTask({ to: "b", call: "work", argument: scheduledNumber, ...rest }, 1);
      (main.work as TaskTable).schedule(times, scheduled, "all");
      await letAllEnd(tree);
      const failed = outcomes.filter((outcome) => outcome !== "ok");
      for (const message of tree.logs) if (message === "a scheduled task failed") failed.push("crashed");
      const runs = begun.get(scheduledNumber) ?? 0;
      begun.delete(scheduledNumber);
      const { submitted, waiting, running, discarded } = (main.work as TaskTable).stats();
      expect({ after, begunTooOften: begunTooOften(), submitted, waiting, running }).toEqual({
        after,
        begunTooOften: [],
        submitted: 1 + count + dueMs.length,
        waiting: 0,
        running: 0,
      });
      // At most the one that it crashed over.
      expect([after, failed]).toEqual([after, discarded === 1 ? ["crashed"] : []]);
      expect([dueMs.length, dueMs.length - discarded]).toContain(runs);
      return half.hasStruck;
    });
    expect(changes).toBeGreaterThan(100);
  },
  timeoutMs,
);

test(
  "S17.11: system.bus crashes in the middle of each write",
  async () => {
    const changes = await eachChange(async (after) => {
      const tree = await start(member);
      await tree.until(tree.ctx.keepTopic("jobs", {}));
      tree.ctx.spawn(reader, undefined);
      await tree.settle();
      using half = new HalfWrites(tree.system.kernel(0), "system.bus", "bus", after);
      const published: Promise<unknown>[] = [];
      for (let n = 0; n < count; n++) {
        published.push(tree.ctx.publish("jobs", n, { ack: true, priority: n % 3 }));
        if (n % 4 === 0) await tree.settle();
      }
      const outcomes = outcomesOf(published);
      await letAllEnd(tree);
      const discarded = tree.logs.filter((message) => message === "a message of the bus was thrown out").length;
      const lost = outcomes.flatMap((_, n) => (begun.has(n) ? [] : [n]));
      expect({ after, refused: outcomes.filter((outcome) => outcome !== "ok"), twice: begunTooOften() }).toEqual({
        after,
        refused: [],
        twice: [],
      });
      expect([after, lost.length, kept.length]).toEqual([after, lost.length === 0 ? 0 : discarded, new Set(kept).size]);
      expect(discarded).toBeLessThanOrEqual(1);
      expect(kept.length).toBeGreaterThanOrEqual(count - discarded);
      return half.hasStruck;
    });
    expect(changes).toBeGreaterThan(50);
  },
  timeoutMs,
);
