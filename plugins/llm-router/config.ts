/** The configuration of what `routeModels` makes. */
import { choiceKey, configSchema, countKey, type ModelLimits, relayLimits, textKey } from "../../core/index.ts";
import { type BudgetTable, budgetsKey } from "./budget-table.ts";
import { type Prices, pricesKey } from "./prices.ts";

export interface RouterConfig extends Omit<ModelLimits, "silenceTimeoutMs"> {
  /** How often one model is asked for one answer, before the next one is. Default 2. */
  readonly attempts: number;
  /** Before it is asked again, then twice as long each time, half of it by chance; where the provider has said when, then. Default 200. */
  readonly backoffMs: number;
  /** No longer: a model that wants more is passed over. Default 10,000. */
  readonly backoffMaxMs: number;
  /** Of a hundred answers so many may be asked for again, or beside, and ten more at first: when everything fails, no more than that comes on top. Default 20. */
  readonly retryPercent: number;
  /** After so many failures in a row that are the model's own, it is passed over. Default 5. */
  readonly breakAfter: number;
  /** For so long; then one answer tries it. Default 30,000. */
  readonly breakMs: number;
  /**
   * What becomes of an answer that fails behind its first deltas. `fail`: that. `again`: it is asked for anew, and a delta `again` says that
   * what came is void. Default `fail`.
   */
  readonly midStream: "fail" | "again";
  /** Who has not begun to answer after so long has the next one asked beside it, and so on: the first to begin answers, the others are given up. 0: never. Default 0. */
  readonly hedgeAfterMs: number;
  /** How long an answer waits for its turn by the limits of a route, before the next one is asked. Default 10,000. */
  readonly rateWaitMaxMs: number;
  /** What models cost, by their names: of a million tokens each, `{ input, output, cachedInput }`. Default none. */
  readonly prices: Prices;
  /** Of all prices, and of money in budgets. Default `USD`. */
  readonly currency: string;
  /** Limits of budgets by their keys, `{ tokens, money }`, which hold in the place of those that `setBudget` would set. Default none. */
  readonly budgets: BudgetTable;
  /** So much output is reserved of a request's budgets at a time, where it says no `maxOutputTokens`, or comes to more than that. Default 1,024. */
  readonly reserveOutputTokens: number;
}

export const routerConfig = configSchema<RouterConfig>({
  ...relayLimits,
  attempts: countKey(2, 1, 100),
  backoffMs: countKey(200, 0),
  backoffMaxMs: countKey(10_000, 0),
  retryPercent: countKey(20, 0, 1_000),
  breakAfter: countKey(5, 1),
  breakMs: countKey(30_000, 1),
  midStream: choiceKey("fail", ["fail", "again"]),
  hedgeAfterMs: countKey(0, 0),
  rateWaitMaxMs: countKey(10_000, 0),
  prices: pricesKey,
  currency: textKey("USD", /^[A-Z]{3}$/, "is a currency's three capital letters, as USD"),
  budgets: budgetsKey,
  reserveOutputTokens: countKey(1_024, 1),
});
