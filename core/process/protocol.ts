/**
 * All that main and the process of an actor say to each other: msgpack records in frames (`frames.ts`), over the sockets `fds`.
 *
 * The actor's cell is on main: mailbox, links, names, timers and calls are those of any other actor. The process holds
 * its state and runs its turns, one at a time; what the turn does (`ctx`) comes back as verbs and is carried out in the
 * cell's name, in order. Fields of `Uint8Array` are values of the program, written by the codec of the rings, so that a
 * message means the same in every placement.
 */

import type { BehaviourModule } from "../actor/behaviour-module.ts";
import type { Budget } from "../actor/budget.ts";
import type { ErrorData } from "../errors.ts";
import type { Declaration } from "../registry/declaration.ts";

/** What a turn runs: a handler, or the deed of an injected fault in its place. */
export type TurnKind =
  | "configuration"
  | "init"
  | "receive"
  | "call"
  | "cast"
  | "continue"
  | "terminate"
  | "paused"
  | "resumed"
  | "getState"
  | "replaceState"
  | "reconfigure"
  | "deed";

/** From main to the process. */
export type ToProcess =
  /** The first word: what to load. `refs` holds the actor's own ref and its parent's; `frameBytesMax` holds on both ways. */
  | {
      readonly type: "start";
      readonly module: BehaviourModule;
      readonly checks: boolean;
      /** Whether the system's time of day is that of the machine, which the process sees by itself. */
      readonly isWallClock: boolean;
      /** Of the run that its refs are of. */
      readonly creation: number;
      readonly refs: Uint8Array;
      readonly frameBytesMax: number;
    }
  /** `value`: argument, message or reason; with a call `[argument, from]`. */
  | { readonly type: "turn"; readonly kind: TurnKind; readonly name: string; readonly value: Uint8Array }
  /** Its turn is to end: the signal of that is aborted. Acknowledged as well. */
  | { readonly type: "interrupt"; readonly reason: string }
  /** Its open tasks are bounded: from now on it says when one begins and ends. */
  | { readonly type: "countTasks" }
  /** What a `begin` came to. Acknowledged, so that main knows what is still on its way. */
  | { readonly type: "settled"; readonly id: number; readonly ok: true; readonly value: Uint8Array }
  | { readonly type: "settled"; readonly id: number; readonly ok: false; readonly error: ErrorData }
  /** The actor has ended in order: so shall the process. */
  | { readonly type: "end" };

/** Answers of main to an `ask`; they have a socket of their own, since the process stands still until then. */
export type Answer =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: false; readonly error: ErrorData };

/** What main has to know of a behaviour that only the process has loaded. */
export interface LoadedBehaviour {
  readonly exportName: string;
  readonly name?: string;
  readonly mailboxCapacity?: number;
  readonly mailboxPolicy?: string;
  readonly turnLimitMs?: number;
  readonly budget?: Budget;
  readonly taskConcurrency?: number;
  readonly declaration?: Declaration;
  /** Whether it declares a configuration. */
  readonly isConfigured: boolean;
  readonly isServer: boolean;
  /** Of the handlers that a behaviour may lack, those that it has. */
  readonly handlers: readonly string[];
}

/** From the process to main. `args` is the list of a verb's arguments. */
export type FromProcess =
  | { readonly type: "ready" }
  | { readonly type: "loaded"; readonly behaviour: LoadedBehaviour }
  | { readonly type: "failed"; readonly error: ErrorData }
  /** The turn has ended. `as` stands for what has no value: `ctx.noReply`, `ctx.initLater`. */
  | { readonly type: "done"; readonly value: Uint8Array; readonly as?: "noReply" | "initLater" }
  | { readonly type: "threw"; readonly error: ErrorData; readonly state: string; readonly aborted?: true }
  /** A verb with a result at once: the process stands still until its answer is there. */
  | { readonly type: "ask"; readonly verb: string; readonly args: Uint8Array }
  /** A verb whose result is a promise. */
  | { readonly type: "begin"; readonly id: number; readonly verb: string; readonly args: Uint8Array }
  /** A verb without a result. Sends count from 1; `accepted` asks for one by its number. */
  | { readonly type: "tell"; readonly verb: string; readonly args: Uint8Array }
  | { readonly type: "acknowledged" }
  /** The turn is still open a round of the event loop after it began: what it did at once is told, and it may wait for others. */
  | { readonly type: "open" }
  /** An error outside any turn. */
  | { readonly type: "unhandled"; readonly error: ErrorData };

/** The process's ends of the sockets to main, as main places them. */
export const fds = {
  /** `ToProcess`, one way: the process's event loop reads them. */
  turns: 3,
  /** `FromProcess` to main and an `Answer` back, both blocking in the process (`sync-socket.ts`). */
  verbs: 4,
  /** Bytes that the link sends back as they come. */
  heartbeat: 5,
} as const;

/** Verbs by how they cross. Whatever is not here is done in the process itself. */
export const askVerbs = [
  "spawn",
  "spawnLink",
  "spawnMonitor",
  "link",
  "unlink",
  "monitor",
  "demonitor",
  "exit",
  "trapExit",
  "stop",
  "ignore",
  "initDone",
  "continue",
  "idleTimeout",
  "replyError",
  "whereis",
  "members",
  "groups",
  "monitorGroup",
  "demonitorGroup",
  "declare",
  "find",
  "watch",
  "unwatch",
  "unsubscribe",
  "publish",
  "isAlive",
  "isHeard",
  "random",
  "nowMs",
  "sendAfter",
  "sendEvery",
  "cancelTimer",
  "stash",
  "unstashAll",
  /** `process.exit`: its argument is the code. */
  "processExit",
] as const;
export const beginVerbs = [
  "start",
  "stopActor",
  "register",
  "unregister",
  "join",
  "leave",
  "subscribe",
  "keepTopic",
  "dropTopic",
  "endQueue",
  "submitTask",
  "taskResult",
  "cancelTask",
  "requestAs",
  "readStream",
  "openWriter",
  "flushWriter",
  "call",
  "interrupt",
  "reconfigure",
  "accepted",
] as const;
export const tellVerbs = [
  "send",
  "cast",
  "reply",
  "ack",
  "nack",
  "log",
  "tellOperation",
  "tellContent",
  "cancelRequest",
  "openStream",
  "leaveStream",
  "writeStream",
  "endWriter",
  "failWriter",
  "taskBegan",
  "taskEnded",
] as const;
/** Of these, those of streams, which main keeps for the process (`remote-streams.ts`); the others are of `ctx`. */
export const streamVerbs: readonly string[] = [
  "openStream",
  "readStream",
  "leaveStream",
  "openWriter",
  "writeStream",
  "flushWriter",
  "endWriter",
  "failWriter",
];

export type AskVerb = (typeof askVerbs)[number];
export type BeginVerb = (typeof beginVerbs)[number];
export type TellVerb = (typeof tellVerbs)[number];
