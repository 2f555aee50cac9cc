/** Tasks in a store (core/SEMANTICS.md, S21): what does not depend on where anybody is, over runs of a program that crash. */
import { expect, jest, test } from "@jest/globals";
import { pluginFacts, type Ref, type TaskRequest } from "../../../core/index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { store as noStorage } from "../../fixtures/plugins.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { DurableRuns, failureOf, store } from "../../support/durable-runs.ts";

const name = "worker";
const keep = (value: unknown, more: Partial<TaskRequest> = {}): TaskRequest => ({
  to: name,
  call: "run",
  argument: ["keep", value],
  ...more,
});
const runs = new DurableRuns({ scheduler: { store } });
const worker = (): Promise<Ref> => runs.system.spawn(puppet, undefined, { name });
const tasks = async () => (await runs.system.stats()).tasks;

test("S21.8: attempts that have failed count in the next run, and a failure there is told by an event", async () => {
  await runs.start();
  await worker();
  const request: TaskRequest = { to: name, call: "crash", argument: "bad", attempts: 2, backoff: { minMs: 1_000 } };
  const id = await runs.system.submit(request).accepted();
  await runs.system.settled();
  await runs.stop();
  await runs.start();
  await worker();
  // It is told when the store has forgotten the task.
  while (runs.logs.length === 0) await runs.system.settled();
  expect(await tasks()).toMatchObject({ failed: 1 });
  const data = { id, to: "name worker", call: "crash", error: { message: expect.stringContaining("bad") } };
  expect(runs.logs).toMatchObject([["a task of an earlier run failed", data]]);
  await runs.stop();
  await runs.start();
  await runs.system.settled();
  expect(await tasks()).toMatchObject({ submitted: 0 });
});

test("S21.8: a deadline holds in the next run, by the clock on the wall", async () => {
  await runs.start();
  await runs.system.clock.advance(1_000);
  await runs.system.submit(keep("late", { deadlineMs: 300 })).accepted();
  await runs.restart();
  // On a manual clock the time of day begins anew.
  await runs.system.settled();
  while ((await tasks()).submitted === 0) await runs.system.settled();
  await runs.system.clock.advance(1_299);
  expect(await tasks()).toMatchObject({ waiting: 1 });
  await runs.system.clock.advance(1);
  // It is told when the store has forgotten the task.
  while (runs.logs.length === 0) await runs.system.settled();
  expect(runs.logs).toMatchObject([["a task of an earlier run failed", { error: { code: "deadline" } }]]);
});

test("S21.8: what is left when the system stops in order is left for the next run, also what agents had in hand", async () => {
  await runs.start();
  await runs.system.supervise({ children: [{ id: name, start: [puppet, undefined], name }] });
  const held = runs.system.submit({ to: name, call: "hold" });
  const waiting = runs.system.submit({ to: name, call: "hold" });
  await Promise.all([held.accepted(), waiting.accepted()]);
  await runs.system.settled();
  const ends = [failureOf(held.result()), failureOf(waiting.result())];
  await runs.stop();
  for (const end of ends) expect(await end).toMatch(/^(shutdown|noproc|crashed|normal): /);
  await runs.start();
  while ((await tasks()).submitted < 2) await runs.system.settled();
  expect(await tasks()).toMatchObject({ submitted: 2, waiting: 2 });
});

test("S21.8: a task that was cancelled is gone, also while the store is about to have it", async () => {
  await runs.start();
  const first = runs.system.submit(keep("first"));
  await first.accepted();
  expect(await first.cancel()).toBe(true);
  runs.mood = "hang";
  const second = runs.system.submit(keep("second"));
  const refusal = failureOf(second.accepted());
  const cancelled = second.cancel();
  await runs.system.settled();
  runs.mood = "good";
  expect(await cancelled).toBe(true);
  expect(await refusal).toMatch(/^cancelled: /);
  await runs.system.submit(keep("third")).accepted();
  await runs.system.submit(keep("fourth")).accepted();
  await runs.restart();
  expect(await runs.seen(await worker(), 2)).toEqual(["third", "fourth"]);
});

test("S21.8: a cancellation is told when the store has forgotten what it was about to have", async () => {
  await runs.start();
  await runs.system.submit(keep("first")).accepted();
  runs.mood = "hang";
  const task = runs.system.submit(keep("second"));
  let isTold = false;
  const cancelled = task.cancel().then(() => {
    isTold = true;
  });
  await runs.system.settled();
  expect(isTold).toBe(false);
  runs.mood = "good";
  await cancelled;
  expect(await runs.system.call(`plugin.${store}`, "list", { prefix: "mofa.task" })).toHaveLength(1);
});

test("S21.8: runs that begin at the same moment have tasks of their own", async () => {
  jest.spyOn(Date, "now").mockReturnValue(1_800_000_000_000);
  try {
    const first = await runs.start();
    const mine = await first.submit(keep("mine")).accepted();
    await runs.start();
    const yours = await runs.system.submit(keep("yours")).accepted();
    expect(yours).not.toBe(mine);
    expect(await failureOf(first.submit(keep("late")).accepted())).toMatch(/^(storage_failed|version_conflict): /);
    await first.stop();
    expect(new Set(await runs.seen(await worker(), 2))).toEqual(new Set(["mine", "yours"]));
  } finally {
    jest.restoreAllMocks();
  }
});

test("S21.8: what waits for somebody is accepted, and stored, when there is one", async () => {
  await runs.start();
  const task = runs.system.submit({ to: name, call: "hold", whenNobody: "wait" });
  await runs.system.settled();
  expect(await runs.system.call(`plugin.${store}`, "list", { prefix: "mofa.task" })).toEqual([]);
  await worker();
  const id = await task.accepted();
  await runs.restart();
  while ((await tasks()).submitted === 0) await runs.system.settled();
  expect(id).toMatch(/^[0-9a-z]+-\d{12}$/);
});

test("S21.9: there is no acceptance before the store runs, and what an earlier run has left waits for it", async () => {
  await runs.start();
  await runs.system.submit(keep("left")).accepted();
  await runs.crash();
  await runs.start({}, false);
  const agent = await worker();
  const early = runs.system.submit(keep("early"));
  expect(await failureOf(early.accepted())).toMatch(/^plugin_missing: no plugin "moody-store" runs: start it/);
  expect(await failureOf(early.result())).toMatch(/^plugin_missing: /);
  await runs.startStore();
  expect(await runs.seen(agent, 1)).toEqual(["left"]);
});

test("S21.9: what could not be read is read when it can be, though nobody submits anything", async () => {
  await runs.start();
  await runs.system.submit(keep("left")).accepted();
  await runs.crash();
  runs.mood = "refuse";
  await runs.start();
  const agent = await worker();
  while (runs.logs.length === 0) await runs.system.settled();
  await runs.system.clock.advance(3_000);
  await runs.system.settled();
  expect(runs.logs).toMatchObject([
    ["tasks of an earlier run could not be read", { error: { code: "storage_failed" } }],
  ]);
  runs.mood = "good";
  await runs.system.clock.advance(1_000);
  expect(await runs.seen(agent, 1)).toEqual(["left"]);
});

test("S21.9: a plugin that provides no storage is named", async () => {
  await runs.start({ scheduler: { store: pluginFacts(noStorage).name } }, false);
  await runs.system.startPlugins([noStorage]);
  expect(await failureOf(runs.system.submit(keep(1)).accepted())).toMatch(
    /^plugin_missing: plugin ".*" does not provide storage 0.1.0/,
  );
});

test("S21.9: a store in memory will do, as long as its plugin lives", async () => {
  await runs.start({ scheduler: { store: "storage-memory" } }, false);
  await runs.system.startPlugins([storageMemory]);
  const agent = await worker();
  expect(await runs.system.submit({ to: name, call: "echo", argument: 1 }).result()).toBe(1);
  expect(await runs.seen(agent, 0)).toEqual([]);
});

test("S21.10: durable is for a scheduler with a store, and a schedule for a ref is refused at once", async () => {
  await runs.start({ scheduler: {} }, false);
  expect(await failureOf(runs.system.submit(keep(1, { durable: true })).accepted())).toMatch(
    /^bad_argument: submit: durable is for a scheduler with a store/,
  );
  await runs.stop();
  await runs.start();
  const agent = await worker();
  expect(await failureOf(runs.system.schedule("* * * * *", keep(1, { to: agent })))).toMatch(
    /^bad_argument: .*got the ref/,
  );
  await expect(runs.system.schedule("* * * * *", keep(1))).resolves.toBeDefined();
});

test("S21.11: system.scheduler may be killed at any moment", async () => {
  await runs.start();
  const agent = await worker();
  const accepted = [];
  for (let n = 0; n < 200; n++) {
    accepted.push(runs.system.submit(keep(n)).accepted());
    const scheduler = runs.system.whereis("system.scheduler");
    if (n % 20 === 0 && scheduler !== undefined) runs.system.exit(scheduler, "kill");
    if (n % 10 === 0) await accepted.at(-1);
  }
  await Promise.all(accepted);
  expect(new Set(await runs.seen(agent, 200))).toEqual(new Set(Array.from({ length: 200 }, (_, n) => n)));
  await runs.system.settled();
  await runs.stop();
  await runs.start();
  await runs.system.settled();
  expect(await tasks()).toMatchObject({ submitted: 0 });
});

test.each([
  ["text", /^bad_argument: startSystem: scheduler wants an object with store, got "text"/],
  [{ stores: "x" }, /^bad_argument: startSystem: scheduler: there is no "stores"; it takes store/],
  [{ store: "No Plugin" }, /^bad_argument: scheduler.store is the name of a storage plugin.*got "No Plugin"/],
])("startSystem refuses scheduler: %j", async (scheduler, text) => {
  expect(await failureOf(runs.start({ scheduler: scheduler as never }))).toMatch(text);
});
