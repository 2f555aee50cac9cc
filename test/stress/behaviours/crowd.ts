/** An actor that has a crowd of idle ones on its thread, and asks each of them once. */
import { type AnyApi, defineActor, defineServer, type From, type NoReply, type Ref } from "../../../index.ts";

/** Answers one message with its number. */
export const idler = defineActor({
  init: (n: number) => n,
  receive: (n, asker: Ref, ctx) => ctx.send(asker, n),
});

/** Spawned in one turn before the mail gets its go. */
const batch = 10_000;

export const crowd = defineServer({
  init: () => ({ members: [] as Ref<AnyApi>[], wanted: 0, sum: 0, answers: 0, from: undefined as From | undefined }),
  calls: {
    grow: (s, count: number, ctx): number | NoReply => {
      s.wanted = count;
      s.from = ctx.from;
      ctx.continue("grow");
      return ctx.noReply;
    },
    askEach: (s, _nothing: undefined, ctx): number | NoReply => {
      s.from = ctx.from;
      for (const member of s.members) ctx.send(member, ctx.self);
      return ctx.noReply;
    },
  },
  continue: (s, _what, ctx) => {
    for (let i = 0; i < batch && s.members.length < s.wanted; i++) {
      s.members.push(ctx.spawn(idler, s.members.length) as Ref<AnyApi>);
    }
    if (s.members.length < s.wanted) ctx.continue("grow");
    else if (s.from !== undefined) ctx.reply(s.from, s.members.length);
  },
  info: (s, n, ctx) => {
    s.sum += n as number;
    s.answers++;
    if (s.answers === s.members.length && s.from !== undefined) ctx.reply(s.from, s.sum);
  },
});
