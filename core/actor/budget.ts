/**
 * What one actor may use before it is ended for it: `budget` of a spawn, a behaviour, a child spec (SEMANTICS S10).
 *
 * Its other budgets are options of their own: `turnLimitMs`, and `heapMb`, which asks for a thread or a process.
 */
import { describe, RuntimeError } from "../errors.ts";

/** Each bound from 1; `Infinity`: none, also where the behaviour has one. Default: the behaviour's, else none. */
export interface Budget {
  /** Messages that may stand in its mailbox: one more ends it. In the place of `mailboxCapacity` and `mailboxPolicy`, after which it lives on. */
  readonly mailbox?: number;
  /** Calls, tasks, starts, registrations and sends that wait, all of its own, which may be under way at once: one more ends it. */
  readonly openTasks?: number;
  /** Milliseconds that its `init` may take, once it has begun; with `initLater` until `initDone`. */
  readonly initMs?: number;
  /** Milliseconds that its `terminate` may take. */
  readonly terminateMs?: number;
}

/** Longest time but `Infinity`: what a word of shared memory holds. */
const timeMsMax = 2 ** 31 - 1;

const count = {
  wanted: "a whole number from 1, or Infinity for none",
  holds: (value: unknown) =>
    value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) > 0),
};
const time = {
  wanted: "a time in milliseconds from 1, or Infinity for none",
  holds: (value: unknown) =>
    value === Number.POSITIVE_INFINITY || (typeof value === "number" && value >= 1 && value <= timeMsMax),
};
const bounds: Readonly<Record<keyof Budget, typeof count>> = {
  mailbox: count,
  openTasks: count,
  initMs: time,
  terminateMs: time,
};
const names = Object.keys(bounds) as (keyof Budget)[];

/** What is wrong with a budget, as the end of a sentence; undefined: nothing. */
export function budgetFault(budget: unknown): string | undefined {
  if (typeof budget !== "object" || budget === null || Array.isArray(budget))
    return `budget is an object with ${names.join(", ")}, got ${describe(budget)}`;
  for (const [key, value] of Object.entries(budget)) {
    const bound = bounds[key as keyof Budget] as typeof count | undefined;
    if (bound === undefined || !Object.hasOwn(bounds, key))
      return `budget: there is no "${key}"; it takes ${names.join(", ")}`;
    if (value !== undefined && !bound.holds(value)) return `budget.${key} is ${bound.wanted}, got ${describe(value)}`;
  }
  return undefined;
}

export function isBudget(value: unknown): value is Budget {
  return budgetFault(value) === undefined;
}

/** @throws RuntimeError `bad_argument`: no budget, or one of the mailbox beside bounds of another kind. */
export function assertBudget(who: string, budget: unknown, bounds: MailboxBounds): void {
  if (budget === undefined) return;
  const fault = budgetFault(budget);
  if (fault !== undefined) throw new RuntimeError("bad_argument", `${who}: ${fault}`);
  if (!isMailboxBoundTwice(budget as Budget, bounds)) return;
  throw new RuntimeError(
    "bad_argument",
    `${who}: budget.mailbox ends an actor at its bound, and mailboxCapacity and mailboxPolicy let it live on there: leave out one of the two`,
  );
}

/** The bounds of a mailbox that say what happens there to a message. */
export interface MailboxBounds {
  readonly mailboxCapacity?: unknown;
  readonly mailboxPolicy?: unknown;
}

export function isMailboxBoundTwice(budget: Budget, { mailboxCapacity, mailboxPolicy }: MailboxBounds): boolean {
  return budget.mailbox !== undefined && (mailboxCapacity !== undefined || mailboxPolicy !== undefined);
}

/** A copy without what is not set, frozen. */
export function plainBudget(budget: Budget): Budget {
  return Object.freeze(
    Object.fromEntries(names.flatMap((name) => (budget[name] === undefined ? [] : [[name, budget[name]]]))),
  );
}
