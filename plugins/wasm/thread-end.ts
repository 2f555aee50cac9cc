/**
 * The end of a module's thread, awaited for so long and no longer: one that compiles may take seconds more, and that the engine can
 * be stopped at all is its promise and not ours.
 */
import type { Worker } from "node:worker_threads";
import { byDeadline } from "../../core/index.ts";

const endMs = 1_000;

/** @param outlives called back where it has not ended by then */
export async function threadEnd(worker: Worker, outlives: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = byDeadline(endMs, () => {
    outlives();
    resolve();
  });
  void worker.terminate().then(() => resolve());
  await promise;
  cancel();
}
