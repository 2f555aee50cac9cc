/**
 * What a fault does in the turn that it strikes, in place of the actor's handler, on a thread or in a process of its own:
 * each looks to the runtime as the same thing in a program's own code would.
 */
import { RuntimeError } from "../errors.ts";

/** Kinds whose deed is code in the actor's turn. */
export type DeedKind = "throw" | "loop" | "loopAfterAwait" | "regex" | "exit" | "allocate";

export interface DeedTerms {
  /** throw: the error's message. */
  readonly text: string;
  /** exit. */
  readonly code: number;
}

/** What it returns is the handler's result. */
export function doDeed(kind: DeedKind, { text, code }: DeedTerms): unknown {
  switch (kind) {
    case "throw":
      throw new RuntimeError("injected", text);
    case "loop":
      return loopForEver();
    case "loopAfterAwait":
      return loopAfterAwait();
    case "regex":
      return catastrophicRegex();
    case "exit":
      return process.exit(code);
    case "allocate":
      return fillHeap();
  }
}

function loopForEver(): never {
  for (;;);
}

async function loopAfterAwait(): Promise<never> {
  await Promise.resolve();
  return loopForEver();
}

/** Each letter more doubles the time: this one is not over within the age of the universe. */
function catastrophicRegex(): boolean {
  return /^(?:a+)+$/.test(`${"a".repeat(100)}!`);
}

function fillHeap(): never {
  const all: unknown[] = [];
  // Numbers that need a heap of their own: filled with small integers V8 never comes to its limit, nor to its end.
  for (;;) all.push(new Array(1_000).fill(Math.random()));
}
