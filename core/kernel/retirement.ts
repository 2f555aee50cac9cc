/**
 * The end of a dedicated thread, which comes when its last actor has ended and all that it had to say is said. From then
 * on no actor begins there.
 */
import type { Kernel } from "./kernel.ts";

export class Retirement {
  readonly #kernel: Kernel;
  #isAbandoned = false;
  /** Whether this thread has said that it ends. */
  isSaid = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** The thread has nothing to do: says that it ends, if nobody lives here and nobody can still come. */
  consider(): void {
    const { births, host, introduction, isDedicated, lifecycle, memory, peers, thread } = this.#kernel;
    if (!isDedicated || this.isSaid || lifecycle.living > 0 || !peers.isFlushed || introduction.holdsSpawns) return;
    // Before its first actor it waits for that one, as long as it can still come.
    const isAwaited = !this.#isAbandoned && memory.isThreadUp(memory.starter(thread));
    if (births.count === 0 && isAwaited) return;
    this.isSaid = true;
    // It may be ended in the middle of a drain: what it had taken out of a ring there, nobody would tell.
    peers.close();
    host.retire?.();
  }

  /** The actor that this thread was started for does not come. */
  abandoned(): void {
    this.#isAbandoned = true;
  }
}
