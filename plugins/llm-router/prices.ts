/**
 * What models cost. Money is counted in whole billionths of its currency, rounded up: sums of many small amounts stay exact, and
 * some nine million of a currency fit.
 */
import type { ChatUsage, ConfigKey } from "../../core/index.ts";

/** Of a million tokens each, in the currency of the table. */
export interface Price {
  readonly input: number;
  /** Default 0: of a model that only embeds. */
  readonly output?: number;
  /** Of the input, what the provider had in its cache. Default: as `input`. */
  readonly cachedInput?: number;
}

/** By the names of models, as they are asked for, or as they name themselves. */
export type Prices = Readonly<Record<string, Price>>;

const unitsPerOne = 1e9;
const priceMax = 1e6;
const priceKeys = ["input", "output", "cachedInput"] as const satisfies readonly (keyof Price)[];

export const pricesKey: ConfigKey<Prices> = {
  initial: {},
  isRight: (value) => isRecord(value) && Object.values(value).every(isPrice),
  what: `is prices of a million tokens by models' names, as { "gpt-5": { "input": 1.25, "output": 10, "cachedInput": 0.125 } }, each from 0 to ${priceMax}`,
};

export type TokensUsed = Pick<ChatUsage, "inputTokens"> & Partial<ChatUsage>;

/** More no answer has, nor what was asked. */
const tokensMax = 1e8;

/** Whether it can be counted: providers say what they like. */
export function isCountable(usage: TokensUsed): boolean {
  const { inputTokens, outputTokens = 0, cachedInputTokens = 0 } = usage;
  return [inputTokens, outputTokens, cachedInputTokens].every(
    (tokens) => Number.isSafeInteger(tokens) && tokens >= 0 && tokens <= tokensMax,
  );
}

/** In units of money; what a price has of them is rounded up. */
export function costUnits(price: Price, { inputTokens, outputTokens = 0, cachedInputTokens = 0 }: TokensUsed): number {
  const { input, output = 0, cachedInput = input } = price;
  const cached = Math.min(cachedInputTokens, inputTokens);
  const perMillion = (inputTokens - cached) * input + cached * cachedInput + outputTokens * output;
  // An error of the last binary place is not rounded up to a unit.
  return Math.max(0, Math.ceil(perMillion * (unitsPerOne / 1e6) - 1e-6));
}

/**
 * The most output that so many units pay, behind the input. Below 0: they do not pay the input. Infinity: it costs nothing.
 * It is searched for: a division by a small price gives numbers too large to count in.
 */
export function outputFor(price: Price, inputTokens: number, units: number): number {
  const isPaid = (outputTokens: number) => costUnits(price, { inputTokens, outputTokens }) <= units;
  if (!isPaid(0)) return -1;
  if ((price.output ?? 0) === 0) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let over = tokensMax + 1; over - most > 1; ) {
    const middle = Math.floor((most + over) / 2);
    if (isPaid(middle)) most = middle;
    else over = middle;
  }
  return most;
}

export function unitsOf(amount: number): number {
  return Math.round(amount * unitsPerOne);
}

export function amountOf(units: number): number {
  return units / unitsPerOne;
}

function isPrice(value: unknown): boolean {
  if (!isRecord(value) || !("input" in value)) return false;
  return Object.entries(value).every(
    ([key, price]) =>
      (priceKeys as readonly string[]).includes(key) && typeof price === "number" && price >= 0 && price <= priceMax,
  );
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The price table of one router. */
export class PriceTable {
  readonly #prices: Prices;
  readonly currency: string;

  constructor(prices: Prices, currency: string) {
    this.#prices = prices;
    this.currency = currency;
  }

  /** Of the first of these names that has one. */
  of(...models: readonly (string | undefined)[]): Price | undefined {
    for (const model of models)
      if (model !== undefined && Object.hasOwn(this.#prices, model)) return this.#prices[model];
    return undefined;
  }

  /** The same usage with its cost, where a price is known, and it can be counted. */
  priced<U extends TokensUsed>(usage: U | undefined, ...models: readonly (string | undefined)[]): U | undefined {
    const price = usage && isCountable(usage) ? this.of(...models) : undefined;
    if (price === undefined) return usage;
    return { ...(usage as U), cost: { amount: amountOf(costUnits(price, usage as U)), currency: this.currency } };
  }
}
