/**
 * The event stream: the one place where the runtime says what happens. Dashboards, logs, metrics and tests read it.
 *
 * A kernel makes an event only if somebody wants its kind (a bit in shared memory), so what nobody reads costs a test
 * of one word. `crashed`, `threadLost`, `unattributedError` and `eventsDropped` are always made.
 */
import type { Context, LogLevel } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import type { MetaKind } from "../actor/mailbox.ts";
import type { RefData } from "../actor/ref.ts";
import type { ErrorData } from "../errors.ts";
import type { InjectedKind } from "../faults/plan.ts";
import type { OperationContent, OperationReport } from "./operations.ts";

/** A crash in full: reason, state (as redacted by `format`), the message in hand and up to ten queued ones, as text. */
export interface CrashReport {
  readonly type: "crashed";
  readonly ref: RefData;
  readonly name: string | undefined;
  readonly behaviour: string;
  readonly reason: ExitReason;
  /** Where the actor was when its turn was cut down, or called `process.exit`; an error's stack stands in its reason. */
  readonly stack?: string;
  readonly state: string;
  /** `call add(3)`, `cast reset()`, or a raw message as it is; undefined: it crashed outside of any, such as in `init`. */
  readonly message: string | undefined;
  /** The first ten that it had not read, in the same form. */
  readonly queued: readonly string[];
  readonly queuedCount: number;
}

/** A supervisor has started a child again after it had failed, or with one that had. A start on request is no restart. */
export interface RestartedEvent {
  readonly type: "restarted";
  readonly supervisor: RefData;
  /** The supervisor's name. */
  readonly name: string | undefined;
  /** The child's id; under a template the template's. */
  readonly id: string | number;
  /** Its last actor before; undefined when it never had one. */
  readonly former: RefData | undefined;
  readonly ref: RefData;
  /** What the supervisor's limit has counted within its period by now: above `intensity` it gives up. */
  readonly restarts: number;
}

/** A supervisor begins to take its children down, and then ends. One that is killed tells nothing. */
export interface ShutdownEvent {
  readonly type: "shutdown";
  readonly supervisor: RefData;
  /** The supervisor's name. */
  readonly name: string | undefined;
  /**
   * Why: `reached_max_restart_intensity` (it has given up), `auto_shutdown` (significant children have ended), in its start
   * `{ shutdown: { failed_to_start_child: [id, reason] } }`, else what it was told to end with.
   */
  readonly reason: ExitReason;
}

/** A fault of a plan has struck. */
export interface FaultInjectedEvent {
  readonly type: "faultInjected";
  /** Its place in the plan, from 0. */
  readonly fault: number;
  readonly kind: InjectedKind;
  /** That of the actor, or the one that was struck. */
  readonly thread: number;
  /** The actor that was struck, or to which the message was sent; undefined: a thread was. */
  readonly ref: RefData | undefined;
  readonly name: string | undefined;
  /** Who sent the message that was dropped, refused or delayed. */
  readonly from: RefData | undefined;
}

/** A fault of a plan was meant for somebody whom it cannot strike; told once for each actor. Of a thread that is not there main tells; `thread` is then the position that the plan named. */
export interface FaultSkippedEvent extends Omit<FaultInjectedEvent, "type" | "from"> {
  readonly type: "faultSkipped";
  readonly why: string;
}

/** A message that a traced actor (`system.trace`) has got or sent. */
export interface TraceEvent {
  readonly type: "trace";
  /** The traced actor. */
  readonly ref: RefData;
  readonly name: string | undefined;
  /** `received`: it begins to handle it, or its call is answered. */
  readonly what: "received" | "sent";
  readonly kind: "message" | "cast" | "reply" | keyof typeof MetaKind;
  /** To whom it was sent, or from whom it came; undefined: not known, or nobody. */
  readonly peer: RefData | undefined;
  /** Of the message: the same at its sender and at its receiver where both are traced. */
  readonly id: string;
  /** Of the message in whose turn it was sent; of the call that a reply answers. Undefined: it was sent in the turn of none. */
  readonly cause: string | undefined;
  /** As in a `CrashReport`, at most 500 characters. */
  readonly message: string;
}

/** An operation has ended: a chat, a call of a tool. */
export interface OperationEvent extends OperationReport {
  readonly type: "operation";
  /** Who has done it. */
  readonly ref: RefData;
  readonly name: string | undefined;
}

/** What was said in one, right before its `operation`. A listener to `"*"` does not get it: it asks for it by its name. */
export interface OperationContentEvent extends OperationContent {
  readonly type: "operationContent";
  readonly ref: RefData;
  readonly name: string | undefined;
}

/** What a supervisor tells; the kernel adds who it is. */
export type SupervisionEvent = Omit<RestartedEvent, "supervisor" | "name"> | Omit<ShutdownEvent, "supervisor" | "name">;

/** For supervisors: an event of theirs. No verb of `Context`, since nobody else has these to tell. */
export function tellSupervision(ctx: Context, event: SupervisionEvent): void {
  // Every context of the kernel has it: see actor-context.ts.
  (ctx as Context & { tellSupervision(event: SupervisionEvent): void }).tellSupervision(event);
}

/** For supervisors, before they make an event or a log: whether somebody listens to it. */
export function isHeard(ctx: Context, type: EventType): boolean {
  return (ctx as Context & { isHeard?(type: EventType): boolean }).isHeard?.(type) ?? true;
}

export type RuntimeEvent =
  | {
      readonly type: "spawned";
      readonly ref: RefData;
      readonly name: string | undefined;
      readonly behaviour: string;
      readonly parent: RefData | undefined;
    }
  | {
      readonly type: "exited";
      readonly ref: RefData;
      readonly name: string | undefined;
      readonly behaviour: string;
      readonly reason: ExitReason;
    }
  | CrashReport
  | RestartedEvent
  | ShutdownEvent
  | FaultInjectedEvent
  | FaultSkippedEvent
  | TraceEvent
  | OperationEvent
  | OperationContentEvent
  /** `message` as in a `CrashReport`: `call add(3)`, `cast reset()`, or a raw one as it is. */
  | { readonly type: "deadLetter"; readonly to: RefData; readonly why: DeadLetterWhy; readonly message: string }
  | { readonly type: "mailboxFull"; readonly ref: RefData; readonly capacity: number; readonly policy: string }
  /** Half of a turn's limit is over, and it is still under way. */
  | { readonly type: "turnWarning"; readonly ref: RefData; readonly ms: number; readonly limitMs: number }
  /** A turn was interrupted, and its actor may live on. `stack`: where it stood when it was cut down. */
  | {
      readonly type: "turnInterrupted";
      readonly ref: RefData;
      readonly name: string | undefined;
      readonly reason: string;
      readonly stack?: string;
    }
  /** An open turn was lost with the turn of `culprit` (a ref key), which was cut down in the same checkpoint. */
  | { readonly type: "turnLost"; readonly ref: RefData; readonly culprit: string }
  /** A cut may have left something of Node's own half done in this thread: it gets no new actors. */
  | { readonly type: "threadTainted"; readonly thread: number; readonly position: number }
  /** Main ran one piece of code for so long that nothing of the system on it moved. */
  | { readonly type: "mainBlocked"; readonly ms: number }
  /** Turns cannot be cut down here; a thread that is stuck is ended as a whole instead. Told once. */
  | { readonly type: "watchdogLimited"; readonly why: string }
  /** The process of an actor is up; one that ended before its actor did, whyever. */
  | { readonly type: "processStarted"; readonly ref: RefData; readonly pid: number }
  | {
      readonly type: "processLost";
      readonly ref: RefData;
      readonly pid: number;
      readonly reason: ExitReason;
      /** What ended it: one of both. */
      readonly signal: string | undefined;
      readonly exitCode: number | undefined;
    }
  | { readonly type: "threadStarted"; readonly thread: number; readonly position: number }
  /** The system begins to end: `shutdown` when it was told to stop, else why its own supervisor has ended. */
  | { readonly type: "systemEnding"; readonly reason: ExitReason }
  | {
      readonly type: "threadLost";
      readonly thread: number;
      readonly position: number;
      readonly why: string;
      readonly actors: number;
      /** Messages that stood in the mailboxes and stashes of its actors, and went with them. */
      readonly unread: number;
      /** Messages of its actors to other threads that it had not published. */
      readonly unsent: number;
    }
  | { readonly type: "unattributedError"; readonly thread: number; readonly error: ErrorData }
  | {
      /** A thread had more to tell than main took: so many events of it never came, by kind. */
      readonly type: "eventsDropped";
      readonly thread: number;
      readonly count: number;
      readonly kinds: Readonly<Partial<Record<EventType, number>>>;
    }
  | {
      readonly type: "log";
      readonly ref: RefData;
      readonly name: string | undefined;
      readonly level: LogLevel;
      readonly message: string;
      readonly data: unknown;
    };

/** Why a message was not delivered. */
export const deadLetterReasons = [
  "noproc",
  "mailbox_full",
  "dropped",
  "thread_lost",
  "not_cloneable",
  "injected",
  "attempts",
  "queue_ended",
  "discarded",
] as const;
export type DeadLetterWhy = (typeof deadLetterReasons)[number];

/** The kinds, in the order of their bits. */
export const eventTypes = [
  "spawned",
  "exited",
  "crashed",
  "deadLetter",
  "mailboxFull",
  "threadStarted",
  "threadLost",
  "unattributedError",
  "log",
  "eventsDropped",
  "turnWarning",
  "turnLost",
  "threadTainted",
  "mainBlocked",
  "watchdogLimited",
  "restarted",
  "shutdown",
  "processStarted",
  "processLost",
  "faultInjected",
  "faultSkipped",
  "trace",
  "systemEnding",
  "turnInterrupted",
  "operation",
  "operationContent",
] as const;

/** The kinds that `"*"` stands for: who wants to know what was said asks for it. */
export const openEventTypes: readonly EventType[] = eventTypes.filter((type) => type !== "operationContent");

export type EventType = (typeof eventTypes)[number];

export function eventBit(type: EventType): number {
  return 1 << eventTypes.indexOf(type);
}

/** Kinds that are always made. */
export const alwaysBits =
  eventBit("crashed") | eventBit("threadLost") | eventBit("unattributedError") | eventBit("eventsDropped");

/** Beside the kinds: somebody listens to `crashed`, which is always made. */
export const crashesHeardBit: number = 1 << 30;

export type EventListener<T extends EventType> = (event: Extract<RuntimeEvent, { type: T }>) => void;
