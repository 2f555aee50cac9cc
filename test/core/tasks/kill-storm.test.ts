/** core/SEMANTICS.md, S16.1 and S16.7, on real threads: agents on every thread, submitters on every thread, and kills of agents and scheduler among them. */
import { expect, test } from "@jest/globals";
import type { Ref, TaskRequest } from "../../../core/index.ts";
import { SeededRandom } from "../../../core/random.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { counting, steady } from "../../fixtures/task-agents.ts";
import { macrotask } from "../../support/simulated-tree.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
const threads = [0, 1, 2] as const;
const tasksPerSubmitter = 200;
const kills = 60;

test("every task comes to its answer while agents and scheduler are killed over and over", async () => {
  const random = new SeededRandom(1);
  const children = threads.map((thread) => ({
    id: thread,
    start: [puppet] as const,
    name: `storm ${thread}`,
    placement: { thread },
  }));
  await system().supervise({ intensity: 1_000, children });
  const submitters = await Promise.all(
    threads.map((thread) => system().spawn(puppet, undefined, { placement: { thread } })),
  );
  const results: Promise<unknown>[] = [];
  const expected: number[] = [];
  for (let n = 0; n < tasksPerSubmitter; n++) {
    for (const submitter of submitters) {
      const task = expected.length;
      expected.push(task);
      const request: TaskRequest = {
        to: `storm ${random.pick(threads)}`,
        call: "echo",
        argument: task,
        priority: random.below(10),
        attempts: 1_000,
        backoff: { minMs: 0, maxMs: 0 },
      };
      // Not awaited in its turn: a submitter has many under way.
      results.push(submitter.call("run", ["submitTo", request], { timeoutMs: Number.POSITIVE_INFINITY }));
    }
  }
  let isOver = false;
  const answers = Promise.all(results).finally(() => (isOver = true));
  const isRetried = async () => (await system().stats()).tasks.retried > 0;
  // On a busy machine all of the first may come before an agent is at work.
  for (let n = 0; n < kills || !(isOver || (await isRetried())); n++) {
    const ref = system().whereis(random.pick(["system.scheduler", ...threads.map((thread) => `storm ${thread}`)]));
    if (ref !== undefined) system().exit(ref, "kill");
    await macrotask();
  }
  expect(await answers).toEqual(expected);
  await system().settled();
  const { waiting, running, failed, discarded, retried } = (await system().stats()).tasks;
  // Kills came while agents were at work.
  expect(retried).toBeGreaterThan(0);
  expect({ waiting, running, failed, discarded }).toEqual({ waiting: 0, running: 0, failed: 0, discarded: 0 });
});

test("S16.13: what threads begin themselves is done once, and nobody has two in hand, while the scheduler is killed over and over", async () => {
  const on = (thread: number) => ({ placement: { thread } });
  const agents = await Promise.all([1, 2].map((thread) => system().spawn(counting, undefined, on(thread))));
  const [one, two] = agents as unknown as [Ref, Ref];
  // Those of the agents' threads mostly submit there, and all of them meet at both.
  const plans = [
    { thread: 1, agents: [one, one, one, two] },
    { thread: 1, agents: [one, one] },
    { thread: 2, agents: [two, two, two, two, one] },
    { thread: 0, agents: [one, two] },
  ];
  const count = 500;
  const runs = await Promise.all(
    plans.map(async ({ thread, agents: to }, n) => {
      const submitter = await system().spawn(steady, undefined, on(thread));
      return { run: submitter.call("run", { agents: to, from: n * count, count }, { timeoutMs: 50_000 }) };
    }),
  );
  let isOver = false;
  const all = Promise.all(runs.map(({ run }) => run)).finally(() => (isOver = true));
  let killed = 0;
  while (!isOver) {
    const ref = system().whereis("system.scheduler");
    if (ref !== undefined && killed < 40) {
      system().exit(ref, "kill");
      killed++;
    }
    for (let n = 0; n < 20; n++) await macrotask();
  }
  expect(await all).toEqual(plans.map(() => count));
  const told = await Promise.all(agents.map((agent) => agent.call("told")));
  expect(told.map(({ most }) => most)).toEqual([1, 1]);
  const ids = told.flatMap((each) => each.ids).sort((a, b) => a - b);
  expect(ids).toEqual(Array.from({ length: plans.length * count }, (_, id) => id));
});
