/**
 * A system's watchdog at work for its pool: the threads it watches, and what its words mean here. A warning is an event,
 * and a thread that no cut frees is given up with the blame on whose turn holds it.
 */
import { type LimitKind, overTime } from "../actor/actor-budget.ts";
import type { Blamed } from "../actor/exit-reason.ts";
import { nextLoop } from "../clock.ts";
import { eventBit } from "../kernel/events.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ThreadTable } from "./thread-table.ts";
import { Watching, warnOnce } from "./watchdog.ts";
import type { Suspect } from "./watchdog-protocol.ts";
import type { WorkerThread } from "./worker-thread.ts";

export class PoolWatch {
  readonly #kernel: Kernel;
  readonly #threads: ThreadTable;
  readonly #giveUp: (running: WorkerThread, why: string, blame: Blamed | undefined) => void;
  #watching: Watching | undefined;
  #hasStarted = false;
  /** Why turns cannot be cut down; undefined: they can. */
  limitedBy: string | undefined;

  /** @param giveUp a turn holds the thread, and no cut frees it. */
  constructor(
    kernel: Kernel,
    threads: ThreadTable,
    giveUp: (running: WorkerThread, why: string, blame: Blamed | undefined) => void,
  ) {
    this.#kernel = kernel;
    this.#threads = threads;
    this.#giveUp = giveUp;
  }

  /**
   * Watches all threads that are ready. Without it none is ever watched. Not a moment later, to leave the processors to the first
   * messages: main may be held from then on, and what asks for a cut elsewhere must find the watchdog without it.
   */
  start(): void {
    const kernel = this.#kernel;
    const refOf = (thread: number, { slot, generation }: Suspect) => kernel.makeRef(thread, slot, generation).toJSON();
    this.#watching = new Watching({
      buffers: kernel.memory.buffers,
      warning: (thread, suspect, ms) => {
        if (kernel.wants(eventBit("turnWarning")))
          kernel.emit({ type: "turnWarning", ref: refOf(thread, suspect), ms, limitMs: suspect.limitMs });
      },
      stuck: (thread, suspect, why) => {
        const running = this.#threads.get(thread);
        if (running === undefined) return;
        this.#giveUp(running, why, suspect === undefined ? undefined : this.#blameOf(thread, suspect));
      },
      mainBlocked: (ms) => {
        if (kernel.wants(eventBit("mainBlocked"))) kernel.emit({ type: "mainBlocked", ms });
      },
      limited: (why) => this.#limited(why),
    });
    for (const running of this.#threads.all) if (running.isReady) this.watch(running);
    this.#hasStarted = true;
    const why = this.limitedBy;
    if (why === undefined) return;
    // Nobody can listen before the system has started.
    nextLoop(() => {
      if (!this.#threads.isClosing) kernel.emit({ type: "watchdogLimited", why });
    });
  }

  /** A thread is ready. One that is to end is not watched: the watchdog would have to forget it first. */
  watch({ thread, worker, why }: WorkerThread): void {
    if (why === undefined) this.#watching?.watch(thread, worker);
  }

  /** Asks for the end of a turn. Without a watchdog it comes to its end by itself. */
  cut(request: CutRequest): void {
    this.#watching?.cut(request);
  }

  /** Resolves when the thread may be ended, or has had its time. */
  async forget({ thread }: WorkerThread): Promise<void> {
    await this.#watching?.forget(thread);
  }

  /** A thread is lost. */
  ended({ thread }: WorkerThread): void {
    this.#watching?.ended(thread);
  }

  /** The pool has ended. */
  end(): void {
    this.#watching?.end();
  }

  #blameOf(thread: number, { slot, generation, limitMs }: Suspect): Blamed {
    const kind = this.#kernel.memory.watch.limitKind(thread, slot, generation) as LimitKind; // as it was set
    return { slot, generation, reason: limitMs < 0 ? "killed" : overTime(kind, limitMs) };
  }

  #limited(why: string): void {
    if (this.limitedBy !== undefined || this.#threads.isClosing) return;
    this.limitedBy = why;
    warnOnce(why);
    if (this.#hasStarted) this.#kernel.emit({ type: "watchdogLimited", why });
  }
}
