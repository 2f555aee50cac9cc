/**
 * How threads of a pool are ended, and what becomes of one that does not go: native code holds it, or the limit of its heap.
 *
 * Such a thread is lost to its system all the same, within a stated time. It is kept in mind until it is gone, since
 * the process cannot end before it.
 */
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { byDeadline } from "../clock.ts";
import type { PoolWatch } from "./pool-watch.ts";
import type { ThreadTable } from "./thread-table.ts";
import { endWorker } from "./worker-end.ts";
import type { WorkerThread } from "./worker-thread.ts";

export class ThreadEnds {
  readonly #threads: ThreadTable;
  readonly #watch: PoolWatch;
  readonly #endTimeoutMs: number;
  readonly #lost: (running: WorkerThread, why: string, blame?: Blamed) => void;
  /** Threads that were told to end and are not gone. */
  readonly #stuck = new Set<WorkerThread>();

  /** @param lost the loss of a thread is to be made known; called at most once for each, while it is still there. */
  constructor(
    threads: ThreadTable,
    watch: PoolWatch,
    endTimeoutMs: number,
    lost: (running: WorkerThread, why: string, blame?: Blamed) => void,
  ) {
    this.#threads = threads;
    this.#watch = watch;
    this.#endTimeoutMs = endTimeoutMs;
    this.#lost = lost;
  }

  /** Resolves when the thread is gone or, where it does not go, when it is given up. */
  async terminate(running: WorkerThread, why: string): Promise<void> {
    running.why ??= why;
    const { promise: givenUp, resolve } = Promise.withResolvers<void>();
    const cancel = byDeadline(this.#endTimeoutMs, () => {
      this.#giveUp(running);
      resolve();
    });
    void this.#end(running);
    await Promise.race([running.exited, givenUp]);
    cancel();
  }

  /** A turn holds a thread, and no cut frees it: its loss is told now, and it is ended, however long that may take. */
  giveUpNow(running: WorkerThread, why: string, blame: Blamed | undefined): void {
    running.why ??= why;
    this.#stuck.add(running);
    this.#lost(running, why, blame);
    this.#endNow(running);
  }

  /** A worker is gone. True: its thread had been given up, so its loss is known. */
  hadGivenUp(running: WorkerThread): boolean {
    return this.#stuck.delete(running);
  }

  /** Ends all threads. @returns a sentence about those that did not end; undefined: all did. */
  async endAll(why: string): Promise<string | undefined> {
    const all = [...this.#threads.all, ...this.#stuck];
    await Promise.all(all.map((running) => this.terminate(running, why)));
    if (this.#stuck.size === 0) return undefined;
    const threads = [...this.#stuck].map((running) => `thread ${running.thread} (${running.why})`).join(", ");
    return (
      `${threads} did not end within ${this.#endTimeoutMs} ms: native code holds it, or the limit of its heap. Node waits for it ` +
      'before the process ends: if it must end before, process.kill(process.pid, "SIGKILL")'
    );
  }

  /** Ends the worker when the watchdog has forgotten it: what is under way to an ending thread may abort the process. */
  async #end(running: WorkerThread): Promise<void> {
    if (running.isReady) await this.#watch.forget(running);
    this.#endNow(running);
  }

  #endNow(running: WorkerThread): void {
    if (running.isEnding) return;
    running.isEnding = true;
    endWorker(running.worker, running.exited, () => this.#stuck.has(running));
  }

  /**
   * It was told to end, and no code of JavaScript runs in it again, whatever it is stuck in: it is lost. Its slots are
   * not used again before it is gone.
   */
  #giveUp(running: WorkerThread): void {
    if (this.#threads.get(running.thread) === undefined) return;
    this.#stuck.add(running);
    running.worker.unref();
    const why = running.why as string;
    this.#lost(running, why === retiredWhy ? why : `${why}; did not end within ${this.#endTimeoutMs} ms`);
  }
}
