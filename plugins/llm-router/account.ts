/**
 * What is known of one budget, as it is stored: its limits, what was spent, and what is reserved for questions under way. Pure:
 * each step gives another account, or says why it cannot be.
 */
import { isRecord } from "./prices.ts";

/** Tokens, and units of money. */
export interface Amount {
  readonly tokens: number;
  readonly units: number;
}

interface Reserved extends Amount {
  /** Behind this time of day nobody is left who would settle it. */
  readonly untilMs: number;
}

export interface Account {
  /** Tokens; undefined: without a limit. */
  readonly tokensMax: number | undefined;
  /** Units; undefined: without a limit. */
  readonly unitsMax: number | undefined;
  readonly spent: Amount;
  /** By the id of each question. */
  readonly reserved: Readonly<Record<string, Reserved>>;
  /** Of its money; undefined: it has none yet. */
  readonly currency: string | undefined;
}

export const none: Amount = { tokens: 0, units: 0 };

export const emptyAccount: Account = {
  tokensMax: undefined,
  unitsMax: undefined,
  spent: none,
  reserved: {},
  currency: undefined,
};

export function sum(one: Amount, other: Amount): Amount {
  return { tokens: counted(one.tokens + other.tokens), units: counted(one.units + other.units) };
}

/** What is more than can be counted is as much as can be. */
export function counted(amount: number): number {
  return Math.min(amount, Number.MAX_SAFE_INTEGER);
}

export function reservedOf({ reserved }: Account, but?: string): Amount {
  return Object.entries(reserved).reduce((all, [id, one]) => (id === but ? all : sum(all, one)), none);
}

/** What may be reserved yet, by that question. Without a limit: Infinity. */
export function leftOf(account: Account, id?: string): Amount {
  const { tokensMax = Number.POSITIVE_INFINITY, unitsMax = Number.POSITIVE_INFINITY, spent } = account;
  const { tokens, units } = sum(spent, reservedOf(account, id));
  return { tokens: tokensMax - tokens, units: unitsMax - units };
}

/** Of one account, which is one value of a store: what routers have reserved that were killed, and what is asked at a time. */
export const reservedMax = 1_000;

/**
 * In the place of what the question had reserved before. What nobody will settle any more is spent, and so are the oldest where
 * they are too many: see `restored`.
 */
export function reserve(account: Account, id: string, amount: Amount, nowMs: number, untilMs: number): Account {
  const others = Object.entries(account.reserved).filter(([other]) => other !== id);
  others.sort(([, one], [, other]) => one.untilMs - other.untilMs);
  const first = others.findIndex(([, one]) => one.untilMs >= nowMs);
  const over = Math.max(first < 0 ? others.length : first, others.length - (reservedMax - 1));
  const spent = others.slice(0, over).reduce((all, [, one]) => sum(all, one), account.spent);
  const open = Object.fromEntries(others.slice(over));
  return { ...account, spent, reserved: { ...open, [id]: { ...amount, untilMs } } };
}

/** What the question had reserved, and was taken for spent meanwhile, is reserved again. */
export function restored(account: Account, id: string, amount: Amount): Account {
  if (Object.hasOwn(account.reserved, id)) return account;
  const { tokens, units } = account.spent;
  const spent = { tokens: Math.max(0, tokens - amount.tokens), units: Math.max(0, units - amount.units) };
  return { ...account, spent, reserved: { ...account.reserved, [id]: { ...amount, untilMs: 0 } } };
}

/** What was used is spent, whatever was reserved. Twice is as good as once. */
export function settle(account: Account, id: string, used: Amount): Account {
  if (!Object.hasOwn(account.reserved, id)) return account;
  const { [id]: _done, ...reserved } = account.reserved;
  return { ...account, spent: sum(account.spent, used), reserved };
}

export function limited(account: Account, { tokensMax, unitsMax }: Pick<Account, "tokensMax" | "unitsMax">): Account {
  return { ...account, tokensMax, unitsMax };
}

/** Of what a store has given. Undefined: it is none. */
export function accountOf(value: unknown): Account | undefined {
  if (!isRecord(value)) return undefined;
  const { tokensMax, unitsMax, spent, reserved, currency } = value;
  const isRight =
    isOptionalCount(tokensMax) &&
    isOptionalCount(unitsMax) &&
    isAmount(spent) &&
    isRecord(reserved) &&
    Object.values(reserved).every(isAmount) &&
    (currency === undefined || typeof currency === "string");
  return isRight ? { ...emptyAccount, ...(value as unknown as Account) } : undefined;
}

function isAmount(value: unknown): value is Amount {
  return isRecord(value) && isCount(value["tokens"]) && isCount(value["units"]);
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function isOptionalCount(value: unknown): boolean {
  return value === undefined || isCount(value);
}
