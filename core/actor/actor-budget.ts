/** The budget as a cell carries it (SEMANTICS S10): what is counted and timed, and which time runs now. That of the mailbox stands with its capacity. */
import type { Budget } from "./budget.ts";
import type { ExitReason } from "./exit-reason.ts";

/** Times that are budgets: their names, by what stands in shared memory for the limit of the running turn. */
const timed = ["turnLimitMs", "initMs", "terminateMs"] as const;
export const LimitKind = { turn: 0, init: 1, terminate: 2 } as const;
export type LimitKind = (typeof LimitKind)[keyof typeof LimitKind];

/** Why an actor ends whose time is over. */
export function overTime(kind: LimitKind, ms: number): ExitReason {
  return kind === LimitKind.turn ? { turnLimit: ms } : { budget: { [timed[kind]]: ms } };
}

/** What a bound is that holds nobody. */
export const none = Number.POSITIVE_INFINITY;

/** The budget of one actor, and which of its times runs. */
export class ActorBudget {
  readonly openTasks: number;
  /** By `LimitKind`; 0: for ever. */
  readonly times: readonly [turn: 0, init: number, terminate: number];
  /** Which of both it is in, and since when. */
  phase: LimitKind = LimitKind.turn;
  sinceMs = 0;
  /** When its open turn settled. */
  settledMs = 0;

  constructor({ openTasks = none, initMs = none, terminateMs = none }: Budget) {
    this.openTasks = openTasks;
    this.times = [0, wordOf(initMs), wordOf(terminateMs)];
  }
}

function wordOf(ms: number): number {
  return ms === none ? 0 : Math.ceil(ms);
}
