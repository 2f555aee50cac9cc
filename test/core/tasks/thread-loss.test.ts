/** core/SEMANTICS.md, S16.1 and S16.4: tasks and the loss of a thread. Its subjects are on the thread that is lost. */
import { expect, test } from "@jest/globals";
import type { Ref } from "../../../core/index.ts";
import { puppet } from "../../fixtures/puppet.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem();
const other = { thread: 1 } as const;

/** The agent answers what it holds, once it holds something. */
async function answer(name: string, value: unknown): Promise<void> {
  await system().settled();
  await (system().whereis(name) as Ref).call("run", ["answer", value]);
}

test("S16.4: a task whose agent is lost with its thread is tried again by the next of its name", async () => {
  const child = { id: "agent", start: [puppet], name: "lost agent", placement: other } as const;
  await system().supervise({ intensity: 10, children: [child] });
  const task = system().submit({ to: "lost agent", call: "hold", attempts: 2, backoff: { minMs: 50 } });
  const single = system().submit({ to: "lost agent", call: "hold" });
  await system().settled();
  await system().terminateThread(1);
  await system().settled();
  const { retried } = (await system().stats()).tasks;
  await system().clock.advance(50);
  await answer("lost agent", "single");
  await answer("lost agent", "tried again");
  expect([await task.result(), await single.result()]).toEqual(["tried again", "single"]);
  expect((await system().stats()).tasks.retried).toBe(retried + 1);
});

test("S16.4: without another attempt it has failed", async () => {
  const agent = await system().spawn(puppet, undefined, { placement: other });
  const task = system().submit({ to: agent, call: "hold" });
  await system().settled();
  await system().terminateThread(1);
  await expect(task.result()).rejects.toMatchObject({ code: "thread_lost" });
});

test("S16.1: a task is done though its submitter is lost with its thread", async () => {
  const agent = await system().spawn(puppet, undefined, { placement: { thread: 2 } });
  const submitter = await system().spawn(puppet, undefined, { placement: other });
  await submitter.call("run", ["submitOnly", { to: agent, call: "hold" }]);
  await submitter.call("run", ["submitOnly", { to: agent, call: "run", argument: ["keep", "of the lost"] }]);
  await system().settled();
  await system().terminateThread(1);
  await agent.call("run", ["answer", "to nobody"]);
  await system().settled();
  expect(await agent.call("seen")).toEqual(["of the lost"]);
});
