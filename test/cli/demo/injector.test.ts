/** On main alone, as in the demo: the injector never runs elsewhere. */
import { expect, test } from "@jest/globals";
import type { FaultAnswer, FaultQuestion, TaskFault } from "../../../cli/demo/conversation.ts";
import { injectedLoss, injector } from "../../../cli/demo/injector.ts";
import { defineServer, type ExitReason, type Ref, startSystem } from "../../../index.ts";

async function startInjector() {
  const system = await startSystem({ threads: 1, spare: false });
  const ref = await system.spawn(injector, undefined, { placement: { thread: 0 } });
  const heard: string[] = [];
  const suspect = defineServer({
    init: (name: string) => name,
    casts: { end: (_, reason: ExitReason, ctx) => ctx.stop(reason) },
    info: (name, message: unknown) => {
      const { task, strikes } = message as FaultAnswer;
      heard.push(`${name}: ${strikes ? "strike" : "work"} ${task}`);
    },
  });
  return {
    system,
    ref,
    spawn: (name: string) => system.spawn(suspect, name, { placement: { thread: 0 } }),
    ask: (agent: Ref, task: number, fault: TaskFault) =>
      void ref.cast("ask", { agent, task, fault } satisfies FaultQuestion),
    async end(agent: Ref, reason: ExitReason) {
      await system.settled();
      const { down } = await system.monitor(agent);
      agent.cast("end", reason);
      await down;
      await system.settled();
    },
    async heard() {
      await system.settled();
      return heard.splice(0);
    },
    [Symbol.asyncDispose]: () => system.stop(),
  };
}

const error = { error: { name: "RuntimeError", code: "injected", message: "task 7: injected fault" } };

test.each<[TaskFault, ExitReason, "thrown" | "looped" | "exited" | undefined]>([
  ["throwBefore", error, "thrown"],
  ["throwAfter", error, "thrown"],
  ["loop", { turnLimit: 500 }, "looped"],
  ["loopAfterAwait", { turnLimit: 500 }, "looped"],
  ["regex", { turnLimit: 500 }, "looped"],
  ["exit", { exitCalled: 7 }, "exited"],
  ["allocate", { budget: { heapMb: 64 } }, undefined],
])("%s strikes once, and is counted when its agent has ended by it", async (fault, reason, counted) => {
  await using run = await startInjector();
  const [first, second] = [await run.spawn("first"), await run.spawn("second")];
  run.ask(first, 7, fault);
  expect(await run.heard()).toEqual(["first: strike 7"]);
  expect(await run.ref.call("struck")).toEqual({ thrown: 0, looped: 0, exited: 0 });
  await run.end(first, reason);
  run.ask(second, 7, fault);
  expect(await run.heard()).toEqual(["second: work 7"]);
  const none = { thrown: 0, looped: 0, exited: 0 };
  expect(await run.ref.call("struck")).toEqual(counted === undefined ? none : { ...none, [counted]: 1 });
});

test.each<[TaskFault, ExitReason]>([
  ["loop", { threadLost: "another" }],
  ["throwAfter", { turnLost: "1.2.3" }],
  ["exit", "killed"],
  ["allocate", "shutdown"],
])("%s has not struck an agent that ended %j: the next one meets it", async (fault, reason) => {
  await using run = await startInjector();
  const [first, second] = [await run.spawn("first"), await run.spawn("second")];
  run.ask(first, 7, fault);
  await run.end(first, reason);
  run.ask(second, 7, fault);
  expect(await run.heard()).toEqual(["first: strike 7", "second: strike 7"]);
  expect(await run.ref.call("struck")).toEqual({ thrown: 0, looped: 0, exited: 0 });
});

test("who gets the task before the former's end is known waits for that", async () => {
  await using run = await startInjector();
  const [first, second] = [await run.spawn("first"), await run.spawn("second")];
  run.ask(first, 7, "exit");
  run.ask(second, 7, "exit");
  expect(await run.heard()).toEqual(["first: strike 7"]);
  await run.end(first, { exitCalled: 7 });
  expect(await run.heard()).toEqual(["second: work 7"]);
});

test("a thread's end and a process's are ordered, one at a time, and count for the loss that was ordered alone", async () => {
  await using run = await startInjector();
  const [first, second, third] = [await run.spawn("first"), await run.spawn("second"), await run.spawn("third")];
  const order = run.ref.call("nextOrder");
  run.ask(first, 1, "endThread");
  run.ask(second, 2, "killProcess");
  expect(await order).toMatchObject({ fault: "endThread", agent: first.toJSON() });
  expect(await run.ref.call("nextOrder")).toMatchObject({ fault: "killProcess", agent: second.toJSON() });
  await run.end(first, { threadLost: "another" });
  run.ask(third, 1, "endThread");
  expect(await run.ref.call("nextOrder")).toMatchObject({ fault: "endThread", agent: third.toJSON() });
  await run.end(third, { threadLost: injectedLoss });
  await run.end(second, { processLost: { signal: "SIGKILL" } });
  const last = await run.spawn("last");
  run.ask(last, 1, "endThread");
  run.ask(last, 2, "killProcess");
  expect(await run.heard()).toEqual(["last: work 1", "last: work 2"]);
});
