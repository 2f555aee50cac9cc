/**
 * The worker threads of a system that are up or starting, by id.
 *
 * Who is in it has a channel to everybody else in it and to main: the younger of each pair brings it, so that they talk
 * directly.
 */
import { MessageChannel } from "node:worker_threads";
import type { Kernel } from "../kernel/kernel.ts";
import type { PortHost } from "./port-host.ts";
import { noPosition, type WorkerThread } from "./worker-thread.ts";

export class ThreadTable {
  readonly #kernel: Kernel;
  readonly #host: PortHost;
  readonly #threads = new Map<number, WorkerThread>();
  /** All of them are being ended: none is started any more, and losses are no news. */
  isClosing = false;

  constructor(kernel: Kernel, host: PortHost) {
    this.#kernel = kernel;
    this.#host = host;
  }

  add(running: WorkerThread): void {
    this.#kernel.introduction.begin(running.thread);
    for (const other of this.#threads.values()) {
      const { port1, port2 } = new MessageChannel();
      other.tell({ type: "peer", thread: running.thread, port: port1 }, [port1]);
      running.tell({ type: "peer", thread: other.thread, port: port2 }, [port2]);
    }
    const { port1, port2 } = new MessageChannel();
    this.#host.addPeer(running.thread, port1);
    running.tell({ type: "peer", thread: this.#kernel.thread, port: port2 }, [port2]);
    this.#threads.set(running.thread, running);
  }

  remove(thread: number): void {
    this.#threads.delete(thread);
  }

  get(thread: number): WorkerThread | undefined {
    return this.#threads.get(thread);
  }

  /** Who holds a scheduler position. */
  at(position: number): WorkerThread | undefined {
    const thread = this.#kernel.memory.threadAt(position);
    return thread === undefined ? undefined : this.#threads.get(thread);
  }

  get all(): readonly WorkerThread[] {
    return [...this.#threads.values()];
  }

  /** Scheduler threads without a position that are up, or starting. */
  get spares(): readonly WorkerThread[] {
    return this.all.filter(
      ({ isDedicated, position, why }) => !isDedicated && position === noPosition && why === undefined,
    );
  }
}
