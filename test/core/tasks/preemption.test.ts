/** core/SEMANTICS.md, S16.11, on real threads and by real time: tasks make way whose turns hold their thread. */
import { expect, test } from "@jest/globals";
import type { Ref, TaskRequest } from "../../../core/index.ts";
import { interruptible, surviving } from "../../fixtures/interruptible.ts";
import { NamedPipe } from "../../support/named-pipe.ts";
import { macrotask } from "../../support/simulated-tree.ts";
import { useSystem } from "../../support/use-system.ts";

const there = { placement: { thread: 1 }, turnLimitMs: Number.POSITIVE_INFINITY } as const;
const system = useSystem({ threads: 1, clock: "system" });

const low = (to: Ref | string, call: string, argument?: unknown): TaskRequest => ({
  to,
  call,
  argument,
  priority: 1,
  preemptible: true,
});

/** Resolves when a turn holds the thread. */
async function held(): Promise<void> {
  while (system().remaining().turns.length === 0) await macrotask();
}

test("S16.11: one that loops is cut down, and the agent goes on with its state", async () => {
  const { preempted, failed } = (await system().stats()).tasks;
  const agent = await system().spawn(surviving, undefined, there);
  // Its second attempt loops as well: it is cancelled then.
  const looping = system().submit(low(agent, "loop"));
  await held();
  const high = system().submit({ to: agent, call: "count", priority: 5 });
  expect(await high.result()).toBe(1);
  await held();
  expect(await looping.cancel()).toBe(true);
  expect(await system().submit({ to: agent, call: "count" }).result()).toBe(2);
  expect((await system().stats()).tasks).toMatchObject({ preempted: preempted + 1, failed });
  expect(await agent.call("notes")).toEqual(["interrupted: preempted, at 1", "interrupted: cancelled, at 2"]);
});

test("S16.11: without the hook a supervised agent is started again, and does the other task first", async () => {
  const name = "supervised looper";
  const { preempted } = (await system().stats()).tasks;
  await system().supervise({ intensity: 10, children: [{ id: name, start: [interruptible], name, ...there }] });
  const former = system().whereis(name);
  const looping = system().submit(low(name, "loop"));
  await held();
  const high = system().submit({ to: name, call: "echo", argument: "done", priority: 5 });
  expect(await high.result()).toBe("done");
  expect(system().whereis(name)).not.toEqual(former);
  await held();
  await looping.cancel();
  expect(await system().submit({ to: name, call: "echo", argument: "again" }).result()).toBe("again");
  expect((await system().stats()).tasks.preempted).toBe(preempted + 1);
});

test("S16.11: an agent without both comes to the end of its turn", async () => {
  const { preempted } = (await system().stats()).tasks;
  const agent = await system().spawn(interruptible, undefined, there);
  using pipe = new NamedPipe();
  const reading = system().submit(low(agent, "read", pipe.path));
  await pipe.isRead();
  const high = system().submit({ to: agent, call: "echo", argument: "next", priority: 5 });
  await high.accepted();
  pipe.release();
  expect([await reading.result(), await high.result()]).toEqual([undefined, "next"]);
  const spinning = system().submit(low(agent, "spin", 2_500));
  await held();
  const second = system().submit({ to: agent, call: "echo", argument: "next", priority: 5 });
  expect([await spinning.result(), await second.result()]).toEqual([1, "next"]);
  expect((await system().stats()).tasks.preempted).toBe(preempted);
});
