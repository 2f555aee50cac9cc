/**
 * Accounts whose money survives them: what an account has booked is in the journal before anybody is told, and an account
 * that starts again reads its balance from there.
 *
 * A booking has an id, and is made once however often it is asked for: so whoever got no answer may ask again.
 */
import { defineServer } from "mofa";

export interface Booking {
  readonly id: string;
  /** In cents; what leaves the account is negative. */
  readonly cents: number;
}

export interface BookingRequest extends Booking {
  /** An injected fault: the account crashes when the booking is written and nobody has been told. */
  readonly crashes?: boolean;
}

export const journalName = "journal";

export function accountName(account: number): string {
  return `account ${account}`;
}

/** Here a Map; in earnest a file or a database. */
export const journal = defineServer({
  init: () => new Map<number, Booking[]>(),
  calls: {
    bookings: (accounts, account: number) => [...(accounts.get(account) ?? [])],
    append(accounts, { account, booking }: { account: number; booking: Booking }) {
      accounts.set(account, [...(accounts.get(account) ?? []), booking]);
    },
  },
});

export const account = defineServer({
  async init(number: number, ctx) {
    const bookings = (await ctx.call(journalName, "bookings", number)) as Booking[];
    return {
      number,
      balance: bookings.reduce((sum, { cents }) => sum + cents, 0),
      booked: new Set(bookings.map(({ id }) => id)),
    };
  },
  calls: {
    balance: (state) => state.balance,
    /** Whether it is booked; false: the account has not so much money. */
    async book(state, { id, cents, crashes }: BookingRequest, ctx): Promise<boolean> {
      if (state.booked.has(id)) return true;
      if (state.balance + cents < 0) return false;
      await ctx.call(journalName, "append", { account: state.number, booking: { id, cents } });
      if (crashes) throw new Error(`${id} is written, and nobody knows`);
      state.booked.add(id);
      state.balance += cents;
      return true;
    },
  },
});
