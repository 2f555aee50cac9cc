/**
 * A subscription of the program, as something to loop over. Behind it is an actor on main that subscribes: so bounds, policies,
 * filters, queues and counts are those of every subscription, without a second kind of subscriber. It takes one message at a
 * time: its turn is open until the program asks for the next, and all others wait in its mailbox, under the bound.
 */
import { makeBehaviour } from "../actor/behaviour.ts";
import type { Cell } from "../actor/cell.ts";
import type { Context, Envelope, SubscriptionOptions, UnsubscribedMessage } from "../actor/context.ts";
import type { Kernel } from "../kernel/kernel.ts";

type Result = IteratorResult<Envelope, undefined>;

/** Read it by `for await`, once. It ends when the program leaves the loop or unsubscribes, and with the system. */
export interface ProgramSubscription extends AsyncIterableIterator<Envelope, undefined>, AsyncDisposable {
  readonly pattern: string;
  next(): Promise<Result>;
  return(): Promise<Result>;
  [Symbol.asyncIterator](): ProgramSubscription;
  /** Ends it: nothing of it is read any more. What waits counts as dropped. */
  unsubscribe(): void;
}

export class ProgramSubscriber implements ProgramSubscription {
  readonly pattern: string;
  readonly #kernel: Kernel;
  readonly #options: SubscriptionOptions;
  #actor: Cell | undefined;
  #id = 0;
  /** What the actor has in hand, and how its turn ends. */
  #inHand: { readonly envelope: Envelope; readonly taken: () => void } | undefined;
  readonly #waiting: ((result: Result) => void)[] = [];
  #isOver = false;
  /** Why there is none: what the program gave is wrong, and no actor has crashed. */
  refusal: unknown;

  constructor(kernel: Kernel, pattern: string, options: SubscriptionOptions) {
    this.#kernel = kernel;
    this.pattern = pattern;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const taken = this.#take();
    if (taken !== undefined) return Promise.resolve({ done: false, value: taken });
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<Result> {
    this.unsubscribe();
    return Promise.resolve({ done: true, value: undefined });
  }

  unsubscribe(): void {
    if (this.#isOver) return;
    const { lifecycle, scheduler, topics } = this.#kernel;
    const actor = this.#actor;
    this.#inHand = undefined;
    if (actor !== undefined)
      scheduler.commit(() => {
        topics.unsubscribe(actor, this.#id);
        lifecycle.die(actor, "normal");
      });
    this.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.unsubscribe();
    return Promise.resolve();
  }

  /** The actor has ended. */
  end(): void {
    this.#isOver = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  #take(): Envelope | undefined {
    const inHand = this.#inHand;
    this.#inHand = undefined;
    inHand?.taken();
    return inHand?.envelope;
  }

  // In its actor's turns --------------------------------------------------------------------------------------------

  begin(ctx: Context): Promise<this> {
    this.#actor = this.#kernel.cellOf(ctx.self);
    return ctx.subscribe(this.pattern, this.#options).then(
      ({ id }) => {
        this.#id = id;
        return this;
      },
      (error: unknown) => {
        this.refusal = error;
        ctx.ignore();
        return this;
      },
    );
  }

  /** Undefined: the program has it; else the turn is open until it does. */
  received(envelope: Envelope): Promise<void> | undefined {
    const { asyncTurns, guest, scheduler } = this.#kernel;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      scheduler.settle(guest, waiting as (value: never) => void, { done: false, value: envelope });
      return undefined;
    }
    const actor = this.#actor as Cell; // its `init` has ended
    const { promise, resolve } = Promise.withResolvers<void>();
    // It waits for the program, and holds nobody up who waits until the system has settled.
    asyncTurns.awaits(actor, 1);
    const taken = () =>
      scheduler.commit(() => {
        asyncTurns.awaits(actor, -1);
        scheduler.settle(actor, resolve as (value: never) => void, undefined);
      });
    this.#inHand = { envelope, taken };
    return promise;
  }
}

/** Of each such actor; its argument is what the program holds. */
export const subscriber = makeBehaviour<ProgramSubscriber, never>(
  { name: "subscriber", module: import.meta.url },
  {
    init: (subscription: ProgramSubscriber, ctx) => subscription.begin(ctx),
    receive: (subscription: ProgramSubscriber, message, ctx) => {
      if ((message as UnsubscribedMessage).type !== "unsubscribed") return subscription.received(message as Envelope);
      subscription.end();
      ctx.stop();
      return undefined;
    },
  },
);
