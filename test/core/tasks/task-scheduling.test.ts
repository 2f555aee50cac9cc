/** core/SEMANTICS.md, S16.1 and S16.7: a task ends once, whatever becomes of its agents and of the scheduler. Simulated threads, by seeds. */
import { expect, test } from "@jest/globals";
import type { Ref, Service, Task } from "../../../core/index.ts";
import { SeededRandom } from "../../../core/random.ts";
import type { TaskEntry } from "../../../core/tasks/task-entry.ts";
import type { TaskTable } from "../../../core/tasks/task-table.ts";
import { supervisor } from "../../../supervisors/index.ts";
import { current, loggedAgent, TaskLog } from "../../fixtures/logged-agent.ts";
import { failureOf, macrotask, SimulatedTree } from "../../support/simulated-tree.ts";

const seeds = 60;
const stepsPerRun = 60;
const agents = ["a", "b", "c"] as const;
const lossesMax = 3;

/** What may become of a task: an answer, or one of these. */
const codes = ["refused", "crashed", "killed", "noproc", "deadline", "cancelled", "thread_lost"];

/** Three agents on three threads, and a supervised scheduler. */
async function startAgents(seed: number): Promise<SimulatedTree> {
  const tree = new SimulatedTree({ seed, threads: 3 });
  const main = tree.system.kernel(0);
  main.host.startService = ({ name, behaviour }) => {
    tree.ctx.spawn(supervisor, { intensity: 10_000, children: [{ id: name, start: [behaviour], name }] });
  };
  const children = agents.map((name, thread) => ({
    id: name,
    start: [loggedAgent] as const,
    name,
    placement: { thread },
  }));
  await tree.start({ intensity: 10_000, children });
  return tree;
}

const table = (tree: SimulatedTree) => tree.system.kernel(0).work as TaskTable;

function kill(tree: SimulatedTree, name: string): void {
  const ref = tree.ctx.whereis(name);
  if (ref !== undefined) tree.ctx.exit(ref, "kill");
}

/** How often main has answered each question for a result. */
function countAnswers(tree: SimulatedTree): Map<string, number> {
  const { calls } = tree.system.kernel(0);
  const counts = new Map<string, number>();
  const count = (thread: number | undefined, id: number) =>
    counts.set(`${thread}.${id}`, (counts.get(`${thread}.${id}`) ?? 0) + 1);
  const answer = calls.answer.bind(calls);
  const answerError = calls.answerError.bind(calls);
  calls.answer = (caller, id, value, by) => {
    count(caller?.thread, id);
    answer(caller, id, value, by);
  };
  calls.answerError = (caller, id, error, by) => {
    count(caller?.thread, id);
    answerError(caller, id, error, by);
  };
  return counts;
}

/** Of all runs. */
let preemptions = 0;

class Run {
  readonly tree: SimulatedTree;
  readonly #random: SeededRandom;
  /** By number. What each came to; a submitter whose thread is lost learns nothing. */
  readonly outcomes: (string | undefined)[] = [];
  readonly ids: (string | undefined)[] = [];
  readonly #tasks: Task[] = [];
  readonly #threadOf: number[] = [];
  #losses = 0;

  constructor(tree: SimulatedTree, seed: number) {
    this.tree = tree;
    this.#random = new SeededRandom(seed + 77);
  }

  step(): void {
    const { system, ctx } = this.tree;
    const random = this.#random;
    const chance = random.next();
    const agent = random.pick(agents);
    if (chance < 0.45) this.#submit();
    else if (chance < 0.75) {
      const ref = ctx.whereis(agent);
      if (ref !== undefined) void ctx.cast(ref, random.pick(["finish", "finish", "refuse", "crash"]));
    } else if (chance < 0.78) {
      const jobs = [...current.log.jobs.values()];
      if (jobs.length > 0) random.pick(jobs)();
    } else if (chance < 0.82) kill(this.tree, agent);
    else if (chance < 0.9) kill(this.tree, "system.scheduler");
    else if (chance < 0.94) {
      const task = this.#tasks.length === 0 ? undefined : random.pick(this.#tasks);
      task?.cancel().catch(() => undefined);
    } else if (chance < 0.97) system.passTime(random.below(300));
    else if (this.#losses < lossesMax) {
      this.#losses++;
      const position = 1 + random.below(2);
      system.killThread(system.memory.threadAt(position) as number, "lost");
      system.addThread(position);
    }
    for (let n = random.below(8); n > 0 && system.step(); n--);
  }

  #submit(): void {
    const { system } = this.tree;
    const random = this.#random;
    const thread = system.memory.threadAt(random.below(3)) as number;
    const { ctx } = system.kernel(thread).guest;
    if (ctx === undefined) throw new Error("a guest without a context");
    const n = this.#tasks.length;
    const agent = random.pick(agents);
    const ref = ctx.whereis(agent);
    const task = ctx.submit({
      to: ref !== undefined && random.next() < 0.2 ? ref : agent,
      argument: n,
      priority: random.below(10),
      ...(random.next() < 0.5 ? { call: "job", preemptible: true } : { call: "work" }),
      attempts: 1 + random.below(3),
      ...(random.next() < 0.5 && { key: random.pick(["x", "y"]) }),
      ...(random.next() < 0.2 && { deadlineMs: random.below(500) }),
    });
    this.#tasks.push(task);
    this.#threadOf.push(thread);
    this.outcomes.push(undefined);
    this.ids.push(undefined);
    task.accepted().then(
      (id) => (this.ids[n] = id),
      () => undefined,
    );
    task.result().then(
      (value) => (this.outcomes[n] = `answer ${String(value)}`),
      ({ code }: { code: string }) => (this.outcomes[n] = code),
    );
  }

  /** Lets the agents do all that is left. */
  async finish(): Promise<void> {
    for (let rounds = 0; rounds < 500; rounds++) {
      await this.tree.settle();
      await macrotask();
      const { waiting, running } = table(this.tree).stats();
      if (waiting + running === 0) break;
      for (const agent of agents) {
        const ref = this.tree.ctx.whereis(agent);
        if (ref !== undefined) void this.tree.ctx.cast(ref, "finish");
      }
      for (const finish of [...current.log.jobs.values()]) finish();
      await this.tree.advance(100);
    }
  }

  check(answers: ReadonlyMap<string, number>): void {
    const { begun, answered, breaches } = current.log;
    expect(breaches).toEqual([]);
    const { submitted, done, failed, cancelled, waiting, running, preempted, discarded } = table(this.tree).stats();
    preemptions += preempted;
    expect({ waiting, running, discarded }).toEqual({ waiting: 0, running: 0, discarded: 0 });
    expect(done + failed + cancelled).toBe(submitted);
    for (const [n, outcome] of this.outcomes.entries()) {
      const id = this.ids[n];
      if (id !== undefined) expect({ n, answers: answers.get(id) }).toEqual({ n, answers: 1 });
      if (!this.tree.system.threads.has(this.#threadOf[n] as number)) continue;
      expect({ n, outcome, isKnown: outcome === `answer ${n}` || codes.includes(outcome ?? "") }).toMatchObject({
        isKnown: true,
      });
      if (outcome === `answer ${n}`) expect({ n, isDone: answered.has(n) }).toEqual({ n, isDone: true });
    }
    expect(begun.size).toBeGreaterThan(0);
  }
}

test("each accepted task ends once, and is begun again only when its agent has ended or refused it", async () => {
  for (let seed = 1; seed <= seeds; seed++) {
    current.log = new TaskLog();
    const tree = await startAgents(seed);
    const answers = countAnswers(tree);
    const run = new Run(tree, seed);
    try {
      for (let n = 0; n < stepsPerRun; n++) {
        run.step();
        // Promises go on between two steps.
        await Promise.resolve();
      }
      await run.finish();
      run.check(answers);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(preemptions).toBeGreaterThan(20);
});

/** A task that its agent has in hand, and one behind it; and the table's own entries of both. */
async function twoTasks(): Promise<{ tree: SimulatedTree; tasks: Task[]; entries: TaskEntry[] }> {
  current.log = new TaskLog();
  const tree = await startAgents(1);
  const work = table(tree);
  const entries: TaskEntry[] = [];
  const adopt = work.adopt.bind(work);
  work.adopt = (...given) => {
    const adopted = adopt(...given);
    entries.splice(0, Number.POSITIVE_INFINITY, ...adopted);
    return adopted;
  };
  const tasks = [1, 2].map((n) => tree.ctx.submit({ to: "a", call: "work", argument: n }));
  await tree.settle();
  return { tree, tasks, entries };
}

async function letAllEnd(tree: SimulatedTree): Promise<void> {
  for (let n = 0; n < 3; n++) {
    void tree.ctx.cast(tree.ctx.whereis("a") as Ref, "finish");
    await tree.settle();
  }
}

test.each<[string, number, (entry: TaskEntry) => void]>([
  ["priority", 1, (entry) => Object.assign(entry, { priority: 12 })],
  ["state", 1, (entry) => Object.assign(entry, { state: "unheard of" })],
  ["state of one that nobody has in hand", 1, (entry) => Object.assign(entry, { state: "running" })],
  ["state of one that somebody has in hand", 0, (entry) => Object.assign(entry, { state: "waiting" })],
  ["attempts", 1, (entry) => Object.assign(entry, { attempts: 2 })],
])("a scheduler that begins throws out an entry with a wrong %s, and tells", async (_what, at, spoil) => {
  const { tree, tasks, entries } = await twoTasks();
  spoil(entries[at] as TaskEntry);
  kill(tree, "system.scheduler");
  await tree.settle();
  expect(await failureOf(tree.until((tasks[at] as Task).result()))).toBe("crashed");
  expect([table(tree).stats().discarded, tree.logs]).toEqual([1, ["a task was thrown out"]]);
  await letAllEnd(tree);
  expect(await tree.until((tasks[1 - at] as Task).result())).toBe(2 - at);
});

test("a task over which the scheduler crashes is thrown out, and the others go on", async () => {
  const { tree, tasks, entries } = await twoTasks();
  const get = () => {
    throw new Error("a bug");
  };
  Object.defineProperty(entries[1], "deadlineMs", { get });
  kill(tree, "system.scheduler");
  await tree.settle();
  expect(await failureOf(tree.until((tasks[1] as Task).result()))).toBe("crashed");
  await letAllEnd(tree);
  expect(await tree.until((tasks[0] as Task).result())).toBe(1);
});

test("S16.7: a task over which the scheduler crashes as it gives it is thrown out, and its agent gets the next", async () => {
  const { tree, tasks, entries } = await twoTasks();
  const set = () => {
    throw new Error("a bug");
  };
  Object.defineProperty(entries[1], "attempts", { get: () => 0, set });
  const third = tree.ctx.submit({ to: "a", call: "work", argument: 3 });
  await letAllEnd(tree);
  expect(await failureOf(tree.until((tasks[1] as Task).result()))).toBe("crashed");
  expect([table(tree).stats().discarded, tree.logs]).toEqual([1, ["a task was thrown out"]]);
  expect([await tree.until((tasks[0] as Task).result()), await tree.until(third.result())]).toEqual([1, 3]);
});

test.each<[string, (entry: TaskEntry) => void]>([
  [
    "as it looks whether it makes way",
    (entry) =>
      Object.defineProperty(entry, "preemptions", {
        get: () => {
          throw new Error("a bug");
        },
      }),
  ],
  ["and again as it throws it out", (entry) => Object.assign(entry.inHand as object, { agent: undefined })],
])(
  "S16.7: a running task over which the scheduler crashes %s is thrown out, and the others go on",
  async (_when, spoil) => {
    current.log = new TaskLog();
    const tree = await startAgents(1);
    const low = tree.ctx.submit({ to: "a", call: "job", argument: 1, priority: 1, preemptible: true });
    await tree.settle();
    const [running] = table(tree).attempts.preemptible;
    spoil(running as TaskEntry);
    const high = tree.ctx.submit({ to: "a", call: "work", argument: 2, priority: 5 });
    await tree.settle();
    expect(await failureOf(tree.until(low.result()))).toBe("crashed");
    expect([table(tree).stats().discarded, tree.logs]).toEqual([1, ["a task was thrown out"]]);
    current.log.jobs.get(1)?.();
    await tree.settle();
    await letAllEnd(tree);
    expect(await tree.until(high.result())).toBe(2);
  },
);

test("S16.7: when there will be no scheduler any more, every task ends, and no other is accepted", async () => {
  current.log = new TaskLog();
  const tree = await startAgents(1);
  const main = tree.system.kernel(0);
  const { startService } = main.host;
  let ended: Service["ended"] | undefined;
  main.host.startService = (service) => {
    ended = (reason) => service.ended(reason);
    startService?.(service);
  };
  const task = tree.ctx.submit({ to: "nobody", call: "work" });
  await tree.settle();
  ended?.("shutdown");
  expect(await failureOf(tree.until(task.result()))).toBe("shutdown");
  const next = tree.ctx.submit({ to: "a", call: "work", argument: 7 });
  expect(await failureOf(tree.until(next.accepted()))).toBe("shutdown");
  expect(await failureOf(tree.until(next.result()))).toBe("shutdown");
});
