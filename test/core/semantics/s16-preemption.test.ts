/** core/SEMANTICS.md, S16.10 on: running tasks that make way. Turns that hold their thread: core/tasks/preemption. */
import { expect, test } from "@jest/globals";
import type { Ref, Task, TaskRequest } from "../../../core/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { type Job, yielding } from "../../fixtures/task-agents.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let names = 0;

const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

const counts = ["done", "failed", "preempted", "retried", "cancelled", "discarded"] as const;

/** An agent, or whoever has its name, with a gate that its jobs wait at and that keeps what they say. */
class Stage {
  readonly to: Ref | string;
  readonly gate: Ref;
  #before: Readonly<Record<(typeof counts)[number], number>> | undefined;

  private constructor(to: Ref | string, gate: Ref) {
    this.to = to;
    this.gate = gate;
  }

  static async of(to: Ref | string): Promise<Stage> {
    const stage = new Stage(to, (await system().spawn(puppet)) as Ref);
    await system().settled();
    stage.#before = (await system().stats()).tasks;
    return stage;
  }

  /** Submits a job, and lets it come where it can. */
  async submit(n: number, priority: number, more: Partial<TaskRequest> = {}, at: Job["at"] = "yield"): Promise<Task> {
    const argument: Job = { n, gate: this.gate, at, marks: new Set() };
    const task = system().submit({ to: this.to, call: "job", argument, priority, preemptible: true, ...more });
    await system().settled();
    return task;
  }

  /** Lets the jobs that have stood longest at the gate go on; one that has made way still stands there. */
  async letGo(jobs = 1): Promise<void> {
    // What an interrupted turn waited for makes a process seem to be at rest, while its next one begins.
    while (((await this.gate.call("openCalls")) as number) < jobs);
    for (let n = 0; n < jobs; n++) await this.gate.call("run", ["answer"]);
    await system().settled();
  }

  /** At least so many. */
  async notes(count: number): Promise<readonly unknown[]> {
    for (;;) {
      const notes = (await this.gate.call("seen")) as readonly unknown[];
      if (notes.length >= count) return notes;
    }
  }

  async counted(): Promise<Partial<Record<(typeof counts)[number], number>>> {
    const after = (await system().stats()).tasks;
    const changes = counts.map((key) => [key, after[key] - (this.#before?.[key] ?? 0)] as const);
    return Object.fromEntries(changes.filter(([, change]) => change !== 0));
  }
}

describePlacements("S16 Preemption", (place) => {
  const stage = async () => await Stage.of((await place.spawn(system(), yielding, undefined)) as Ref);

  /** An agent that a supervisor starts again. */
  async function supervisedStage(): Promise<Stage> {
    const name = `yielding ${++names}`;
    const { placement, isolation } = place.options;
    const where = { ...(placement !== undefined && { placement }), ...(isolation !== undefined && { isolation }) };
    await system().supervise({ intensity: 100, children: [{ id: name, start: [yielding], name, ...where }] });
    return await Stage.of(name);
  }

  test("S16.10: a running task makes way for one with a higher priority, and is done in the end as if it had not begun", async () => {
    const agent = await stage();
    const low = await agent.submit(1, 3);
    const high = await agent.submit(2, 6);
    await agent.letGo(2);
    expect(await high.result()).toEqual({ n: 2, marks: 1 });
    await agent.letGo();
    expect(await low.result()).toEqual({ n: 1, marks: 1 });
    expect(await agent.notes(6)).toEqual(["begins 1", "yields 1", "begins 2", "ends 2", "begins 1", "ends 1"]);
    expect(await agent.counted()).toEqual({ done: 2, preempted: 1 });
  });

  test.each<[string, number, Partial<TaskRequest>]>([
    ["has no higher priority", 3, {}],
    ["has a lower one", 2, {}],
    ["meets one that is not preemptible", 9, { preemptible: false }],
  ])("S16.10: none makes way for a task that %s", async (_what, priority, more) => {
    const agent = await stage();
    const first = await agent.submit(1, 3, more);
    await agent.submit(2, priority);
    expect(await agent.notes(1)).toEqual(["begins 1"]);
    await agent.letGo();
    expect(await first.result()).toEqual({ n: 1, marks: 1 });
    expect(await agent.counted()).toEqual({ done: 1 });
    await agent.letGo();
  });

  test("S16.10: the least urgent makes way, and of those that are as urgent the one that began last", async () => {
    const agents = [await stage(), await stage(), await stage()] as const;
    const capability = `preempted ${++names}`;
    const [{ gate }] = agents;
    for (const { to } of agents) await system().call(to as Ref, "declare", capability);
    await system().settled();
    const submit = async (n: number, priority: number) => {
      const argument: Job = { n, gate, at: "yield", marks: new Set() };
      system().submit({ capability, call: "job", argument, priority, preemptible: true });
      await system().settled();
    };
    for (const [n, priority] of [5, 3, 3].entries()) await submit(n, priority);
    await submit(3, 9);
    const wanted = ["begins 0", "begins 1", "begins 2", "yields 2", "begins 3"];
    while (((await gate.call("seen")) as unknown[]).length < wanted.length);
    expect(await gate.call("seen")).toEqual(wanted);
  });

  test("S16.10: a task that counted as more urgent when it began does not make way", async () => {
    const agent = await stage();
    const blocker = await agent.submit(1, 9, { preemptible: false });
    await agent.submit(2, 0);
    await system().clock.advance(1_200);
    await agent.letGo();
    await blocker.result();
    await agent.submit(3, 8);
    expect(await agent.notes(3)).toEqual(["begins 1", "ends 1", "begins 2"]);
    await agent.submit(4, 9);
    expect(await agent.notes(5)).toEqual(["begins 1", "ends 1", "begins 2", "yields 2", "begins 4"]);
    await agent.letGo(2);
    for (let left = 2; left > 0; left--) await agent.letGo();
  });

  test("S16.10: the room goes to the task that it was made for, and not to one that has grown old meanwhile", async () => {
    const agent = await stage();
    await agent.submit(1, 2);
    await agent.submit(2, 1, { preemptible: false });
    await system().clock.advance(1_500);
    await agent.submit(3, 9, { preemptible: false });
    expect(await agent.notes(3)).toEqual(["begins 1", "yields 1", "begins 3"]);
    await agent.letGo(2);
    // It waits since it was submitted.
    expect((await agent.notes(5)).slice(3)).toEqual(["ends 3", "begins 1"]);
  });

  test("S16.11: one that has not begun is taken back, and the agent never sees it", async () => {
    const agent = await stage();
    const first = await agent.submit(1, 9, { preemptible: false, concurrency: 2 });
    const low = await agent.submit(2, 3, { concurrency: 2 });
    const high = await agent.submit(3, 5, { concurrency: 2 });
    expect(await agent.counted()).toEqual({ preempted: 1 });
    for (const task of [first, high, low]) {
      await agent.letGo();
      await task.result();
    }
    expect(await agent.notes(6)).toEqual([1, 3, 2].flatMap((n) => [`begins ${n}`, `ends ${n}`]));
    expect(await agent.counted()).toEqual({ done: 3, preempted: 1 });
  });

  test("S16.11: one that comes to an answer all the same is done, and not begun again", async () => {
    const agent = await stage();
    const low = await agent.submit(1, 3, {}, "answer");
    const high = await agent.submit(2, 6);
    expect(await low.result()).toEqual({ n: 1, marks: 1 });
    await agent.letGo(2);
    expect(await high.result()).toEqual({ n: 2, marks: 1 });
    expect(await agent.notes(5)).toEqual(["begins 1", "yields 1", "ends 1", "begins 2", "ends 2"]);
    expect(await agent.counted()).toEqual({ done: 2 });
  });

  test("S16.10: it is put back before those of its priority that came later, and makes way three times", async () => {
    const agent = await stage();
    await agent.submit(1, 3);
    await agent.submit(2, 3);
    for (let n = 3; n < 7; n++) await agent.submit(n, 5, { preemptible: false });
    await agent.letGo(2);
    expect(await agent.notes(5)).toEqual(["begins 1", "yields 1", "begins 3", "ends 3", "begins 4"]);
    await agent.letGo();
    await agent.letGo();
    await agent.letGo();
    // Those that came meanwhile are done: it begins before the one that waited with it, and makes way twice more.
    expect((await agent.notes(11)).slice(-2)).toEqual(["ends 6", "begins 1"]);
    for (let n = 7; n < 10; n++) {
      await agent.submit(n, 9, { preemptible: false });
      if (n < 9) await agent.letGo(2);
    }
    expect((await agent.notes(19)).slice(-8)).toEqual(
      [7, 8].flatMap((n) => ["yields 1", `begins ${n}`, `ends ${n}`, "begins 1"]),
    );
  });

  test("S16.5: a preemptible task that is cancelled, or past its deadline, frees its agent", async () => {
    const agent = await stage();
    const cancelled = await agent.submit(1, 5);
    const late = await agent.submit(2, 5, { deadlineMs: 100 });
    expect(await cancelled.cancel()).toBe(true);
    await system().settled();
    expect(await agent.notes(3)).toEqual(["begins 1", "yields 1", "begins 2"]);
    await system().clock.advance(100);
    await system().settled();
    expect([await codeOf(cancelled.result()), await codeOf(late.result())]).toEqual(["cancelled", "deadline"]);
    await agent.submit(3, 5);
    expect((await agent.notes(5)).slice(-2)).toEqual(["yields 2", "begins 3"]);
    await agent.letGo(3);
    expect(await agent.counted()).toEqual({ done: 1, failed: 1, cancelled: 1 });
  });

  test("S16.11: an agent that does not make way in time is ended, and its successor does it, without an attempt", async () => {
    const agent = await supervisedStage();
    const low = await agent.submit(1, 3, {}, "ignore");
    const high = await agent.submit(2, 6);
    const former = system().whereis(agent.to as string);
    await system().clock.advance(1_000);
    await system().settled();
    await agent.notes(2);
    expect(system().whereis(agent.to as string)).not.toEqual(former);
    await agent.letGo(2);
    expect(await high.result()).toEqual({ n: 2, marks: 1 });
    await agent.letGo();
    expect(await low.result()).toEqual({ n: 1, marks: 1 });
    expect(await agent.counted()).toEqual({ done: 2, preempted: 1 });
  });

  test("S16.11: an agent that nobody starts again is not ended for it", async () => {
    const agent = await stage();
    const low = await agent.submit(1, 3, {}, "ignore");
    const high = await agent.submit(2, 6);
    await system().clock.advance(10_000);
    await agent.letGo();
    expect(await low.result()).toEqual({ n: 1, marks: 1 });
    await agent.letGo();
    expect(await high.result()).toEqual({ n: 2, marks: 1 });
    expect(await agent.counted()).toEqual({ done: 2 });
  });

  test("S16.11: where one does not make way in time, another does", async () => {
    const agents = [await stage(), await stage()] as const;
    const capability = `deaf ${++names}`;
    const [{ gate }] = agents;
    for (const { to } of agents) await system().call(to as Ref, "declare", capability);
    await system().settled();
    const submit = async (n: number, priority: number, at: Job["at"]) => {
      const argument: Job = { n, gate, at, marks: new Set() };
      system().submit({ capability, call: "job", argument, priority, preemptible: true });
      await system().settled();
    };
    await submit(1, 3, "yield");
    await submit(2, 3, "ignore");
    await submit(3, 9, "yield");
    await system().clock.advance(1_999);
    await system().settled();
    expect(await gate.call("seen")).toEqual(["begins 1", "begins 2"]);
    await system().clock.advance(1);
    await system().settled();
    const wanted = ["begins 1", "begins 2", "yields 1", "begins 3"];
    while (((await gate.call("seen")) as unknown[]).length < wanted.length);
    expect(await gate.call("seen")).toEqual(wanted);
  });

  test("S16.12: the scheduler is killed while an agent is to make way, and nothing is lost or done twice", async () => {
    const agent = await supervisedStage();
    const low = await agent.submit(1, 3, {}, "ignore");
    const high = await agent.submit(2, 6);
    const scheduler = system().whereis("system.scheduler") as Ref;
    system().exit(scheduler, "kill");
    await system().settled();
    await system().clock.advance(1_000);
    await system().settled();
    await agent.notes(2);
    expect(system().whereis("system.scheduler")).not.toEqual(scheduler);
    await agent.letGo(2);
    expect(await high.result()).toEqual({ n: 2, marks: 1 });
    await agent.letGo();
    expect(await low.result()).toEqual({ n: 1, marks: 1 });
    expect(await agent.counted()).toEqual({ done: 2, preempted: 1 });
  });

  test("S16.10: what is wrong is refused", async () => {
    expect(await codeOf((async () => system().submit({ to: "x", call: "y", preemptible: 1 as never }))())).toBe(
      "bad_argument",
    );
  });
});
