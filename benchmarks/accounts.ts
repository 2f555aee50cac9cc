/** An event-sourced actor whose history a benchmark writes by the store's own calls. */
import { defineEventSourced } from "../actors/index.ts";

export interface Paid {
  readonly paid: number;
  readonly by: string;
}

export const account = defineEventSourced({
  journal: (name: string) => name,
  empty: () => ({ balance: 0 }),
  apply(state, { paid }: Paid) {
    state.balance += paid;
  },
  calls: { balance: ({ balance }) => balance },
});
