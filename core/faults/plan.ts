/**
 * A plan of faults as the threads get it: checked, with every default filled in. Plain data; what a program writes, and
 * what of it is refused, is in `testing/fault-plan.ts`.
 */

/** What strikes an actor in its turn, in place of its handler, or at a time. */
export const turnFaultKinds = [
  "throw",
  "loop",
  "loopAfterAwait",
  "regex",
  "exit",
  "allocate",
  "kill",
  "poison",
  "threadLoss",
  "processKill",
] as const;
export type TurnFaultKind = (typeof turnFaultKinds)[number];

/** What happens to messages on their way. */
export const messageFaultKinds = ["drop", "refuse", "delay"] as const;
export type MessageFaultKind = (typeof messageFaultKinds)[number];

export type InjectedKind = TurnFaultKind | MessageFaultKind;

/** Which actors are meant: by registered name, by the id that their supervisor knows them by, or by one ref. */
export interface Selector {
  readonly by: "name" | "child" | "ref";
  /** A name or id, in which `*` stands for any text; or a ref's key. */
  readonly pattern: string;
}

/** What a selector of a fault stands for. */
export const selectorRoles = ["actor", "from", "to"] as const;
export type SelectorRole = (typeof selectorRoles)[number];

interface FaultTerms {
  /** Its place in the plan. */
  readonly index: number;
  /** Not before, in milliseconds of the system's clock from the plan's start: the moment in which `injectFaults` gave it to the system. */
  readonly atMs: number;
  /** How often at most, over all actors and threads; `Infinity`: no bound. */
  readonly times: number;
  /** Of each turn, message or moment that it could strike in. */
  readonly probability: number;
}

export interface TurnFault extends FaultTerms {
  readonly kind: TurnFaultKind;
  readonly actor: Selector;
  /** Turns of an incarnation that go by before. */
  readonly afterTurns: number;
  /** It strikes at `atMs`, and again every so often (`Infinity`: once), whether there is a turn or not. */
  readonly isTimed: boolean;
  readonly everyMs: number;
  /** throw: the error's message. */
  readonly text: string;
  /** exit. */
  readonly code: number;
  /** poison: the message; undefined: one that throws when it is read. */
  readonly message: unknown;
}

export interface MessageFault extends FaultTerms {
  readonly kind: MessageFaultKind;
  /** Undefined: everybody. */
  readonly from: Selector | undefined;
  readonly to: Selector | undefined;
  /** Messages of a pair of incarnations that pass before. */
  readonly afterMessages: number;
  /** delay: for how long. */
  readonly ms: number;
}

/** The loss of the thread at a position among the schedulers. */
export interface ThreadFault extends FaultTerms {
  readonly kind: "threadLoss";
  readonly thread: number;
  readonly everyMs: number;
}

export type CheckedFault = TurnFault | MessageFault | ThreadFault;

export interface CheckedFaultPlan {
  readonly seed: number;
  readonly faults: readonly CheckedFault[];
}

/** Different `from`s that a plan may name: each is a bit beside the sender's identity in a number of 53. */
export const sendersMax = 20;

/** A plan at work, as each thread of a system gets it. */
export interface FaultWork {
  readonly plan: CheckedFaultPlan;
  /** By the system's clock. */
  readonly beganMs: number;
  /** Of a `FaultTally`. */
  readonly tally: SharedArrayBuffer;
}

/** The selectors of a fault; none where a thread, or everybody, is meant. */
export function selectorsOf(fault: CheckedFault): readonly (readonly [SelectorRole, Selector])[] {
  const roles: readonly (readonly [SelectorRole, Selector | undefined])[] = isMessageFault(fault)
    ? [
        ["from", fault.from],
        ["to", fault.to],
      ]
    : isThreadFault(fault)
      ? []
      : [["actor", fault.actor]];
  return roles.flatMap(([role, selector]) => (selector === undefined ? [] : [[role, selector] as const]));
}

export function isMessageFault(fault: CheckedFault): fault is MessageFault {
  return (messageFaultKinds as readonly string[]).includes(fault.kind);
}

export function isThreadFault(fault: CheckedFault): fault is ThreadFault {
  return "thread" in fault;
}
