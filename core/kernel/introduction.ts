/**
 * How a thread that comes up learns what all others know: the names and the entries of `replica.ts`.
 *
 * Main tells it everything before it makes the thread known to the others. Until it has heard the end of that it hears
 * nobody else, since whoever spawns there may count on what every thread knew: a subscription, for one, whose promise
 * has resolved (SEMANTICS S13.1).
 */
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

export class Introduction {
  readonly #kernel: Kernel;
  /** What has to wait; undefined: it is over. */
  #held: (() => void)[] | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#held = kernel.thread === owner ? undefined : [];
  }

  /** On main: a thread comes up. Before the others hear of it. */
  begin(thread: number): void {
    const { guest, memory, names, peers, replica } = this.#kernel;
    // Most threads of most systems come up when there is nothing to tell, and wait for nothing.
    if (names.all().length === 0 && replica.isEmpty) {
      replica.introduce(thread);
      return;
    }
    memory.announceIntroduction(thread);
    names.introduce(thread);
    replica.introduce(thread);
    peers.push(thread, FrameKind.introduced, toKernel, guest, 0, undefined);
  }

  /** What another thread than main has to say, or the word of its loss, waits. False: there is nothing to wait for. */
  holds(again: () => void): boolean {
    if (this.#held === undefined) return false;
    if (!this.#kernel.memory.hasIntroduction(this.#kernel.thread)) {
      this.#held = undefined;
      return false;
    }
    this.#held.push(again);
    return true;
  }

  /** The end of it came. */
  received(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const again of held) again();
  }
}
