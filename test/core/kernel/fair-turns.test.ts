/** How many turns an actor has in a row, where they are short and where they are long (core/kernel/scheduler.ts). One kernel, whose clock its actors move. */
import { expect, test } from "@jest/globals";
import { defineActor, defineServer, type RefData } from "../../../core/index.ts";
import { startLoneKernel } from "../../support/lone-kernel.ts";

const nextLoop = () => new Promise(setImmediate);

/** An actor whose turns take so many milliseconds has many messages, beside two that play ping-pong: how many turns in a row it has between theirs. */
async function turnsBetween(turnMs: number): Promise<number[]> {
  const { count, ctx } = startLoneKernel();
  let turns = 0;
  const seen: number[] = [];
  const hog = defineActor({
    receive: () => {
      turns++;
      count.nowMs += turnMs;
    },
  });
  const small = defineActor({
    receive: (_state: undefined, from: RefData, own) => {
      seen.push(turns);
      turns = 0;
      if (seen.length < 5) own.send(from, own.self);
    },
  });
  const [busy, one, two] = [ctx.spawn(hog), ctx.spawn(small), ctx.spawn(small)];
  // All have begun: a first message would come with the actor's beginning.
  await nextLoop();
  for (let n = 0; n < 1_000; n++) ctx.send(busy, n);
  ctx.send(one, two);
  while (seen.length < 5) await nextLoop();
  return seen;
}

test("an actor with short turns has a hundred in a row", async () => {
  expect(await turnsBetween(0)).toEqual([100, 100, 100, 100, 100]);
});

test("one whose turns take a millisecond has 16 before that is seen, and one from then on", async () => {
  expect(await turnsBetween(1)).toEqual([16, 1, 1, 1, 1]);
});

test("where a turn takes a tenth of that, 16: the clock is looked at no more often", async () => {
  expect(await turnsBetween(0.1)).toEqual([16, 16, 16, 16, 16]);
});

test("a drain of long turns gives the thread back in time", async () => {
  const { count, ctx } = startLoneKernel();
  const hog = defineActor({ receive: () => void (count.nowMs += 1) });
  const busy = ctx.spawn(hog);
  for (let n = 0; n < 100; n++) ctx.send(busy, n);
  while (count.nowMs < 100) await nextLoop();
  // 16 until it is seen, 5 in each drain from then on.
  expect(count.posts).toBeGreaterThanOrEqual(15);
});

test("who awaits an answer goes on after some hundred turns of the others, and not at the end of a long drain", async () => {
  const { ctx } = startLoneKernel();
  const seen: number[] = [];
  let turns = 0;
  const player = defineActor({
    receive: (_state: undefined, from: RefData, own) => {
      turns++;
      if (seen.length < 3) own.send(from, own.self);
    },
  });
  const server = defineServer({ calls: { ping: () => "pong" } });
  const caller = defineServer({
    calls: {
      callThrice: async (_state, to: RefData, own) => {
        for (let n = 0; n < 3; n++) {
          turns = 0;
          await own.call(to, "ping");
          seen.push(turns);
        }
      },
    },
  });
  const [one, two, by, to] = [ctx.spawn(player), ctx.spawn(player), ctx.spawn(caller), ctx.spawn(server)];
  ctx.send(one, two);
  await by.call("callThrice", to);
  for (const between of seen) expect(between).toBeLessThanOrEqual(1_024);
});
