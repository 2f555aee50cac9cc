/**
 * How a thread that comes up learns what all others know: the names and the entries of `replica.ts`.
 *
 * Until it has heard the end of that from main it makes no actor, since whoever spawns there may count on what every thread
 * knew: a subscription, for one, whose promise has resolved (SEMANTICS S13.1).
 */
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";

const owner = 0;
const toKernel = { slot: 0, generation: 0 };

/** What has to wait. */
interface Held {
  readonly spawns: (() => void)[];
  /** Behind the spawns of those who are lost: these came first. */
  readonly losses: (() => void)[];
}

export class Introduction {
  readonly #kernel: Kernel;
  /** Undefined: it is over. */
  #held: Held | undefined;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#held = kernel.thread === owner ? undefined : { spawns: [], losses: [] };
  }

  /** On main: a thread comes up, and has no way yet to anybody. */
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

  /** A spawn, or the word of a loss, waits. False: there is nothing to wait for. */
  holds(what: keyof Held, again: () => void): boolean {
    if (this.#held === undefined) return false;
    if (!this.#kernel.memory.hasIntroduction(this.#kernel.thread)) {
      this.#held = undefined;
      return false;
    }
    this.#held[what].push(again);
    return true;
  }

  /** Whether an actor comes as soon as it is over. */
  get holdsSpawns(): boolean {
    return this.#held !== undefined && this.#held.spawns.length > 0;
  }

  /** The end of it came. */
  received(): void {
    const held = this.#held;
    this.#held = undefined;
    for (const again of held?.spawns ?? []) again();
    for (const again of held?.losses ?? []) again();
  }
}
