/**
 * Who takes the position of a scheduler thread that is lost: a warm spare that is up already, and the next spare is
 * started behind it.
 */
import { afterMs } from "../clock.ts";
import { errorData } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ThreadTable } from "./thread-table.ts";
import { noPosition, type WorkerThread } from "./worker-thread.ts";

/** Threads that are started, and fail, in a row before no other is tried; the event stream has each failure. */
const startsMax = 5;
/** Time after the start of the system in which no thread is started to stand by: its first messages want the processors. */
const firstSpareMs = 250;

export class Succession {
  readonly #kernel: Kernel;
  readonly #threads: ThreadTable;
  readonly #hasSpare: boolean;
  readonly #start: (position: number) => Promise<unknown>;
  /** Positions whose thread is lost and that no other has taken yet. */
  readonly #vacant: number[] = [];
  /** Starts since the last thread that came up. */
  #starts = 0;
  #hasBegun = false;
  /** Whether one is to stand by from now on. */
  #isSpareDue = false;
  #cancelFirstSpare = (): void => {};

  /** @param start starts a scheduler thread for a position, or for none. */
  constructor(kernel: Kernel, threads: ThreadTable, hasSpare: boolean, start: (position: number) => Promise<unknown>) {
    this.#kernel = kernel;
    this.#threads = threads;
    this.#hasSpare = hasSpare;
    this.#start = start;
  }

  /** All threads are up: from now on who is lost is replaced. A system that does not come up is not mended: its start fails. */
  begin(): void {
    this.#hasBegun = true;
    this.#refill();
    if (!this.#hasSpare) return;
    this.#cancelFirstSpare = afterMs(firstSpareMs, () => {
      this.#isSpareDue = true;
      this.#refill();
    });
  }

  /** The pool ends. */
  end(): void {
    this.#cancelFirstSpare();
  }

  /** Whether the thread of a position is lost and no other has taken it yet. */
  isVacant(position: number): boolean {
    return this.#vacant.includes(position);
  }

  /** A thread is lost. When this returns its position has its next thread, if any is there to take it. */
  threadLost({ position, isReady }: Pick<WorkerThread, "position" | "isReady">): void {
    // Other tries may fare better than those before it.
    if (isReady) this.#starts = 0;
    if (position > 0) this.#vacant.push(position);
    this.#refill();
  }

  /**
   * Positions that lost their thread are taken within this call, by threads that stand by or, where there is none, by one
   * that is just starting: whoever restarts or spawns there after a loss waits for it rather than fail. And another
   * thread is started when one is missing.
   */
  #refill(): void {
    if (!this.#hasBegun || this.#threads.isClosing) return;
    for (;;) {
      const position = this.#vacant[0];
      const { spares } = this.#threads;
      const spare = spares.find(({ isReady }) => isReady) ?? spares[0];
      if (position === undefined || spare === undefined) break;
      this.#vacant.shift();
      this.#seat(spare, position);
    }
    while (this.#vacant.length > 0 && this.#starts < startsMax) this.#startAnother(this.#vacant.shift() as number);
    if (this.#isSpareDue && this.#threads.spares.length === 0 && this.#starts < startsMax)
      this.#startAnother(noPosition);
  }

  #seat(spare: WorkerThread, position: number): void {
    const { memory } = this.#kernel;
    spare.position = position;
    memory.setPosition(spare.thread, position);
    memory.setThreadAt(position, spare.thread);
    if (spare.isReady) this.#kernel.emit({ type: "threadStarted", thread: spare.thread, position });
  }

  /** One that does not start is tried again, at most `startsMax` times in a row. */
  #startAnother(position: number): void {
    this.#starts++;
    this.#start(position).then(
      () => {
        this.#starts = 0;
        this.#refill();
      },
      (error: unknown) => {
        if (!this.#threads.isClosing)
          this.#kernel.emit({ type: "unattributedError", thread: 0, error: errorData(error) });
      },
    );
  }
}
