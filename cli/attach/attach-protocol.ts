/**
 * What a command that attaches and the program that it looks at say to each other: one JSON value a line. Each request is
 * answered once, by its id; after `watch` there are events of the program as well, until the line is closed.
 */
import type { RefData, RuntimeEvent } from "../../index.ts";

/** A request's verb and what it wants. Targets are names or refs as text (`refKey`). */
export type AttachVerb =
  | { readonly verb: "hello" }
  | { readonly verb: "actors" }
  | { readonly verb: "stats" }
  | { readonly verb: "crashes" }
  | { readonly verb: "deadLetters" }
  | { readonly verb: "resend"; readonly letter: string; readonly target: string | undefined }
  | { readonly verb: "getState"; readonly target: string }
  | { readonly verb: "pause" | "resume"; readonly target: string }
  | { readonly verb: "exit"; readonly target: string; readonly reason: string }
  | { readonly verb: "watch"; readonly types: readonly RuntimeEvent["type"][] };

export type AttachRequest = AttachVerb & { readonly id: number };

export type AttachAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: { readonly code: string; readonly message: string } }
  | { readonly event: RuntimeEvent };

/** The answer to `hello`. */
export interface AttachedSystem {
  readonly pid: number;
  /** What was run: the module's file name without its ending, or `demo`. */
  readonly name: string;
  /** Scheduler threads, main among them. */
  readonly threads: number;
}

/** A ref as text: `thread.slot.generation`, as `refKey` writes it. Undefined: it is none. */
export function refOf(text: string): RefData | undefined {
  const parts = /^(\d+)\.(\d+)\.(-?\d+)$/.exec(text);
  if (parts === null) return undefined;
  const [thread, slot, generation] = parts.slice(1).map(Number) as [number, number, number];
  return { node: "", thread, slot, generation };
}
