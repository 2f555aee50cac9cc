/**
 * A plan of faults as a program, a test or a file writes it: plain data, in JSON where no ref is in it. What is refused of
 * it, and what stands for what is left out, is in `fault-plan-check.ts`.
 */
import type { RefData } from "../core/index.ts";

/**
 * Which actors are meant. A text is a registered name; `child` the id by which a supervisor knows its child. In both `*`
 * stands for any text. A `ref` is one incarnation of one actor.
 */
export type ActorSelector =
  | string
  | { readonly name: string }
  | { readonly child: string | number }
  | { readonly ref: RefData | string };

interface Terms {
  /**
   * Not before, in milliseconds of the system's clock from the plan's start: the moment in which `injectFaults` gave it to the
   * system, under `mofa run --chaos` before the program begins. Default 0.
   */
  readonly atMs?: number;
  /** Of each turn, message or moment that it could strike in, above 0. Default 1. */
  readonly probability?: number;
}

interface TurnTerms extends Terms {
  readonly actor: ActorSelector;
  /** Turns of the actor that go by before; counted anew for each incarnation. Default 0: the next one is struck. */
  readonly afterTurns?: number;
  /** How often at most, over all the actors that are meant. Default 1. */
  readonly times?: number;
}

/** Without `afterTurns`, and with `atMs`, these strike at that time, whether there is a turn or not. */
interface TimedTerms extends TurnTerms {
  /** And again every so often. */
  readonly everyMs?: number;
}

interface MessageTerms extends Terms {
  /** Whose messages. Default: everybody's, the program's too. One of `from` and `to` must be there. */
  readonly from?: ActorSelector;
  /** Default: to everybody. */
  readonly to?: ActorSelector;
  /** Messages of a pair that pass before. Default 0. */
  readonly afterMessages?: number;
  /** How often at most, over all pairs. Default: no bound. */
  readonly times?: number;
}

export type Fault =
  /** The turn throws, with code `injected`. */
  | (TurnTerms & { readonly kind: "throw"; readonly message?: string })
  /** The turn never ends: at once, behind an `await`, or in a regular expression. Not on main; wants a watchdog. */
  | (TurnTerms & { readonly kind: "loop" | "loopAfterAwait" | "regex" })
  /** The turn calls `process.exit(code)`, default 1. Not on main. */
  | (TurnTerms & { readonly kind: "exit"; readonly code?: number })
  /** The turn fills its heap. Only of an actor with a thread or process of its own. */
  | (TurnTerms & { readonly kind: "allocate" })
  /** `exit(ref, "kill")`. */
  | (TimedTerms & { readonly kind: "kill" })
  /** A message that throws when it is read, or `message`, is put into the actor's mailbox. */
  | (TimedTerms & { readonly kind: "poison"; readonly message?: unknown })
  /** The process of an actor with isolation `process` gets a SIGKILL. */
  | (TimedTerms & { readonly kind: "processKill" })
  /** The actor's thread is lost, or the one at a position. */
  | (TimedTerms & { readonly kind: "threadLoss" })
  | (Terms & {
      readonly kind: "threadLoss";
      readonly thread: number;
      readonly everyMs?: number;
      readonly times?: number;
    })
  /** Messages, casts and calls vanish: a call ends by its time-out. */
  | (MessageTerms & { readonly kind: "drop" })
  /** They are not accepted: a call ends at once, with code `injected`. */
  | (MessageTerms & { readonly kind: "refuse" })
  /** They, and all that the sender says to the receiver after them, arrive later. */
  | (MessageTerms & { readonly kind: "delay"; readonly ms: number });

export interface FaultPlan {
  /** A whole number, default 1: of all that is left to chance. */
  readonly seed?: number;
  readonly faults: readonly Fault[];
}

export type FaultKind = Fault["kind"];
