/**
 * All that main and a thread say to each other outside the rings: starting, ports, losses, the end.
 *
 * Actor messages and signals never go this way.
 */
import type { MessagePort } from "node:worker_threads";
import type { Blamed } from "../actor/exit-reason.ts";
import type { ErrorData } from "../errors.ts";
import type { FaultWork } from "../faults/plan.ts";
import type { RuntimeEvent } from "../kernel/events.ts";
import type { BeforeInitMs } from "../kernel/kernel.ts";
import type { SystemBuffers } from "../kernel/system-memory.ts";
import type { ProfileRequest } from "./profiler.ts";

/** What a thread is started with. */
export interface ThreadData {
  readonly thread: number;
  readonly buffers: SystemBuffers;
  readonly checks: boolean;
  readonly isDedicated: boolean;
  readonly isManualClock: boolean;
  readonly seed: number;
  readonly loadTimeoutMs: number;
  readonly beforeInitMs: BeforeInitMs;
  /** Whether the watchdog may cut down turns there, how long they may take (0: for ever), and the grace after a cut. */
  readonly isCuttable: boolean;
  /** Whether a watchdog is there that cannot ask whose code runs. */
  readonly isOwnerTold: boolean;
  readonly turnLimitMs: number;
  readonly asyncGraceMs: number;
  readonly busyWaitUs: number;
  /** URL of a module that is loaded when nothing else is to be done; undefined: none. */
  readonly frontDoor: string | undefined;
  /** The plan of faults that is at work. */
  readonly faults: FaultWork | undefined;
}

/** From main to a thread. */
export type ToThread =
  /** What it was started for, where that was not known yet. Before all else. */
  | { readonly type: "begin"; readonly data: ThreadData }
  /** Another thread exists; the port leads there. */
  | { readonly type: "peer"; readonly thread: number; readonly port: MessagePort }
  /** The watchdog asks through it, by any message, whether something holds the thread. */
  | { readonly type: "pulse"; readonly port: MessagePort }
  /** Another thread is gone. */
  | {
      readonly type: "lost";
      readonly thread: number;
      readonly why: string;
      readonly wasUp: boolean;
      readonly blame: Blamed | undefined;
    }
  /** Take a profile: `profileBegun`, then `profiled` is the answer. */
  | { readonly type: "profile"; readonly id: number; readonly request: ProfileRequest }
  /** A plan of faults is at work from now on; undefined: none is. */
  | { readonly type: "faults"; readonly work: FaultWork | undefined };

/** From a thread to main. */
export type FromThread =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly error: ErrorData }
  /** A dedicated thread has no actor any more. */
  | { readonly type: "retired" }
  /** It has taken what `faults` said. */
  | { readonly type: "faultsTaken" }
  | { readonly type: "profileBegun"; readonly id: number }
  | { readonly type: "profiled"; readonly id: number; readonly error: ErrorData | undefined }
  /** An event that cannot wait for the end of the drain. */
  | { readonly type: "event"; readonly event: RuntimeEvent }
  /** An injected fault wants it to be lost. */
  | { readonly type: "loseMe"; readonly why: string };

/** What goes through a peer's port: `null` is the bell, else the ring that leads to the receiver and its side port. */
export type Bell = null | { readonly ring: SharedArrayBuffer; readonly side: MessagePort };

/** Key under which the runtime's words stand: what else comes from the thread's `parentPort` is some program's own. */
const tag = "mofa:word";

export function saidBy(word: FromThread): { readonly [tag]: FromThread } {
  return { [tag]: word };
}

/** Undefined: the runtime has not said it. */
export function wordOf(said: unknown): FromThread | undefined {
  // The runtime's own threads alone use that key.
  return typeof said === "object" && said !== null && tag in said ? (said[tag] as FromThread) : undefined;
}
