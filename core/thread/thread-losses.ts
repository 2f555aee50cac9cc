/**
 * The loss of a thread, as main makes it known.
 *
 * One store to its state word comes before any signal of it (SEMANTICS S4); then every thread is told, a successor takes
 * its position, and main's own kernel draws its consequences.
 */
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { Counter } from "../kernel/counters.ts";
import type { DedicatedStart } from "../kernel/host.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { ThreadState } from "../kernel/system-memory.ts";
import type { PortHost } from "./port-host.ts";
import type { ToThread } from "./protocol.ts";
import type { Succession } from "./succession.ts";
import type { ThreadTable } from "./thread-table.ts";
import { noPosition, type WorkerThread } from "./worker-thread.ts";

/** What a crash report says of what went with a thread. */
const notKnown = "not known: it went with its thread";

/** What is to be known of a thread that is gone, or never was there. */
export type LostThread = Pick<WorkerThread, "thread" | "position" | "isDedicated" | "isReady" | "start">;

export class ThreadLosses {
  readonly #kernel: Kernel;
  readonly #host: PortHost;
  readonly #threads: ThreadTable;
  readonly #succession: Succession;
  /** Threads lost since the start; one that retired is none. */
  count = 0;

  constructor(kernel: Kernel, host: PortHost, threads: ThreadTable, succession: Succession) {
    this.#kernel = kernel;
    this.#host = host;
    this.#threads = threads;
    this.#succession = succession;
  }

  /** Once for each thread. @param blame whose doing the loss is: that actor has a crash report of its own. */
  tell(lost: LostThread, why: string, blame?: Blamed): void {
    this.#threads.remove(lost.thread);
    this.#lose(lost, why, blame);
    for (const thread of this.#orphansOf(lost.thread)) {
      this.#lose(
        { thread, position: noPosition, isDedicated: true, isReady: false, start: undefined },
        "its starter was lost",
        undefined,
      );
    }
  }

  #lose(lost: LostThread, why: string, blame: Blamed | undefined): void {
    const { thread, position, isReady } = lost;
    const kernel = this.#kernel;
    const { memory } = kernel;
    const actors = Math.max(0, memory.actors(thread));
    if (blame !== undefined) this.#reportEnd(thread, lost.start, blame);
    const isRetired = lost.isDedicated && why === retiredWhy;
    memory.setState(thread, isRetired ? ThreadState.retired : ThreadState.lost);
    const counters = memory.countersOf(thread);
    counters.countTaken();
    if (!isRetired) this.count++;
    const word: ToThread = { type: "lost", thread, why, wasUp: isReady, blame };
    for (const other of this.#threads.all) {
      memory.tellLoss(other.thread);
      other.tell(word);
    }
    memory.tellLoss(kernel.thread);
    // The successor stands before anybody can restart an actor on it.
    this.#succession.threadLost(lost);
    this.#host.threadLost(thread, why, isReady, blame);
    if (!isRetired && !this.#threads.isClosing) {
      const [unread, unsent] = [counters.unread, counters.get(Counter.unsent)];
      kernel.emit({ type: "threadLost", thread, position, why, actors, unread, unsent });
    }
    kernel.scheduler.wake();
  }

  /** Dedicated threads that a thread reserved an id for, and was lost before it asked for them. */
  #orphansOf(starter: number): readonly number[] {
    const { memory } = this.#kernel;
    return memory
      .threadsUp()
      .filter(
        (thread) =>
          memory.starter(thread) === starter &&
          memory.state(thread) === ThreadState.starting &&
          this.#threads.get(thread) === undefined,
      );
  }

  /** The crash report of an actor that ended with its thread, and was why. */
  #reportEnd(thread: number, start: DedicatedStart | undefined, { slot, generation, reason }: Blamed): void {
    const kernel = this.#kernel;
    const isStart = start?.slot === slot && start.generation === generation;
    const ref = kernel.makeRef(thread, slot, generation);
    kernel.counters.add(Counter.crashes, 1);
    kernel.emit({
      type: "crashed",
      ref: ref.toJSON(),
      name: kernel.names.replicaNameOf(ref),
      behaviour: isStart ? start.behaviour : notKnown,
      reason,
      state: notKnown,
      message: notKnown,
      queued: [],
      queuedCount: 0,
    });
  }
}
