/** core/SEMANTICS.md, S16: tasks. */
import { expect, test } from "@jest/globals";
import { type Ref, refKey, type TaskRequest } from "../../../core/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { declaring, flaky, tally } from "../../fixtures/task-agents.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
let names = 0;
const freshName = () => `agent ${(names += 1)}`;

/** A submitter on every scheduler thread, main among them. */
const submitters = () =>
  Promise.all([0, 1, 2].map((thread) => system().spawn(puppet, undefined, { placement: { thread } })));

/** Lets an agent's oldest task that it holds end. */
const answer = (agent: Ref, value: unknown = "answered") => agent.call("run", ["answer", value]);

/** What a promise fails with. */
const codeOf = async (promise: Promise<unknown>) =>
  await promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

/** The task's argument, in the order in which the agent has begun with it. */
const keep = (to: Ref, value: unknown, more: Partial<TaskRequest> = {}): TaskRequest => ({
  to,
  call: "run",
  argument: ["keep", value],
  ...more,
});

describePlacements("S16 Tasks", (place) => {
  /** An agent with a task in hand, so that what comes next waits. */
  async function busyAgent(): Promise<Ref> {
    const agent = await place.spawn(system(), puppet, undefined);
    await system().submit({ to: agent, call: "hold" }).accepted();
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    return agent;
  }

  /** An agent that a supervisor starts again, under a name. */
  async function supervisedAgent(behaviour: typeof flaky | typeof puppet): Promise<{ name: string; agent: () => Ref }> {
    const name = freshName();
    const { placement, isolation } = place.options;
    await system().supervise({
      intensity: 100,
      children: [
        {
          id: name,
          start: [behaviour],
          name,
          ...(placement !== undefined && { placement }),
          ...(isolation !== undefined && { isolation }),
        },
      ],
    });
    return { name, agent: () => system().whereis(name) as Ref };
  }

  test("S16.1: the result is the agent's answer, whichever thread submits", async () => {
    const agent = await place.spawn(system(), puppet, undefined);
    const task = system().submit({ to: agent, call: "echo", argument: { n: 1 } });
    expect(await task.accepted()).toMatch(/^\d+\.\d+$/);
    expect(await task.result()).toEqual({ n: 1 });
    for (const submitter of await submitters()) {
      const request: TaskRequest = { to: agent, call: "echo", argument: new Map([["from", submitter]]) };
      expect(await submitter.call("run", ["resultOf", request])).toEqual(new Map([["from", submitter]]));
      expect(await submitter.call("run", ["acceptedOf", request])).toMatch(/^\d+\.\d+$/);
    }
  });

  test("S16.1: whoever is here can submit, and cancel", async () => {
    const submitter = await place.spawn(system(), puppet, undefined);
    const agent = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
    expect(await submitter.call("run", ["resultOf", { to: agent, call: "echo", argument: 1 }])).toBe(1);
    expect(await submitter.call("run", ["acceptedOf", { to: agent, call: "hold" }])).toMatch(/^\d+\.\d+$/);
    expect(await submitter.call("run", ["cancelOf", keep(agent, 1)])).toEqual([true, "cancelled", false]);
    expect(await submitter.call("codeOf", ["submitOnly", { to: agent, call: 5 }])).toBe("bad_argument");
    expect(await agent.call("seen")).toEqual([]);
  });

  test("S16.1: a task that fails with nobody awaiting it ends nobody", async () => {
    const submitter = await place.spawn(system(), puppet, undefined);
    const gone = await system().spawn(puppet, undefined);
    await system().stopActor(gone);
    const { failed } = (await system().stats()).tasks;
    await submitter.call("run", ["submitOnly", { to: gone, call: "echo" }]);
    await system().settled();
    expect((await system().stats()).tasks.failed).toBe(failed + 1);
    expect(await submitter.call("echo", "lives")).toBe("lives");
  });

  test("S16.1: what was submitted and has not ended counts as under way", async () => {
    const submitter = await place.spawn(system(), puppet, undefined, { budget: { openTasks: 3 } });
    const agent = await system().spawn(puppet);
    const { down } = await system().monitor(submitter);
    for (let n = 0; n < 3; n++) {
      await submitter.call("run", ["submitOnly", { to: agent, call: "hold" }]);
      await system().settled();
    }
    expect(await codeOf(submitter.call("run", ["submitOnly", { to: agent, call: "hold" }]))).toBe("budget");
    expect((await down).reason).toEqual({ budget: { openTasks: 3 } });
  });

  test("S16.1: a task is done though its submitter has ended", async () => {
    const agent = await busyAgent();
    const submitter = await place.spawn(system(), puppet, undefined);
    const { down } = await system().monitor(submitter);
    await submitter.call("run", ["submitThenStop", keep(agent, "of the dead")]);
    await down;
    await answer(agent);
    await system().settled();
    expect(await agent.call("seen")).toEqual(["of the dead"]);
  });

  test("S16.2: the most urgent comes first, and of one priority the oldest", async () => {
    const agent = await busyAgent();
    for (const [n, priority] of [5, 0, 9, 5, 9].entries()) system().submit(keep(agent, n, { priority }));
    await answer(agent);
    await system().settled();
    expect(await agent.call("seen")).toEqual([2, 4, 0, 3, 1]);
  });

  test("S16.2: keys take turns", async () => {
    const agent = await busyAgent();
    for (const key of ["a", "a", "a", "b", "c", "c"]) system().submit(keep(agent, key, { key }));
    await answer(agent);
    await system().settled();
    expect(await agent.call("seen")).toEqual(["a", "b", "c", "a", "c", "a"]);
  });

  test("S16.2: a task of the lowest priority begins within two seconds, at twice of what the agent can do", async () => {
    const agent = await busyAgent();
    const lowest = system().submit(keep(agent, "lowest", { priority: 0 }));
    let waitedMs = 0;
    for (let seen: unknown[] = []; seen.length === 0 && waitedMs < 5_000; waitedMs += 100) {
      for (const priority of [9, 8]) system().submit({ to: agent, call: "hold", priority });
      await system().clock.advance(100);
      await answer(agent);
      await system().settled();
      seen = (await agent.call("seen")) as unknown[];
    }
    expect(waitedMs).toBeLessThanOrEqual(2_000);
    expect(waitedMs).toBeGreaterThan(1_000);
    expect(await lowest.result()).toBe(undefined);
  });

  test("S16.3: an agent has as many tasks in hand as the request says, one by default", async () => {
    const agent = await place.spawn(system(), puppet, undefined);
    for (let n = 0; n < 3; n++) system().submit({ to: agent, call: "hold" });
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    for (let n = 0; n < 5; n++) system().submit({ to: agent, call: "hold", concurrency: 3 });
    await system().settled();
    expect(await agent.call("openCalls")).toBe(3);
    await answer(agent);
    await system().settled();
    expect(await agent.call("openCalls")).toBe(3);
  });

  test("S16.3: what the agent's behaviour says goes before what the request says", async () => {
    const agent = await place.spawn(system(), declaring, undefined, { name: freshName() });
    for (let n = 0; n < 5; n++) system().submit({ to: agent, call: "hold", concurrency: 4 });
    await system().settled();
    expect(await agent.call("openCalls")).toBe(2);
    await agent.call("answer");
    await system().settled();
    expect(await agent.call("openCalls")).toBe(2);
  });

  test("S16.3: tasks to an actor and to its name share what it may have in hand", async () => {
    const name = freshName();
    const agent = await place.spawn(system(), puppet, undefined, { name });
    system().submit({ to: agent, call: "hold" });
    for (const to of [name, agent, name]) system().submit({ to, call: "hold" });
    for (let left = 4; left > 0; left--) {
      await system().settled();
      expect(await agent.call("openCalls")).toBe(1);
      await answer(agent);
    }
  });

  test.each(["crash", "error"] as const)(
    "S16.4: after a failure by %s it is tried again, later each time",
    async (by) => {
      const counter = await system().spawn(tally);
      const { name } = await supervisedAgent(flaky);
      const backoff = { minMs: 100, maxMs: 1_000, factor: 3 };
      const argument = { tally: counter, goodFrom: 3, by };
      const task = system().submit({ to: name, call: "work", argument, attempts: 3, backoff });
      for (const [restMs, attempts] of [
        [100, 1],
        [300, 2],
      ] as const) {
        await system().settled();
        await system().clock.advance(restMs - 1);
        await system().settled();
        expect(await counter.call("count")).toBe(attempts);
        await system().clock.advance(1);
        await system().settled();
        expect(await counter.call("count")).toBe(attempts + 1);
      }
      expect(await task.result()).toBe(3);
    },
  );

  test("S16.4: what an attempt does to its argument the next one does not see", async () => {
    const counter = await system().spawn(tally);
    const { name } = await supervisedAgent(flaky);
    const argument = { tally: counter, goodFrom: 2, by: "error", notes: new Set() };
    const task = system().submit({ to: name, call: "work", argument, attempts: 2, backoff: { minMs: 0 } });
    expect(await task.result()).toEqual(new Set([2]));
  });

  test("S16.4: the last attempt's failure is the task's", async () => {
    const counter = await system().spawn(tally);
    const { name } = await supervisedAgent(flaky);
    const argument = { tally: counter, goodFrom: 9, by: "error" };
    const task = system().submit({ to: name, call: "work", argument, attempts: 2 });
    await system().settled();
    await system().clock.advance(100);
    await expect(task.result()).rejects.toMatchObject({ code: "not_today", message: "attempt 2" });
  });

  test("S16.4: an agent that is killed has used up an attempt, and the next one of its name does it", async () => {
    const { name, agent } = await supervisedAgent(puppet);
    const task = system().submit({ to: name, call: "hold", attempts: 2, backoff: { minMs: 0 } });
    const last = system().submit({ to: name, call: "hold" });
    await system().settled();
    const former = agent();
    system().exit(former, "kill");
    await system().settled();
    if (place.isAlone) await expect(agent().call("echo", 1)).resolves.toBe(1);
    await system().settled();
    expect(agent()).not.toEqual(former);
    await answer(agent(), "first");
    await system().settled();
    await answer(agent(), "second");
    expect(await Promise.all([task.result(), last.result()])).toEqual(expect.arrayContaining(["first", "second"]));
  });

  test("S16.4: a task for an actor that has ended fails at once, however many attempts it has", async () => {
    const agent = await busyAgent();
    const tasks = [1, 2].map((n) => system().submit(keep(agent, n, { attempts: 5 })));
    system().exit(agent, "kill");
    expect(await Promise.all(tasks.map((task) => codeOf(task.result())))).toEqual(["noproc", "noproc"]);
  });

  test("S16.5: past its deadline a task is given up, while it waits and while an agent has it in hand", async () => {
    const agent = await place.spawn(system(), puppet, undefined);
    const running = system().submit({ to: agent, call: "hold", deadlineMs: 50 });
    const waiting = system().submit(keep(agent, "late", { deadlineMs: 50 }));
    const next = system().submit(keep(agent, "next"));
    await system().settled();
    const { failed } = (await system().stats()).tasks;
    await system().clock.advance(49);
    await system().settled();
    expect((await system().stats()).tasks.failed).toBe(failed);
    await system().clock.advance(1);
    expect([await codeOf(running.result()), await codeOf(waiting.result())]).toEqual(["deadline", "deadline"]);
    const late = `for ${refKey(agent)}\\) had not ended within 50 ms`;
    await expect(running.result()).rejects.toThrow(new RegExp(`^task [.\\d]+ \\("hold" ${late}$`));
    await expect(waiting.result()).rejects.toThrow(new RegExp(`^task [.\\d]+ \\("run" ${late}: nobody had begun it$`));
    // It is still at work for the first.
    expect(await agent.call("seen")).toEqual([]);
    await answer(agent);
    expect(await next.result()).toBe(undefined);
    expect(await agent.call("seen")).toEqual(["next"]);
  });

  test("S16.5: a clock that jumps ahead by a year ends what is due, and of the rest nothing is lost", async () => {
    const agent = await busyAgent();
    const due = system().submit(keep(agent, "due", { deadlineMs: 86_400_000 }));
    const ages = [0, 9].map((priority) => system().submit(keep(agent, priority, { priority })));
    const counter = await system().spawn(tally);
    const { name } = await supervisedAgent(flaky);
    const argument = { tally: counter, goodFrom: 3, by: "error" };
    const backoff = { minMs: 3_600_000, maxMs: 3_600_000 };
    const rests = system().submit({ to: name, call: "work", argument, attempts: 3, backoff });
    await system().settled();
    await system().clock.advance(365 * 86_400_000);
    await system().settled();
    expect(await codeOf(due.result())).toBe("deadline");
    // All its rests lie in that year.
    expect([await rests.result(), await counter.call("count")]).toEqual([3, 3]);
    await answer(agent);
    await Promise.all(ages.map((task) => task.result()));
    expect(await agent.call("seen")).toEqual([9, 0]);
  });

  test("S16.5: a cancelled task ends, whether it waits, rests or is in hand; one that has ended cannot be", async () => {
    const agent = await place.spawn(system(), puppet, undefined);
    const running = system().submit({ to: agent, call: "hold" });
    const waiting = system().submit(keep(agent, "cancelled"));
    const next = system().submit(keep(agent, "next"));
    await system().settled();
    expect([await waiting.cancel(), await running.cancel()]).toEqual([true, true]);
    expect([await codeOf(waiting.result()), await codeOf(running.result())]).toEqual(["cancelled", "cancelled"]);
    expect([await waiting.cancel(), await running.cancel()]).toEqual([false, false]);
    await answer(agent);
    expect([await next.result(), await next.cancel()]).toEqual([undefined, false]);
    expect(await agent.call("seen")).toEqual(["next"]);

    const counter = await system().spawn(tally);
    const { name } = await supervisedAgent(flaky);
    const argument = { tally: counter, goodFrom: 9, by: "error" };
    const resting = system().submit({ to: name, call: "work", argument, attempts: 2 });
    await system().settled();
    expect(await resting.cancel()).toBe(true);
    await system().clock.advance(100);
    await system().settled();
    expect(await counter.call("count")).toBe(1);
  });

  test("S16.6: a task waits for a name that nobody has, or is refused", async () => {
    const name = freshName();
    const refused = system().submit({ to: name, call: "echo", whenNobody: "refuse" });
    expect([await codeOf(refused.accepted()), await codeOf(refused.result())]).toEqual(["noproc", "noproc"]);
    const waiting = system().submit({ to: name, call: "echo", argument: "came" });
    await system().settled();
    await place.spawn(system(), puppet, undefined, { name });
    expect(await waiting.result()).toBe("came");
  });

  /** An agent that declares that it can do something. */
  async function ableAgent(capability: string): Promise<Ref> {
    const agent = await place.spawn(system(), puppet, undefined);
    await agent.call("run", ["declare", { capabilities: [{ name: capability }] }]);
    await system().settled();
    return agent;
  }

  const held = (all: readonly Ref[]) => Promise.all(all.map((agent) => agent.call("openCalls")));

  test("S16.6: a task for a capability goes to the agent with the fewest tasks in hand", async () => {
    const capability = freshName();
    const agents = [await ableAgent(capability), await ableAgent(capability), await ableAgent(freshName())];
    const [first] = agents as [Ref];
    system().submit({ to: first, call: "hold" });
    const task = system().submit({ capability, call: "hold", concurrency: 2 });
    await system().settled();
    expect(await held(agents)).toEqual([1, 1, 0]);
    for (let n = 0; n < 3; n++) system().submit({ capability, call: "hold", concurrency: 2 });
    await system().settled();
    expect(await held(agents)).toEqual([2, 2, 0]);
    await answer(agents[1] as Ref, "the second");
    expect(await task.result()).toBe("the second");
    await system().settled();
    expect(await held(agents)).toEqual([2, 2, 0]);
  });

  test("S16.6: it waits for somebody to declare it, or is refused", async () => {
    const capability = freshName();
    const refused = system().submit({ capability, call: "echo", whenNobody: "refuse" });
    expect([await codeOf(refused.accepted()), await codeOf(refused.result())]).toEqual(["noproc", "noproc"]);
    const waiting = system().submit({ capability, call: "echo", argument: "came" });
    await system().settled();
    await ableAgent(capability);
    expect(await waiting.result()).toBe("came");
  });

  test("S16.6: one that is to wait is accepted when somebody comes, unless its submitter or its time is over by then", async () => {
    const capability = freshName();
    const { cancelled, waiting } = (await system().stats()).tasks;
    const submitter = await place.spawn(system(), puppet, undefined);
    const request: TaskRequest = { capability, call: "run", argument: ["keep", "of the dead"], whenNobody: "wait" };
    await submitter.call("run", ["submitThenStop", request]);
    await system().settled();
    // Also where nobody ever comes.
    expect((await system().stats()).tasks).toMatchObject({ cancelled: cancelled + 1, waiting });
    const late = system().submit({ capability, call: "echo", whenNobody: "wait", deadlineMs: 100 });
    const task = system().submit({ capability, call: "echo", argument: "came", whenNobody: "wait" });
    let isAccepted = false;
    void task.accepted().then(() => (isAccepted = true));
    await system().clock.advance(100);
    await system().settled();
    expect([await codeOf(late.accepted()), await codeOf(late.result())]).toEqual(["deadline", "deadline"]);
    expect(isAccepted).toBe(false);
    const agent = await ableAgent(capability);
    expect(await task.accepted()).toMatch(/^\d+\.\d+$/);
    expect(await task.result()).toBe("came");
    expect(await agent.call("seen")).toEqual([]);
    expect((await system().stats()).tasks.cancelled).toBe(cancelled + 1);
    const next = system().submit({ capability, call: "hold", whenNobody: "wait" });
    expect(await next.accepted()).toMatch(/^\d+\.\d+$/);
    expect(await next.cancel()).toBe(true);
  });

  test("S16.6: when its agent ends another that can do it does it, and one that is paused is passed over", async () => {
    const capability = freshName();
    const agents = [await ableAgent(capability), await ableAgent(capability)] as const;
    await system().pause(agents[0]);
    await system().settled();
    system().submit({ to: agents[1], call: "hold" });
    const more = { attempts: 2, backoff: { minMs: 0 }, concurrency: 2 };
    const task = system().submit({ capability, call: "hold", ...more });
    await system().settled();
    await system().resume(agents[0]);
    expect(await held(agents)).toEqual([0, 2]);
    system().exit(agents[1], "kill");
    await system().settled();
    await answer(agents[0], "the other");
    expect(await task.result()).toBe("the other");
  });

  test("S16.7: an answer gets through while there is no scheduler, and what waits goes on with the next", async () => {
    const agent = await busyAgent();
    const held = system().submit({ to: agent, call: "hold" });
    const urgent = system().submit(keep(agent, "urgent", { priority: 9 }));
    const scheduler = system().whereis("system.scheduler") as Ref;
    await system().pause(scheduler);
    await answer(agent);
    await system().settled();
    expect(await agent.call("seen")).toEqual([]);
    system().exit(scheduler, "kill");
    expect(await urgent.result()).toBe(undefined);
    await system().settled();
    const next = system().whereis("system.scheduler") as Ref;
    expect(next).not.toEqual(scheduler);
    await system().pause(next);
    await answer(agent, "without a scheduler");
    expect(await held.result()).toBe("without a scheduler");
    await system().resume(next);
  });

  test("S16.8: what is counted adds up, and what waits is told by destination", async () => {
    await system().settled();
    const before = (await system().stats()).tasks;
    const agent = await busyAgent();
    for (const priority of [0, 9, 9]) system().submit(keep(agent, 1, { priority }));
    const cancelled = system().submit(keep(agent, 2));
    await cancelled.cancel();
    await system().settled();
    const tasks = (await system().stats()).tasks;
    expect(tasks.destinations.find(({ to }) => to === refKey(agent))).toEqual({
      to: expect.any(String),
      waiting: 3,
      running: 1,
      byPriority: [1, 0, 0, 0, 0, 0, 0, 0, 0, 2],
    });
    expect([tasks.waiting - before.waiting, tasks.running - before.running]).toEqual([3, 1]);
    await answer(agent);
    await system().settled();
    const after = (await system().stats()).tasks;
    expect({
      submitted: after.submitted - before.submitted,
      done: after.done - before.done,
      cancelled: after.cancelled - before.cancelled,
      failed: after.failed - before.failed,
      left: after.waiting + after.running - before.waiting - before.running,
    }).toEqual({ submitted: 5, done: 4, cancelled: 1, failed: 0, left: 0 });
  });
});
