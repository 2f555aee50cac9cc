/**
 * A play on several scheduler threads: whoever makes a part has it made on the next of them, by turns. The parts are the same, and so
 * is what they send, which is data.
 */
import type { Context, Ref } from "../../index.ts";
import type { Part, Stage } from "./part.ts";

/** Where the parts of a play go. */
export interface Seats {
  /** Numbers of scheduler threads. */
  readonly threads: readonly number[];
  /** Which of them the last part went to. */
  readonly last: number;
}

/** What a part is made with that makes others by turns. */
export interface Seated<A> {
  readonly seats: Seats;
  readonly argument: A;
}

export const isSeated = <A>(argument: A | Seated<A>): argument is Seated<A> =>
  typeof argument === "object" && argument !== null && "seats" in argument;

/** The stage of one part, with its state: no other has to look for it. */
export class SeatedStage<S> implements Stage {
  readonly self: Ref;
  readonly state: S;
  readonly #ctx: Context;
  readonly #threads: readonly number[];
  #last: number;

  constructor(ctx: Context, { threads, last }: Seats, init: (stage: Stage) => S) {
    this.self = ctx.self;
    this.#ctx = ctx;
    this.#threads = threads;
    this.#last = last;
    this.state = init(this);
  }

  send(to: Ref, message: unknown): unknown {
    return this.#ctx.send(to, message);
  }

  spawn<A>(part: Part<A>, argument: A): Ref {
    this.#last = (this.#last + 1) % this.#threads.length;
    const seats: Seats = { threads: this.#threads, last: this.#last };
    const placement = { thread: this.#threads[this.#last] as number };
    return this.#ctx.spawn(part, seated(argument, seats), { placement });
  }

  stop(): void {
    this.#ctx.stop();
  }
}

/** A part is made of either, and its type speaks of what it was written for. */
export function seated<A>(argument: A, seats: Seats): A {
  return { seats, argument } satisfies Seated<A> as unknown as A;
}
