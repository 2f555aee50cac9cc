/**
 * core/SEMANTICS.md, S16.13: a task for an actor of the submitter's own thread begins there at once. That it has shows in one turn that
 * submits it and then sends a message to the same actor: by way of main the task would come behind that.
 */
import { afterEach, expect, test } from "@jest/globals";
import type { SpawnOptions, TaskRequest } from "../../../core/index.ts";
import { type Ref, startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { flaky, holding, tally } from "../../fixtures/task-agents.ts";
import { NamedPipe } from "../../support/named-pipe.ts";
import { macrotask } from "../../support/simulated-tree.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
type System = Awaited<ReturnType<typeof startSystem>>;
const there = { placement: { thread: 1 } } as const;
let names = 0;

const start = (more: SpawnOptions = {}) => system().spawn(puppet, undefined, { ...there, ...more });
const keep = (to: Ref | string, value: unknown, more: Partial<TaskRequest> = {}): TaskRequest => ({
  to,
  call: "run",
  argument: ["keep", value],
  ...more,
});
const hold = (to: Ref | string, more: Partial<TaskRequest> = {}): TaskRequest => ({ to, call: "hold", ...more });
const answer = (agent: Ref, value: unknown = "answered") => agent.call("run", ["answer", value]);
const resultOf = (submitter: Ref, request: TaskRequest) =>
  submitter.call("run", ["submitTo", request], { timeoutMs: Number.POSITIVE_INFINITY });
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

/** A submitter and an agent on one thread; what threads may do has been told by an earlier task. */
async function two(more: SpawnOptions = {}): Promise<readonly [Ref, Ref]> {
  const pair = [await start(), await start(more)] as const;
  expect(await resultOf(pair[0], { to: pair[1], call: "echo", argument: "first" })).toBe("first");
  return pair;
}

/** What the agent has got, in its order, of a task and of a message that was sent behind it. */
async function order(submitter: Ref, agent: Ref, request: TaskRequest = keep(agent, "task")): Promise<unknown> {
  submitter.cast("runEach", [
    ["submitOnly", request],
    ["send", agent, "message"],
  ]);
  await system().settled();
  return agent.call("seen");
}

const byMain = ["message", "task"];
const atOnce = ["task", "message"];

afterEach(async () => {
  const { waiting, running, discarded } = (await system().stats()).tasks;
  expect({ waiting, running, discarded }).toEqual({ waiting: 0, running: 0, discarded: 0 });
});

test("S16.13: where nothing waits it begins at once, and ends as any other", async () => {
  const [submitter, agent] = await two();
  const { done, submitted } = (await system().stats()).tasks;
  expect(await order(submitter, agent)).toEqual(atOnce);
  expect((await system().stats()).tasks).toMatchObject({ done: done + 1, submitted: submitted + 1 });
  expect(await order(submitter, agent)).toEqual([...atOnce, ...atOnce]);
});

test("S16.13: so it does for whoever has a name", async () => {
  const name = `local ${(names += 1)}`;
  const [submitter, agent] = await two({ name });
  expect(await order(submitter, agent, keep(name, "task"))).toEqual(atOnce);
});

test("S16.2: where a task waits, whoever it is for, main decides", async () => {
  const [submitter, agent] = await two();
  const waiting = system().submit({ to: "nobody at all", call: "hold" });
  await system().settled();
  expect(await order(submitter, agent)).toEqual(byMain);
  expect(await waiting.cancel()).toBe(true);
  expect(await order(submitter, agent)).toEqual([...byMain, ...atOnce]);
});

test("S16.2: nothing comes before what the same thread has submitted, and main has not heard of", async () => {
  const [submitter, agent] = await two();
  submitter.cast("runEach", [
    ["submitOnly", { to: submitter, call: "echo", preemptible: true }],
    ["submitOnly", keep(agent, "task")],
    ["send", agent, "message"],
  ]);
  await system().settled();
  expect(await agent.call("seen")).toEqual(byMain);
  expect(await order(submitter, agent)).toEqual([...byMain, ...atOnce]);
});

test("S16.3: an actor that has one in hand gets no other, whoever has begun the first", async () => {
  const [submitter, agent] = await two();
  for (const first of [submitter, await start(), await system().spawn(puppet)]) {
    const results = [resultOf(first, hold(agent)), resultOf(submitter, hold(agent)), resultOf(first, hold(agent))];
    for (let n = 0; n < 3; n++) {
      await system().settled();
      expect(await agent.call("openCalls")).toBe(1);
      await answer(agent, n);
    }
    expect((await Promise.all(results)).sort((a, b) => Number(a) - Number(b))).toEqual([0, 1, 2]);
  }
  expect(await order(submitter, agent)).toEqual(atOnce);
});

test("S16.3: of what comes from everywhere at the same time it has one in hand", async () => {
  const [submitter, agent] = await two();
  // All in one turn each, so that both threads give what they have at the same time.
  const results = [submitter, await system().spawn(puppet), await start()].flatMap((each) =>
    [0, 1, 2].map(() => resultOf(each, hold(agent))),
  );
  for (let n = 0; n < results.length; n++) {
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    await answer(agent);
  }
  expect(await Promise.all(results)).toEqual(results.map(() => "answered"));
});

test("S16.3: nor of main's while main has not heard of that which its thread has begun", async () => {
  const [, agent] = await two();
  const submitter = await system().spawn(holding, undefined, there);
  using pipe = new NamedPipe();
  const held = submitter.call("submitThenRead", { request: hold(agent), pipe: pipe.path });
  await pipe.isRead();
  const task = system().submit(hold(agent));
  await task.accepted();
  // The scheduler of tasks decides meanwhile.
  for (let n = 0; n < 10; n++) await macrotask();
  pipe.release();
  await held;
  for (let n = 0; n < 2; n++) {
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    await answer(agent, n);
  }
  expect(await task.result()).toBe(1);
});

test("S16.3: what it may have more is given by main", async () => {
  const [submitter, agent] = await two();
  const results = [0, 1, 2].map(() => resultOf(submitter, hold(agent, { concurrency: 2 })));
  await system().settled();
  expect(await agent.call("openCalls")).toBe(2);
  for (const _ of results) {
    await answer(agent);
    await system().settled();
  }
  expect(await Promise.all(results)).toEqual(results.map(() => "answered"));
});

test.each([
  ["that may have to make way", {}, { preemptible: true }],
  ["for an actor with a mailbox of its own", { mailboxCapacity: 5 }, {}],
] as const)("S16.13: a task %s is main's to begin", async (_what, options, more) => {
  const [submitter, agent] = await two(options);
  expect(await order(submitter, agent, keep(agent, "task", more))).toEqual(byMain);
});

test("S16.13: what is to be durable is refused where there is no store", async () => {
  const [submitter, agent] = await two();
  expect(await codeOf(resultOf(submitter, keep(agent, "task", { durable: true })))).toBe("bad_argument");
});

test("S16.4: what the submitter does to its argument behind that concerns nobody", async () => {
  const [, agent] = await two();
  const submitter = await system().spawn(holding, undefined, there);
  expect(await submitter.call("submitThenChange", { to: agent, call: "echo" })).toEqual(new Map([["key", "value"]]));
});

test("S16.13: an actor that is paused has it when it goes on", async () => {
  const [submitter, agent] = await two();
  await system().pause(agent);
  const result = resultOf(submitter, { to: agent, call: "echo", argument: 1 });
  await system().settled();
  await system().resume(agent);
  expect(await result).toBe(1);
});

test("S16.4: another attempt begins with what was submitted, and the submitter's own is as it was", async () => {
  const [submitter] = await two();
  const name = `local ${(names += 1)}`;
  await system().supervise({ intensity: 100, children: [{ id: name, start: [flaky], name, ...there }] });
  const counter = await system().spawn(tally, undefined, there);
  const task = { tally: counter, goodFrom: 3, by: "crash", notes: new Set<number>() } as const;
  const request = { to: name, call: "work", argument: task, attempts: 3, backoff: { minMs: 0 } };
  expect(await resultOf(submitter, request)).toEqual(new Set([3]));
  const single = { ...request, argument: { ...task, goodFrom: 9 }, attempts: 1 };
  expect(await codeOf(resultOf(submitter, single))).toBe("crashed");
});

test("S16.5: it has its deadline, and is cancelled", async () => {
  const [submitter, agent] = await two();
  const late = codeOf(resultOf(submitter, hold(agent, { deadlineMs: 100 })));
  await system().settled();
  expect(await agent.call("openCalls")).toBe(1);
  await system().clock.advance(100);
  expect(await late).toBe("deadline");
  // It is in its hands until it answers.
  const next = submitter.call("run", ["cancelOf", hold(agent)], { timeoutMs: Number.POSITIVE_INFINITY });
  expect(await next).toEqual([true, "cancelled", false]);
  await answer(agent);
  expect(await order(submitter, agent)).toEqual(atOnce);
  const begun = submitter.call("run", ["cancelOf", hold(agent)], { timeoutMs: Number.POSITIVE_INFINITY });
  expect(await begun).toEqual([true, "cancelled", false]);
  expect(await agent.call("openCalls")).toBe(1);
  await answer(agent);
});

test("S16.7: the scheduler may end while it runs, and the next one goes on", async () => {
  const [submitter, agent] = await two();
  const results = [0, 1].map(() => resultOf(submitter, hold(agent)));
  await system().settled();
  for (let n = 0; n < 2; n++) {
    system().exit(system().whereis("system.scheduler") as Ref, "kill");
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    await answer(agent, n);
    await system().settled();
  }
  expect(await Promise.all(results)).toEqual([0, 1]);
  expect(await order(submitter, agent)).toEqual(atOnce);
});

test("S16.4: it fails with its agent", async () => {
  const [submitter, agent] = await two();
  const result = codeOf(resultOf(submitter, hold(agent)));
  await system().settled();
  system().exit(agent, "kill");
  expect(await result).toBe("killed");
  expect(await order(...(await two()))).toEqual(atOnce);
});

test("S16.4: one for an actor that never was fails alone", async () => {
  const to = { node: "", thread: 1, slot: 99_999_999, generation: 0 } as Ref;
  expect(await codeOf(system().submit({ to, call: "echo" }).result())).toBe("noproc");
});

/** The thread is lost in a turn that has submitted, before main hears of that. */
async function lose(request: TaskRequest, on: System = system()): Promise<void> {
  const submitter = await on.spawn(holding, undefined, there);
  using pipe = new NamedPipe();
  submitter.call("submitThenLoop", { request, pipe: pipe.path }).catch(() => undefined);
  await pipe.isRead();
  pipe.release();
  await on.terminateThread(1);
}

test("S16.4: a task for an actor that was lost with its thread fails", async () => {
  const [, agent] = await two();
  await lose(hold(agent));
  await system().settled();
  expect(await codeOf(system().submit(hold(agent)).result())).toBe("noproc");
  expect(await order(...(await two()))).toEqual(atOnce);
});

test("S16.13: who comes in the place of an actor that was lost with its thread gets tasks", async () => {
  await using own = await startSystem({ threads: 1 });
  const name = "in its place";
  await own.supervise({ intensity: 100, children: [{ id: name, start: [puppet], name, ...there }] });
  const echo = { to: name, call: "echo", argument: 1 };
  expect(await resultOf(await own.spawn(puppet, undefined, there), echo)).toBe(1);
  const former = own.whereis(name) as Ref;
  await lose(hold(name), own);
  expect(await own.submit(echo).result()).toBe(1);
  const { generation, slot, thread } = own.whereis(name) as Ref;
  expect(thread).not.toBe(former.thread);
  expect([slot, generation]).toEqual([former.slot, former.generation]);
});

test("S16.3: nor has it more in hand by a task for the one that is lost", async () => {
  const [, lost] = await two();
  await system().terminateThread(1);
  await system().settled();
  const pair = await Promise.all([start(), start(), start(), start(), start(), start()]);
  const agent = pair.find(({ slot, generation }) => slot === lost.slot && generation === lost.generation);
  if (agent === undefined) throw new Error("nobody is in its place");
  const submitter = await start();
  const first = system().submit(hold(agent));
  await system().settled();
  expect(await codeOf(system().submit(hold(lost)).result())).toBe("noproc");
  const second = resultOf(submitter, hold(agent));
  for (let n = 0; n < 2; n++) {
    await system().settled();
    expect(await agent.call("openCalls")).toBe(1);
    await answer(agent, n);
  }
  expect([await first.result(), await second]).toEqual([0, 1]);
});

test("S16.1: its submitter may be gone before it is accepted", async () => {
  const [, agent] = await two();
  const submitter = await start();
  await submitter.call("run", ["submitThenStop", keep(agent, "of the dead")]).catch(() => undefined);
  await system().settled();
  expect(await agent.call("seen")).toEqual(["of the dead"]);
});
