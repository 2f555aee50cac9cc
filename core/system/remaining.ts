/** Who is left, read from shared memory: so also while a thread answers nobody, and while the system stops. */
import type { RefData } from "../actor/ref.ts";
import { sameRef } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** A turn that runs at this moment. */
export interface RunningTurn {
  readonly ref: RefData;
  readonly name: string | undefined;
  /** The thread's id, and its position: -1 of a dedicated one. */
  readonly thread: number;
  readonly position: number;
  /** The thread's number of it: two looks that see the same number see the same turn. */
  readonly turn: number;
}

export interface Remaining {
  /** Actors that live, on all threads. */
  readonly actors: number;
  /** What other threads than main run now. An actor in a process has its turns there. */
  readonly turns: readonly RunningTurn[];
}

export function remaining(kernel: Kernel): Remaining {
  const threads = kernel.memory.threadsUp();
  return {
    actors: threads.reduce((sum, thread) => sum + kernel.memory.actors(thread), 0),
    turns: threads.flatMap((thread) => {
      const turn = thread === kernel.thread ? undefined : turnOf(kernel, thread);
      return turn === undefined ? [] : [turn];
    }),
  };
}

function turnOf(kernel: Kernel, thread: number): RunningTurn | undefined {
  const { words } = kernel.memory;
  const at = kernel.memory.runWords(thread);
  const turn = Atomics.load(words, at + 2);
  const ref = kernel.makeRef(thread, Atomics.load(words, at), Atomics.load(words, at + 1));
  // It is odd while code of an actor runs; one that has moved on meanwhile is no longer that actor's.
  if ((turn & 1) === 0 || Atomics.load(words, at + 2) !== turn) return undefined;
  const name = kernel.names.all().find(([, holder]) => sameRef(holder, ref))?.[0];
  return { ref: ref.toJSON(), name, thread, position: kernel.memory.position(thread), turn };
}
