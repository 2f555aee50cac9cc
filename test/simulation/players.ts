/** Who takes part in a run, as the oracles know them: from what was asked of the runtime and what it answered, not from its tables. */
import type { MailboxPolicy } from "../../core/actor/behaviour.ts";
import type { Context } from "../../core/actor/context.ts";
import type { ExitReason } from "../../core/actor/exit-reason.ts";
import { type Ref, type RefData, refKey } from "../../core/actor/ref.ts";

/** How a player's `init` goes. */
export type InitMode = "ok" | "async" | "throw" | "stop" | "ignore";

/** One actor of a run. */
export class Player {
  /** 0 is the guest of main. */
  readonly id: number;
  readonly parent: Player | undefined;
  readonly isServer: boolean;
  readonly init: InitMode;
  readonly capacity: number | undefined;
  readonly policy: MailboxPolicy;
  ref: RefData | undefined;
  /** The name that it was spawned with. */
  bornName: string | undefined;
  ctx: Context | undefined;
  /** It has a cell: before that only frames of its spawner's thread are sure to come behind the spawn. */
  isThere = false;
  initBegan = false;
  isInitialized = false;
  /** A turn is under way: handlers of this actor must not be entered. */
  inTurn = false;
  isDead = false;
  deathTime = Number.POSITIVE_INFINITY;
  /** The same on the system's clock. */
  deathMs = Number.POSITIVE_INFINITY;
  reason: ExitReason | undefined;
  /** Its thread was lost while it lived there, or before it was born. */
  isLost = false;
  /** Its thread was lost, before its death or after. */
  isThreadLost = false;
  traps = false;
  /** It trapped at one time and did not at another. */
  trapsChanged = false;
  /** Reasons that it gave itself, by `stop` or by a throw, as text. */
  readonly ownReasons = new Set<string>();
  /** Reasons of exit signals that were sent to it. */
  readonly sentReasons = new Map<string, Set<number>>();
  /** Calls that it took and did not answer yet. */
  readonly unanswered: { readonly from: { readonly caller: Ref; readonly id: number }; readonly letter: number }[] = [];
  readonly timers: { readonly ref: { readonly id: number }; readonly letter: number }[] = [];
  readonly monitors: number[] = [];
  /** Its monitors of groups, also those that it has ended. */
  readonly groupMonitors: number[] = [];
  /** It called `stop`, or threw: once its turn is over it must be dead. */
  mustEnd = false;
  stashed = 0;
  hasStashed = false;
  /** Due time and number of the timer message that it handled last. */
  lastTimer: readonly [dueMs: number, letter: number] = [-1, -1];

  constructor(
    id: number,
    parent: Player | undefined,
    options: { isServer: boolean; init: InitMode; capacity: number | undefined; policy: MailboxPolicy },
  ) {
    this.id = id;
    this.parent = parent;
    this.isServer = options.isServer;
    this.init = options.init;
    this.capacity = options.capacity;
    this.policy = options.policy;
  }

  get thread(): number {
    return this.ref?.thread ?? -1;
  }

  /** Whether there is a ref to it; its spawn may still be on its way (early-signals.ts). */
  get isKnown(): boolean {
    return this.ref !== undefined;
  }

  /** Its spawner's thread is lost and may have taken the spawn with it. */
  get mayNeverCome(): boolean {
    return !this.isThere && this.parent?.isThreadLost === true;
  }

  get isGone(): boolean {
    return this.isDead || this.isLost;
  }
}

/** All players of a run. */
export class Players {
  readonly all: Player[] = [];
  readonly #byRef = new Map<string, Player>();

  add(player: Player): Player {
    this.all.push(player);
    return player;
  }

  settle(player: Player, ref: RefData): void {
    player.ref = { node: "", thread: ref.thread, slot: ref.slot, generation: ref.generation };
    this.#byRef.set(refKey(player.ref), player);
  }

  of(ref: RefData): Player | undefined {
    return this.#byRef.get(refKey(ref));
  }

  living(): Player[] {
    return this.all.filter((player) => player.id !== 0 && !player.isGone);
  }
}

/** A reason as text that is equal for equal reasons; the stack of an error is no part of it. */
export function reasonKey(reason: unknown): string {
  if (typeof reason === "string") return reason;
  const error = (reason as { error?: { message?: unknown } } | undefined)?.error;
  return error === undefined ? JSON.stringify(reason) : `error ${String(error.message)}`;
}
