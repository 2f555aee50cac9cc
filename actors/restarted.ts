/** Asking somebody whom a supervisor starts again meanwhile. */
import { byDeadline, errorData, stopwatchMs } from "../core/index.ts";

/** One that is started again is awaited so long, and looked for so often. */
const awaitedMs = 3_000;
const lookMs = 50;
/** It was not there, or has ended with the question in its hands. */
const gone = new Set<unknown>(["noproc", "killed", "shutdown", "thread_lost", "process_lost"]);

/** Whether whoever was asked has ended, and nobody knows what has become of the question. */
export function hasEnded(error: unknown): boolean {
  return gone.has(errorData(error).code);
}

/**
 * Asks anew while it is being started again: what is asked twice must do no harm.
 * @param mayAgain whether it may be asked again after that
 * @throws what it fails with, by rejection; after 3 s, or when the signal is aborted, that it is not there.
 */
export async function untilBack<T>(
  signal: AbortSignal,
  ask: () => Promise<T>,
  mayAgain: (error: unknown) => boolean = hasEnded,
): Promise<T> {
  const beganMs = stopwatchMs();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isAwaited = stopwatchMs() - beganMs < awaitedMs && !signal.aborted;
      if (!isAwaited || !mayAgain(error)) throw error;
    }
    await new Promise<void>((resolve) => void byDeadline(lookMs, resolve));
  }
}
