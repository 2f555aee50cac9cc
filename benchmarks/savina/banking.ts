/** Bank transactions: a teller has money sent between 1,000 accounts by chance; each waits for the other's receipt before it serves the next. */
import type { Ref } from "../../index.ts";
import { chance } from "../chance.ts";
import { type Play, type PlayArgument, part } from "./part.ts";

const accounts = 1_000;
const startBalance = 1_000_000;
const amountMax = 1_000;

interface Transfer {
  readonly type: "transfer";
  readonly to: Ref;
  readonly amount: number;
}
type ToAccount =
  | Transfer
  | { readonly type: "deposit"; readonly from: Ref; readonly amount: number }
  | { readonly type: "receipt" }
  | { readonly type: "end" };
type ToTeller = { readonly type: "done" } | { readonly type: "balance"; readonly balance: number };

export const account = part({
  init: (teller: Ref) => ({ teller, balance: startBalance, isWaiting: false, later: [] as Transfer[] }),
  receive(state, message: ToAccount, stage) {
    const send = ({ to, amount }: Transfer) => {
      state.balance -= amount;
      state.isWaiting = true;
      stage.send(to, { type: "deposit", from: stage.self, amount } satisfies ToAccount);
    };
    switch (message.type) {
      case "transfer":
        if (state.isWaiting) state.later.push(message);
        else send(message);
        return;
      case "deposit":
        state.balance += message.amount;
        stage.send(message.from, { type: "receipt" } satisfies ToAccount);
        return;
      case "receipt": {
        state.isWaiting = false;
        stage.send(state.teller, { type: "done" } satisfies ToTeller);
        const next = state.later.shift();
        if (next !== undefined) send(next);
        return;
      }
      case "end":
        stage.send(state.teller, { type: "balance", balance: state.balance } satisfies ToTeller);
        stage.stop();
    }
  },
});

/** The teller. The result is the transfers, if no money is lost. */
export const first = part({
  init({ owner, size }: PlayArgument, stage) {
    const random = chance(size);
    const all = Array.from({ length: accounts }, () => stage.spawn(account, stage.self));
    for (let transfer = 0; transfer < size; transfer += 1) {
      // From the first nine tenths to a later one, as Savina's: no two wait for each other.
      const from = random.below((accounts / 10) * 8);
      const to = from + 1 + random.below(accounts - from - 1);
      const amount = 1 + random.below(amountMax);
      stage.send(all[from] as Ref, { type: "transfer", to: all[to] as Ref, amount } satisfies ToAccount);
    }
    return { owner, all, size, done: 0, balances: 0, sum: 0 };
  },
  receive(state, message: ToTeller, stage) {
    if (message.type === "done") {
      state.done += 1;
      if (state.done < state.size) return;
      for (const one of state.all) stage.send(one, { type: "end" } satisfies ToAccount);
      return;
    }
    state.sum += message.balance;
    state.balances += 1;
    if (state.balances < accounts) return;
    stage.send(state.owner, state.sum === accounts * startBalance ? state.done : Number.NaN);
    stage.stop();
  },
});

export const banking: Play = {
  question: `money goes between ${accounts.toLocaleString("en-US")} accounts, each transfer with a receipt`,
  operation: "transfer",
  size: 50_000,
  expected: (size) => size,
  first,
};
