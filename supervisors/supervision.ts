/** What both kinds of supervisor share while they run, and how the supervisor drives either of them. */
import {
  type Context,
  type ExitReason,
  isHeard,
  type Random,
  type Ref,
  type RefData,
  tellSupervision,
} from "../core/index.ts";
import type { ChildId, FullChildSpec } from "./child-spec.ts";
import type { RetryMessage } from "./children.ts";
import type { FullFlags } from "./flags.ts";
import type { StartChildOutcome } from "./outcome.ts";
import type { Procedure, Procedures } from "./procedure.ts";
import { RestartWindow } from "./restart-window.ts";

/** What a request, an exit or a retry leads to: the supervisor goes on, or ends with `shutdown`, for one of two reasons. */
export type Verdict = "goOn" | "reached_max_restart_intensity" | "auto_shutdown";

export class Supervision {
  readonly ctx: Context;
  readonly procedures: Procedures;
  readonly window: RestartWindow;
  /** For jitter: the thread's own source, which the system's seed starts. */
  readonly random: Random;
  flags: FullFlags;

  constructor(ctx: Context, procedures: Procedures, flags: FullFlags) {
    this.ctx = ctx;
    this.procedures = procedures;
    this.random = { next: () => ctx.random() };
    this.flags = flags;
    this.window = new RestartWindow(flags, ctx);
  }

  /** A child was started again. */
  restarted(id: ChildId, former: RefData | undefined, ref: Ref): void {
    if (!isHeard(this.ctx, "restarted")) return;
    const { restarts } = this.window;
    const data = { id, former: former && plain(former), ref: plain(ref), restarts };
    tellSupervision(this.ctx, { type: "restarted", ...data });
  }

  /** The children are about to be taken down, and then the supervisor ends. */
  ending(reason: ExitReason): void {
    tellSupervision(this.ctx, { type: "shutdown", reason });
  }

  setFlags(flags: FullFlags): void {
    this.flags = flags;
    this.window.setLimit(flags);
  }
}

/** One kind of supervisor: how its children are kept, started, restarted and ended. */
export interface Crew {
  /** Starts the children of the setup. The reason why the supervisor cannot start, or undefined. */
  start(): Procedure<ExitReason | undefined>;
  /** Whether the actor is a child now. */
  has(ref: RefData): boolean;
  /** Whether this attempt is still due. */
  isDue(message: RetryMessage): boolean;
  /** How many `startChild` requests in a row may be served together. */
  readonly startsTogetherMax: number;
  /** Serves `startChild` requests; each is answered, by its place, when its own start has ended. */
  startChildren(
    given: readonly unknown[],
    answer: (place: number, outcome: StartChildOutcome) => void,
  ): Procedure<void>;
  /** Answers any other request. Undefined: no such request. */
  request(name: string, argument: unknown): Procedure<unknown> | undefined;
  /** A child ended by itself. */
  exited(ref: Ref, reason: ExitReason): Procedure<Verdict>;
  /** A restart that failed, or was delayed, is due. */
  retry(message: RetryMessage): Procedure<Verdict>;
  /** Takes all children down, in the order of the strategy. */
  terminate(): Procedure<void>;
  /** Takes over changed specs (code change); flags are changed already. */
  change(specs: readonly FullChildSpec[]): void;
}

function plain({ node, thread, slot, generation, creation }: RefData): RefData {
  return { node, thread, slot, generation, ...(creation !== undefined && { creation }) };
}
