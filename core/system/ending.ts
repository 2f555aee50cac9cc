/** The end of everybody who is left when the trees are down, and of threads that would keep a system from stopping. */
import type { ExitReason } from "../actor/exit-reason.ts";
import { afterMs, byDeadline, stopwatchMs } from "../clock.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ThreadState } from "../kernel/system-memory.ts";
import type { ThreadPool } from "../thread/thread-pool.ts";

/** Time for all that is left to end by itself. */
const endingMs = 5_000;
const looksMs = 2;
/** They are told again when some have ended, and in any case after so many looks. */
const looksPerTelling = 50;

/** Time for the threads to have told what they have to tell; one that is held has not. */
const lastWordsMs = 1_000;

/**
 * Every actor is told to end with a reason, but those that are linked to a living parent: they are told when it is gone and they are
 * not. Resolves when nobody is left and their ends, and all else that the threads had to tell, have come here; or when the time is over.
 */
export async function endActors(kernel: Kernel, reason: ExitReason): Promise<void> {
  const untilMs = stopwatchMs() + endingMs;
  for (let told = -1, looks = 0; stopwatchMs() < untilMs; looks++) {
    const left = actorsLeft(kernel);
    if (left === 0) {
      await lastWords(kernel);
      return;
    }
    if (left !== told || looks % looksPerTelling === 0) tellAll(kernel, reason);
    told = left;
    await new Promise<void>((resolve) => {
      afterMs(looksMs, resolve);
    });
  }
}

/** An answer of a thread comes behind all that it had said before. */
async function lastWords(kernel: Kernel): Promise<void> {
  const { memory } = kernel;
  const isUp = (thread: number) => thread !== kernel.thread && memory.state(thread) === ThreadState.alive;
  const answers = memory
    .threadsUp()
    .filter(isUp)
    .map((thread) => answerOf(kernel, thread));
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const cancel = byDeadline(lastWordsMs, resolve);
  // One that is gone meanwhile has said all that it will.
  await Promise.race([Promise.allSettled(answers), late]);
  cancel();
}

/** Resolves when the thread answers. Rejects when it is gone. */
function answerOf(kernel: Kernel, thread: number): Promise<unknown> {
  const ref = kernel.makeRef(thread, 0, 0);
  return kernel.calls.ask(kernel.guest, ref, FrameKind.stats, "stats", Number.POSITIVE_INFINITY);
}

function tellAll(kernel: Kernel, reason: ExitReason): void {
  for (const thread of kernel.memory.threadsUp()) {
    if (thread === kernel.thread) kernel.lifecycle.shutDown(reason);
    else kernel.peers.push(thread, FrameKind.shutDown, { slot: 0, generation: 0 }, kernel.guest, 0, reason);
  }
}

function actorsLeft(kernel: Kernel): number {
  return kernel.memory.threadsUp().reduce((sum, thread) => sum + kernel.memory.actors(thread), 0);
}

/** Between two questions to a thread whether it still answers. */
const askAgainMs = 1_000;

/**
 * While a system stops, its threads are asked whether they still answer: one that is held for too long, by a turn that
 * never ends or by native code, is ended, so that supervisors do not wait for its actors for ever. Returns the function
 * that ends the asking.
 */
export function endHeldThreads(kernel: Kernel, pool: ThreadPool, heldMaxMs: number): () => void {
  const cancels = new Map<number, () => void>();
  let isOver = false;
  const ask = (thread: number): void => {
    const why = `held for ${heldMaxMs} ms while the system stopped`;
    const cancel = byDeadline(heldMaxMs, () => void pool.end(thread, why));
    cancels.set(thread, cancel);
    answerOf(kernel, thread).then(
      () => {
        cancel();
        if (!isOver)
          cancels.set(
            thread,
            afterMs(askAgainMs, () => ask(thread)),
          );
      },
      // It is gone.
      cancel,
    );
  };
  for (const { thread } of pool.running) ask(thread);
  return () => {
    isOver = true;
    for (const cancel of cancels.values()) cancel();
  };
}
