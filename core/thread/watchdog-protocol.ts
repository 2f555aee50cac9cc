/** All that main and the watchdog's thread say to each other. */
import type { SystemBuffers } from "../kernel/system-memory.ts";

/** What the watchdog is started with. */
export interface WatchdogData {
  /** 1: the process exits, let go of the inspector; 2: done. */
  readonly exiting: Int32Array;
  /** Set where it must not even try to reach the inspector. */
  readonly refused: string | undefined;
}

/** Why it is refused where it is. */
export const inspectorRefused = "the inspector is refused (--permission without --allow-inspector)";

/** From main to the watchdog. */
export type ToWatchdog =
  | { readonly type: "system"; readonly system: number; readonly buffers: SystemBuffers }
  /** @see Worker.threadId */
  | { readonly type: "watch"; readonly system: number; readonly thread: number; readonly workerId: number }
  | { readonly type: "forget"; readonly system: number; readonly thread: number }
  | { readonly type: "systemEnded"; readonly system: number }
  /** Main's answer to a ping. */
  | { readonly type: "pong" }
  | { readonly type: "close" };

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
  /** The thread does not come back: it is to be ended as a whole. */
  | {
      readonly type: "stuck";
      readonly system: number;
      readonly thread: number;
      readonly suspect: Suspect | undefined;
      readonly why: string;
    }
  | { readonly type: "tainted"; readonly system: number; readonly thread: number }
  | { readonly type: "ping" };
