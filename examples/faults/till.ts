/**
 * A till that books sales in a ledger. The ledger outlives the till, and books a sale once, however often it is told of it:
 * so a buyer who got no answer may ask again.
 */
import { defineServer } from "mofa";

export const tillName = "till";
export const ledgerName = "ledger";

export interface Sale {
  readonly id: string;
  readonly cents: number;
}

export const ledger = defineServer({
  init: () => new Map<string, number>(),
  calls: {
    book: (sales, { id, cents }: Sale) => void sales.set(id, cents),
    total: (sales) => ({ sales: sales.size, cents: [...sales.values()].reduce((sum, cents) => sum + cents, 0) }),
  },
});

export const till = defineServer({
  calls: {
    async sell(_: undefined, sale: Sale, ctx) {
      await ctx.call(ledgerName, "book", sale);
      return "sold";
    },
  },
  /** A new price of paper, which it prints on. */
  info(_, message: { readonly paperCents: number }, ctx) {
    ctx.log("debug", `paper is ${message.paperCents}`);
  },
  turnLimitMs: 200,
});
