/** All that main and the watchdog's thread say to each other. */
import type { MessagePort } from "node:worker_threads";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { SystemBuffers } from "../kernel/system-memory.ts";

/** What the watchdog is started with. */
export interface WatchdogData {
  /** A `Hold` on the inspector. */
  readonly hold: Int32Array;
  /** Set where it must not even try to reach the inspector. */
  readonly refused: string | undefined;
}

/** The watchdog's hold on the inspector, in shared memory: an exiting process waits until it has let go. */
export const Hold = {
  none: 0,
  held: 1,
  /** Main: the process exits, let go. */
  exiting: 2,
  /** It has let go, or must not begin again. */
  over: 3,
} as const;

/** Why it is refused where it is. */
export const inspectorRefused = "the inspector is refused (--permission without --allow-inspector)";

/** From main to the watchdog. */
export type ToWatchdog =
  | { readonly type: "system"; readonly system: number; readonly buffers: SystemBuffers }
  /** `workerId`: `Worker.threadId`; `pulse`: a thread that nothing holds sends back what comes there. */
  | {
      readonly type: "watch";
      readonly system: number;
      readonly thread: number;
      readonly workerId: number;
      readonly pulse: MessagePort;
    }
  /** A turn is to be cut down when its grace is over. Threads ask for it through their `pulse`. */
  | { readonly type: "cut"; readonly system: number; readonly request: CutRequest }
  /** The thread is about to end: `forgotten` is the answer. */
  | { readonly type: "forget"; readonly system: number; readonly thread: number; readonly workerId: number }
  /** It has ended. */
  | { readonly type: "ended"; readonly system: number; readonly thread: number; readonly workerId: number }
  | { readonly type: "systemEnded"; readonly system: number }
  /** Main's answer to a ping. */
  | { readonly type: "pong" }
  /** Let go of the inspector: `closed` is the answer. */
  | { readonly type: "close" }
  /** Main has taken up that the inspector was let go of: now the thread may end. */
  | { readonly type: "leave" };

/** Whose turn it is, as the watchdog saw it. */
export interface Suspect {
  readonly slot: number;
  readonly generation: number;
  /** -1: it was killed. */
  readonly limitMs: number;
}

/** From the watchdog to main. */
export type FromWatchdog =
  /** Undefined: it can cut turns; else why it can only report threads that are stuck. */
  | { readonly type: "ready"; readonly limitedBy: string | undefined }
  | {
      readonly type: "warning";
      readonly system: number;
      readonly thread: number;
      readonly suspect: Suspect;
      readonly ms: number;
    }
  /** The thread does not come back: it is to be ended as a whole. The watchdog has forgotten it. */
  | {
      readonly type: "stuck";
      readonly system: number;
      readonly thread: number;
      readonly suspect: Suspect | undefined;
      readonly why: string;
    }
  /** Nothing more of the watchdog's comes to that thread. */
  | { readonly type: "forgotten"; readonly system: number; readonly thread: number }
  | { readonly type: "ping" }
  /** There was no system for a while. */
  | { readonly type: "idle" }
  | { readonly type: "closed" };
