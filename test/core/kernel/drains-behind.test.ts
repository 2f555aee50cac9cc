/**
 * When the next drain runs in the microtasks behind one (core/kernel/scheduler.ts), and when it comes by the port: one kernel
 * with a host that counts what it posts. On one thread by its nature, so placements do not matter here.
 */
import { expect, test } from "@jest/globals";
import { defineServer, type RefData } from "../../../core/index.ts";
import { startLoneKernel } from "../../support/lone-kernel.ts";

const nextLoop = () => new Promise(setImmediate);

const adder = defineServer({ init: () => ({ total: 0 }), calls: { add: (state, by: number) => (state.total += by) } });

interface Turns {
  readonly adder: RefData;
  readonly calls: number;
  readonly drains?: () => number;
}

const caller = defineServer({
  calls: {
    callEach: async (_s, { adder: to, calls }: Turns, ctx) => {
      for (let n = 0; n < calls; n++) await ctx.call(to, "add", 1);
      return await ctx.call(to, "add", 0);
    },
    /** How many drains there were while the code behind an answer came to its end, by so many microtasks. */
    drainsBetween: async (_s, { adder: to, calls, drains = () => 0 }: Turns, ctx) => {
      await ctx.call(to, "add", 1);
      const before = drains();
      // There is something to do for one.
      ctx.send(to, "nothing");
      for (let n = 0; n < calls; n++) await Promise.resolve();
      return drains() - before;
    },
    /** Its answers are taken by no turn. */
    callUnawaited: (_s, { adder: to, calls }: Turns, ctx) => {
      const again = (left: number): unknown => left > 0 && ctx.call(to, "add", 1).then(() => again(left - 1));
      again(calls);
    },
  },
});

function runningKernel(options?: Parameters<typeof startLoneKernel>[0]) {
  const { kernel, ctx, count } = startLoneKernel(options);
  return { kernel, count, spawnAdder: () => ctx.spawn(adder), spawnCaller: () => ctx.spawn(caller) };
}

/** Posts that a hundred calls took, each awaited before the next, beyond what beginning and end of the turn take. */
async function postsOfCalls(options?: Parameters<typeof runningKernel>[0]): Promise<number> {
  const { count, spawnAdder, spawnCaller } = runningKernel(options);
  const [to, by] = [spawnAdder(), spawnCaller()];
  await by.call("callEach", { adder: to, calls: 1 });
  const before = count.posts;
  expect(await by.call("callEach", { adder: to, calls: 100 })).toBe(101);
  return count.posts - before;
}

test("calls that a turn awaits one by one take no message of the port", async () => {
  expect(await postsOfCalls()).toBeLessThan(5);
});

test("after 500 of them the thread is given back, also where the clock stands still", async () => {
  const { count, spawnAdder, spawnCaller } = runningKernel();
  const [to, by] = [spawnAdder(), spawnCaller()];
  await by.call("callEach", { adder: to, calls: 5_000 });
  expect(count.posts).toBeGreaterThan(5);
});

test("where the host cannot tell what is behind, each takes one", async () => {
  expect(await postsOfCalls({ hasBehind: false })).toBeGreaterThanOrEqual(100);
});

test("on a thread whose turns cannot be cut they take none either", async () => {
  expect(await postsOfCalls({ isCuttable: false })).toBeLessThan(5);
});

test("the next drain comes when no microtask is left: whatever has an answer has come to where it waits again", async () => {
  const { kernel, spawnAdder, spawnCaller } = runningKernel();
  const [to, by] = [spawnAdder(), spawnCaller()];
  expect(await by.call("drainsBetween", { adder: to, calls: 100, drains: () => kernel.scheduler.drains })).toBe(0);
});

test("a promise that no turn waits for has its next drain behind as well", async () => {
  const { count, kernel, spawnAdder, spawnCaller } = runningKernel();
  const [to, by] = [spawnAdder(), spawnCaller()];
  await by.call("callUnawaited", { adder: to, calls: 100 });
  do await nextLoop();
  while (kernel.calls.open > 0);
  expect(count.posts).toBeLessThan(5);
});
