/** What an actor asks to be kept, and the turns in which it may. */
import { type Context, RuntimeError } from "../core/index.ts";

/** Asks for something to be kept. @throws what that fails with; RuntimeError `bad_argument` where the turn is over. */
export type Keeping = (keep: () => Promise<void>) => Promise<void>;

/** What an actor asks to be kept, one after the other, also where nobody awaits it; after a failure nothing more. */
export class Persisting {
  #failure: Error | undefined;
  /** Those that were asked for so far. */
  #last: Promise<void> = Promise.resolve();

  /** What something has failed with: nothing is kept any more. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /**
   * One turn of a handler. Whatever it asks for is kept before the turn is over, also where it fails or is interrupted: the next one
   * decides by what is there. What it asks for later is refused, since others have decided meanwhile.
   * @throws what the handler throws, or what something that it has asked for failed with: also a handler that has caught that cannot go on.
   */
  async turn<T>(ctx: Context, handler: (keeping: Keeping) => T): Promise<Awaited<T>> {
    let isOver = false;
    try {
      return await handler((keep) => (isOver ? late(ctx) : this.#next(keep)));
    } finally {
      await this.#settle();
      isOver = true;
    }
  }

  #next(keep: () => Promise<void>): Promise<void> {
    const persisting = this.#last.then(() => this.#keep(keep));
    this.#last = persisting.catch(() => {}); // told by `#settle`
    return persisting;
  }

  async #keep(keep: () => Promise<void>): Promise<void> {
    this.#assertWhole();
    try {
      await keep();
    } catch (error) {
      this.#failure = (error ?? new Error("it threw nothing")) as Error; // whatever it is, it is thrown on
      throw this.#failure;
    }
  }

  async #settle(): Promise<void> {
    for (let last: Promise<void> | undefined; last !== this.#last; await last) last = this.#last;
    this.#assertWhole();
  }

  #assertWhole(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** As a task, so that it ends the actor where nobody awaits it. */
function late(ctx: Context): Promise<never> {
  const text =
    "persist was called after its turn was over, and nothing of it is kept: await it, or all that comes before it, in the handler";
  return ctx.task(Promise.reject(new RuntimeError("bad_argument", text)));
}
