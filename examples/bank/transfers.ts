/**
 * Transfers between accounts: each is an actor of its own that lives until it is done.
 *
 * It has no code for accounts that do not answer: it crashes with the failed call, and its supervisor starts it again a
 * little later. Its bookings have the same ids then, so what was booked is not booked twice.
 */
import { defineActor, defineServer, type From } from "mofa";
import { accountName } from "./accounts.ts";

export interface Transfer {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly cents: number;
  /** An injected fault: the first account crashes when it has booked. */
  readonly crashes: boolean;
}

export const clerkName = "clerk";

export const transfer = defineActor({
  init(order: Transfer, ctx) {
    ctx.self.send("go");
    return order;
  },
  async receive({ id, from, to, cents, crashes }, _go: unknown, ctx) {
    const isOut = await ctx.call(accountName(from), "book", { id: `${id} out`, cents: -cents, crashes });
    // There may not be enough on it; then nothing is booked at all.
    if (isOut) await ctx.call(accountName(to), "book", { id: `${id} in`, cents });
    ctx.cast(clerkName, "done", { id, isBooked: isOut === true });
    ctx.stop(); // normally: a transient child is not started again
  },
});

interface ClerkState {
  readonly done: Map<string, boolean>;
  asked: { readonly from: From; readonly transfers: number } | undefined;
}

/** Knows which transfers are done. */
export const clerk = defineServer({
  init: (): ClerkState => ({ done: new Map(), asked: undefined }),
  casts: {
    done(state, { id, isBooked }: { id: string; isBooked: boolean }, ctx) {
      state.done.set(id, isBooked);
      if (state.asked?.transfers === state.done.size) ctx.reply(state.asked.from, bookedIn(state));
    },
  },
  calls: {
    /** Answers when so many are done, with the number of those that were booked. */
    allDone(state, transfers: number, ctx) {
      if (state.done.size === transfers) return bookedIn(state);
      if (ctx.from !== undefined) state.asked = { from: ctx.from, transfers };
      return ctx.noReply;
    },
  },
});

function bookedIn({ done }: ClerkState): number {
  return [...done.values()].filter(Boolean).length;
}
