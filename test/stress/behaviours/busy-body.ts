/** Does a little of everything in each call, and crashes in one of fifty. */
import { defineActor, defineServer, type Ref } from "../../../index.ts";

const crashEvery = 50;

/** Lives for one message. */
export const mayfly = defineActor({
  receive: (_s, reply: Ref, ctx) => {
    ctx.send(reply, "seen");
    ctx.stop();
  },
});

export const busyBody = defineServer({
  init: (n: number) => ({ n, seen: 0 }),
  calls: {
    work: async (s, round: number, ctx) => {
      if ((round + s.n) % crashEvery === 0) throw new Error(`planned crash of ${s.n} in round ${round}`);
      const fly = ctx.spawn(mayfly, undefined, { placement: "spread" });
      ctx.monitor(fly);
      ctx.send(fly, ctx.self);
      const timer = ctx.sendAfter(60_000, "never");
      const name = `busy-${s.n}`;
      await ctx.register(name);
      await ctx.unregister(name);
      ctx.cancelTimer(timer);
      return s.seen;
    },
  },
  info: (s) => {
    s.seen++;
  },
});
