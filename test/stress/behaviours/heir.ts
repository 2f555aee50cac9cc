/** Watches the holder of a name on another thread, and takes the name when it dies; again and again. */
import {
  type DownMessage,
  defineActor,
  defineServer,
  type From,
  type NoReply,
  type Placement,
} from "../../../index.ts";

/** Holds a name until it is told to end. */
export const holder = defineActor({
  receive: (_s, _message, ctx) => ctx.stop("abdicated"),
});

interface Reign {
  readonly taken: number;
  readonly refused: number;
  readonly stale: number;
  readonly firstRefusal: string;
}

export const heir = defineServer({
  init: ({ name, holders }: { name: string; holders: Placement }) => ({
    name,
    holders,
    rounds: 0,
    taken: 0,
    refused: 0,
    stale: 0,
    firstRefusal: "",
    from: undefined as From | undefined,
  }),
  calls: {
    reign: (s, rounds: number, ctx): Reign | NoReply => {
      s.rounds = rounds;
      s.from = ctx.from;
      ctx.continue("crown");
      return ctx.noReply;
    },
  },
  continue: async (s, _crown, ctx) => {
    const ref = await ctx.start(holder, undefined, { name: s.name, placement: s.holders });
    ctx.unlink(ref);
    ctx.monitor(ref);
    ctx.send(ref, "end");
  },
  info: async (s, message, ctx) => {
    const down = message as DownMessage;
    if (down.type !== "down") return;
    if (ctx.whereis(s.name) !== undefined) s.stale++;
    try {
      await ctx.register(s.name);
      s.taken++;
      await ctx.unregister(s.name);
    } catch (error) {
      s.refused++;
      s.firstRefusal ||= String(error);
    }
    if (s.taken + s.refused < s.rounds) ctx.continue("crown");
    else if (s.from !== undefined) {
      ctx.reply(s.from, { taken: s.taken, refused: s.refused, stale: s.stale, firstRefusal: s.firstRefusal });
    }
  },
});
