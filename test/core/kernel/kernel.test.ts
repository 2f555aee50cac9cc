/** Simulated threads, not real ones: the claims here are about one kernel, and about two that exchange frames. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { defineActor, defineServer } from "../../../core/index.ts";
import { FrameKind } from "../../../core/kernel/frame-kind.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

export const counter = defineServer({
  init: (start: number) => ({ n: start }),
  calls: { get: (s) => s.n, add: (s, by: number) => (s.n += by), nothing: () => undefined },
  casts: { add: (s, by: number) => void (s.n += by) },
});

export const echo = defineActor({
  init: () => ({}),
  receive: (_s, m: { from: never; n: number }, ctx) => ctx.send(m.from, { type: "echo", n: m.n }),
});

test("a call is answered on the same thread", async () => {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const ref = kernel.guest.ctx!.spawn(counter, 5);
  const added = ref.call("add", 2);
  ref.cast("add", 10);
  const got = ref.call("get");
  const nothing = ref.call("nothing");
  system.settle();
  expect([await added, await got, await nothing]).toEqual([7, 17, undefined]);
});

test("a call is answered by another thread, whose module is loaded first", async () => {
  const system = new SimulatedSystem(1, 2);
  const kernel = system.kernel(0);
  const ref = kernel.guest.ctx!.spawn(counter, 5, { placement: { thread: 1 } });
  const added = ref.call("add", 2);
  for (let i = 0; i < 50; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  expect(await added).toBe(7);
  expect(ref.thread).toBe(1);
});

test("killing an actor on another thread gives its monitor a down", async () => {
  const system = new SimulatedSystem(1, 2);
  const ctx = system.kernel(0).guest.ctx!;
  const { ref } = ctx.spawnMonitor(counter, 5, { placement: { thread: 1 } });
  for (let i = 0; i < 20; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  ctx.exit(ref, "kill");
  system.settle();
  expect(system.guestMessages.map((m) => m.message)).toMatchObject([{ type: "down", reason: "killed" }]);
});

test("a call that is faster than a spawn which then fails is answered with noproc, once its failure is known", async () => {
  const system = new SimulatedSystem(1, 3);
  const hidden = defineActor({ receive: () => undefined });
  const ref = system.kernel(1).guest.ctx!.spawn(hidden, undefined, { placement: { thread: 2 } });
  const call = system
    .kernel(0)
    .guest.ctx!.call(ref, "get", undefined, { timeoutMs: Number.POSITIVE_INFINITY })
    .catch((error: { code: string }) => error.code);
  for (let i = 0; i < 50; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  expect(system.kernel(0).calls.open).toBe(0);
  expect(await call).toBe("noproc");
});

test("no two kinds of frame have the same number", () => {
  const numbers = Object.values(FrameKind);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test.each([0, 1])(
  "a spawn on thread %i of what only looks like a behaviour is refused, and counts nowhere",
  (thread) => {
    const kernel = new SimulatedSystem(1, 2).kernel(0);
    const init = () => undefined;
    for (const fake of [
      { kind: "behaviour" },
      { kind: "behaviour", options: {}, modules: [], handlers: { init } },
      { kind: "behaviour", options: {}, handlers: { init, receive: init } },
      { kind: "behaviourRef" },
      undefined,
    ]) {
      const spawn = () => kernel.guest.ctx!.spawn(fake as never, undefined, { placement: { thread } });
      expect(spawn).toThrow(expect.objectContaining({ code: "bad_argument" }));
    }
    expect([kernel.memory.actors(0), kernel.memory.actors(1), kernel.lifecycle.living]).toEqual([0, 0, 0]);
  },
);

export const hasty = defineServer({
  init: () => ({}),
  calls: {
    /** Answers itself before its handler returns. */
    now: (_s, _none: undefined, ctx) => {
      ctx.reply(ctx.from!, "now");
      return ctx.noReply;
    },
    refused: (_s, _none: undefined, ctx) => {
      ctx.replyError(ctx.from!, { code: "no", message: "no" });
      return ctx.noReply;
    },
    soon: async (_s, _none: undefined, ctx) => {
      const from = ctx.from!;
      await Promise.resolve();
      ctx.reply(from, "soon");
      return ctx.noReply;
    },
  },
});

test("a call that its server has answered before its turn ended is not kept as an open one", async () => {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const ref = kernel.guest.ctx!.spawn(hasty);
  const forEver = { timeoutMs: Number.POSITIVE_INFINITY };
  const answers = [
    ref.call("now", undefined, forEver),
    ref.call("refused", undefined, forEver).catch((error: { code: string }) => error.code),
    ref.call("soon", undefined, forEver),
  ];
  for (let i = 0; i < 10; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  expect(await Promise.all(answers)).toEqual(["now", "no", "soon"]);
  expect(kernel.cellOf(ref)?.extra?.openCalls?.size ?? 0).toBe(0);
});

export const watchman = defineServer({
  init: (_none: undefined, ctx) => {
    ctx.watch({ capability: "anything" });
    return {};
  },
});

test("nothing of a watch is kept when its watcher has ended", async () => {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const cells = Array.from({ length: 20 }, () => {
    const ref = kernel.guest.ctx!.spawn(watchman);
    system.settle();
    const cell = new WeakRef(kernel.cellOf(ref)!);
    kernel.guest.ctx!.exit(ref, "kill");
    system.settle();
    return cell;
  });
  await new Promise(setImmediate);
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  expect(cells.filter((cell) => cell.deref() !== undefined).length).toBeLessThan(cells.length / 2);
});

test("the context of init is that of every turn: who keeps something beside it finds it again", () => {
  const system = new SimulatedSystem(1, 1);
  const { ctx } = system.kernel(0).guest;
  const seen: boolean[] = [];
  const keeper = defineActor({
    init: (_none: undefined, own) => own,
    receive: (kept, _message: string, own) => void seen.push(kept === own),
  });
  const ref = ctx!.spawn(keeper);
  system.settle();
  ref.send("any");
  system.settle();
  expect(seen).toEqual([true]);
});

export const sink = defineActor({ receive: () => undefined });

test("what goes to another thread leaves after 32 turns, and does not wait for the end of the drain", async () => {
  const system = new SimulatedSystem(1, 2);
  const kernel = system.kernel(0);
  const ctx = kernel.guest.ctx!;
  const far = ctx.spawn(sink, undefined, { placement: { thread: 1 } });
  for (let i = 0; i < 20; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  const waiting: number[] = [];
  const sender = defineActor({
    receive: (_state: undefined, message: number, own) => {
      own.send(far, message);
      waiting.push(kernel.peers.waiting);
    },
  });
  const senders = Array.from({ length: 100 }, () => ctx.spawn(sender));
  system.settle();
  for (const [number, one] of senders.entries()) one.send(number);
  system.settle();
  expect([waiting.length, Math.max(...waiting)]).toEqual([100, 32]);
});

test("an actor that ends itself in an async continue leaves no open turn", async () => {
  const system = new SimulatedSystem(1, 1);
  const kernel = system.kernel(0);
  const brief = defineServer({
    init: (_none: undefined, own) => own.continue(undefined),
    continue: async (_state, _argument, own) => {
      own.exit(own.self, "kill");
      await Promise.resolve();
    },
  });
  kernel.guest.ctx!.spawn(brief);
  for (let i = 0; i < 5; i++) {
    system.settle();
    await new Promise(setImmediate);
  }
  expect([kernel.lifecycle.living, kernel.asyncTurns.size, kernel.asyncTurns.isIdle]).toEqual([0, 0, true]);
});

test("kernel work that an actor's stack has ended in is over by the next drain: what comes then can be cut", () => {
  const system = new SimulatedSystem(1, 1);
  const { guest, scheduler } = system.kernel(0);
  const ref = guest.ctx!.spawn(counter, 5);
  scheduler.enter();
  ref.cast("add", 1);
  system.settle();
  expect(scheduler.isCommitting).toBe(false);
});
