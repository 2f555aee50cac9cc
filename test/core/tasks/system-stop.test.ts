/** core/SEMANTICS.md, S16.7: tasks when the system stops, and when nobody can schedule them. Not in every placement: the program submits. */
import { expect, test } from "@jest/globals";
import { startSystem } from "../../../index.ts";
import { puppet } from "../../fixtures/puppet.ts";

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    ({ code }: { code: string }) => code,
  );

test("S16.7: what waits when the system stops fails with shutdown, and nothing can be submitted any more", async () => {
  const system = await startSystem({ threads: 1, clock: "manual", spare: false });
  const agent = await system.spawn(puppet, undefined, { placement: { thread: 1 } });
  const tasks = [
    system.submit({ to: "nobody", call: "echo" }),
    system.submit({ to: agent, call: "hold", attempts: 2 }),
    system.submit({ to: agent, call: "hold" }),
  ];
  await system.settled();
  const codes = Promise.all(tasks.map((task) => codeOf(task.result())));
  await system.stop();
  expect(await codes).toEqual(["shutdown", "shutdown", "shutdown"]);
  expect(() => system.submit({ to: agent, call: "echo" })).toThrow(expect.objectContaining({ code: "not_started" }));
});

test("S16.7: a system without tasks has no scheduler of them", async () => {
  await using system = await startSystem({ threads: 1, clock: "manual", spare: false });
  const before = (await system.actors()).length;
  system.submit({ to: "nobody", call: "echo" });
  await system.settled();
  expect((await system.actors()).map(({ name, position }) => [name, position])).toContainEqual(["system.scheduler", 0]);
  expect(before).toBe(0);
});
