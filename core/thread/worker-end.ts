/**
 * Ending a worker thread for certain.
 *
 * A termination that falls into an evaluate of the inspector ends the evaluate and not the thread: what runs beneath it goes
 * on (one end in 150 under constant evaluates). So it is asked for again until the thread is gone.
 */
import type { Worker } from "node:worker_threads";
import { afterMs } from "../clock.ts";

/** When it is asked for again: so long after the first time, then twice as long each time. */
const againMs = 50;
const timesMax = 6;

/**
 * Asks the worker to end. It may never be gone: native code is not reached.
 * @param isGivenUp whether nobody waits for its end, so that it keeps no process alive.
 */
export function endWorker(worker: Worker, exited: Promise<void>, isGivenUp: () => boolean): void {
  let cancel = () => {};
  const ask = (times: number): void => {
    void worker.terminate();
    if (isGivenUp()) worker.unref();
    if (times < timesMax) cancel = afterMs(againMs * 2 ** times, () => ask(times + 1));
  };
  ask(0);
  void exited.then(() => cancel());
}
