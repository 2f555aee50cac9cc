/** One seeded run of publishers and subscribers on simulated threads, held against the oracle of S13. */
import type { Context, Envelope, SubscriptionOptions } from "../../../core/actor/context.ts";
import type { Ref } from "../../../core/actor/ref.ts";
import { defineActor } from "../../../core/index.ts";
import { Counter } from "../../../core/kernel/counters.ts";
import type { Kernel } from "../../../core/kernel/kernel.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";
import { BusOracle, type Publication, type Subscribed, type SubscribedActor } from "./bus-oracle.ts";

const threads = 3;
const seatsPerThread = 2;
const deedsPerRun = 120;
const topics = ["a", "a.a", "a.b", "b.a", "a.b.a"];
const patterns = [...topics, ">", "*", "a.*", "*.a", "a.>", "*.*.a"];
const policies = ["reject", "dropOldest", "dropNewest", "wait"] as const;
/** What is published by a run is of one of these kinds; some subscribers want but one. */
const kinds = 2;

/** What the reader of a message does with it. */
type Deed = "read" | "crash" | "stash" | "wait" | "publish";
type News = Publication & { readonly deed: Deed };

interface Actor extends SubscribedActor {
  readonly ref: Ref;
  readonly ctx: Context;
  readonly subscriptions: { readonly subscribed: Subscribed; id: number | undefined }[];
}

interface Seat {
  readonly kernel: Kernel;
  actor: Actor | undefined;
  /** An actor is on its way. */
  isAwaited: boolean;
  isHeld: boolean;
}

export class BusRun {
  readonly #system: SimulatedSystem;
  readonly #oracle = new BusOracle();
  readonly #seats: Seat[] = [];
  readonly #numbers = new Map<string, number>();
  /** Open turns. */
  readonly #gates: (() => void)[] = [];
  /** Publishes whose promise is open. */
  readonly #unaccepted = new Set<News>();
  #born = 0;
  #isOver = false;

  constructor(seed: number) {
    this.#system = new SimulatedSystem(seed, threads);
    for (const { kernel } of this.#system.threads.values()) {
      const received = kernel.topics.publishedReceived.bind(kernel.topics);
      kernel.topics.publishedReceived = (from, payload, isExcess) => {
        this.#oracle.arrives(kernel.thread, payload[1] as News);
        received(from, payload, isExcess);
      };
      for (let n = 0; n < seatsPerThread; n++)
        this.#seats.push({ kernel, actor: undefined, isAwaited: false, isHeld: false });
    }
  }

  /** What breaks S13. The same seed gives the same. */
  async breaches(): Promise<string[]> {
    const { random } = this.#system;
    for (let n = 0; n < deedsPerRun; n++) {
      this.#deed();
      // Threads run by chance in between, so that much is under way.
      for (let steps = random.below(4); steps > 0; steps--) this.#system.step();
      await microtasks();
    }
    this.#isOver = true;
    for (const seat of this.#seats) this.#release(seat);
    do {
      for (const open of this.#gates.splice(0)) open();
      for (const { actor } of this.#seats) if (actor?.isAlive() === true) actor.ctx.unstashAll();
      await microtasks();
      this.#system.settle();
      await microtasks();
    } while (this.#system.isBusy || this.#gates.length > 0);
    return this.#oracle.verdict(this.#counts(), this.#unaccepted);
  }

  #counts() {
    const sum = (of: (kernel: Kernel) => number): number =>
      [...this.#system.threads.values()].reduce((total, { kernel }) => total + of(kernel), 0);
    return {
      published: sum(({ counters }) => counters.get(Counter.published)),
      delivered: sum(({ counters }) => counters.get(Counter.busDelivered)),
      dropped: sum(({ counters }) => counters.get(Counter.busDropped)),
      deadLettered: sum(({ counters }) => counters.get(Counter.busDeadLettered)),
      noproc: sum(({ counters }) => counters.deadLetters.noproc),
    };
  }

  #deed(): void {
    const { random } = this.#system;
    const seat = random.pick(this.#seats);
    const { actor } = seat;
    if (actor === undefined || !actor.isAlive()) {
      if (!seat.isAwaited) this.#spawn(seat);
      return;
    }
    const { ctx } = actor;
    switch (random.below(16)) {
      case 0:
      case 1:
        this.#subscribe(actor);
        return;
      case 2:
        this.#unsubscribe(actor);
        return;
      case 3:
        // By anybody, so that the end of a subscriber overtakes what is on its way to it.
        if (random.below(3) === 0) random.pick(this.#seats).kernel.guest.ctx?.exit(actor.ref, "kill");
        return;
      case 4:
        ctx.unstashAll();
        return;
      case 5:
        random.pick(this.#gates.splice(random.below(this.#gates.length + 1), 1))?.();
        return;
      case 6:
        if (seat.isHeld) this.#release(seat);
        else if (random.below(2) === 0) {
          seat.isHeld = true;
          seat.kernel.lifecycle.hold(cellOf(seat.kernel, actor.ref));
        }
        return;
      default:
        this.#publish(seat.kernel, ctx, actor.name);
    }
  }

  #release(seat: Seat): void {
    const { actor, kernel } = seat;
    if (seat.isHeld && actor?.isAlive() === true) kernel.lifecycle.release(cellOf(kernel, actor.ref));
    seat.isHeld = false;
  }

  #publish(kernel: Kernel, ctx: Context, publisher: string): void {
    const { random } = this.#system;
    const number = (this.#numbers.get(publisher) ?? 0) + 1;
    this.#numbers.set(publisher, number);
    const deed = random.pick(["read", "read", "read", "read", "crash", "stash", "wait", "publish"] satisfies Deed[]);
    const news: News = { publisher, number, topic: random.pick(topics), kind: random.below(kinds), deed };
    this.#oracle.publishes(news);
    this.#oracle.arrives(kernel.thread, news);
    // Some publishers are not of those that wait.
    const accepted = ctx.publish(news.topic, news, random.below(4) === 0 ? { trace: news.publisher } : undefined);
    if (accepted === undefined) return;
    this.#unaccepted.add(news);
    void accepted.then(() => this.#unaccepted.delete(news));
  }

  #subscribe(actor: Actor): void {
    const { random } = this.#system;
    const pattern = random.pick(patterns);
    const isBounded = random.below(2) === 0;
    const bound = isBounded ? { capacity: 1 + random.below(3), policy: random.pick(policies) } : {};
    const kind = random.below(4) === 0 ? random.below(kinds) : undefined;
    const options: SubscriptionOptions = { ...bound, ...(kind !== undefined && { filter: { kind } }) };
    const subscribed = this.#oracle.subscribes(actor, pattern, options, kind);
    const held = { subscribed, id: undefined as number | undefined };
    actor.subscriptions.push(held);
    void actor.ctx.subscribe(pattern, options).then(({ id }) => {
      subscribed.isConfirmed = true;
      held.id = id;
    });
  }

  #unsubscribe(actor: Actor): void {
    const { random } = this.#system;
    const held = random.pick(actor.subscriptions);
    if (held?.id === undefined) return;
    actor.subscriptions.splice(actor.subscriptions.indexOf(held), 1);
    actor.ctx.unsubscribe(held.id);
    held.subscribed.isOver = true;
  }

  #spawn(seat: Seat): void {
    const { kernel } = seat;
    const { random } = this.#system;
    const name = `actor${(this.#born += 1)}`;
    const isBounded = random.below(3) === 0;
    const bound = isBounded ? { mailboxCapacity: 1 + random.below(3), mailboxPolicy: random.pick(policies) } : {};
    const behaviour = defineActor({
      module: "sim:bus",
      ...bound,
      init: (_: undefined, ctx: Context) => {
        seat.isAwaited = false;
        seat.isHeld = false;
        const { self: ref } = ctx;
        const isAlive = () => kernel.isAlive(ref);
        seat.actor = {
          name,
          thread: kernel.thread,
          isBounded,
          hasStashed: false,
          ref,
          ctx,
          isAlive,
          subscriptions: [],
        };
        this.#subscribe(seat.actor);
        return seat.actor;
      },
      receive: (actor: Actor, message: Envelope, ctx) => this.#read(kernel, actor, message.message as News, ctx),
    });
    seat.isAwaited = true;
    kernel.guest.ctx?.spawn(behaviour, undefined, { placement: "local" });
  }

  #read(kernel: Kernel, actor: Actor, news: News, ctx: Context): void | Promise<void> {
    const deed = this.#isOver ? "read" : news.deed;
    if (deed === "stash" && this.#system.random.below(2) === 0) {
      try {
        ctx.stash();
        actor.hasStashed = true;
        return;
      } catch (full) {
        this.#oracle.observes(actor, news);
        throw full;
      }
    }
    this.#oracle.observes(actor, news);
    if (deed === "crash") throw new Error("as told");
    if (deed === "publish") this.#publish(kernel, ctx, actor.name);
    if (deed === "wait") return new Promise((resolve) => this.#gates.push(resolve));
  }
}

const cellOf = (kernel: Kernel, ref: Ref) => {
  const cell = kernel.cellOf(ref);
  if (cell === undefined) throw new Error("it has ended");
  return cell;
};

async function microtasks(): Promise<void> {
  for (let n = 0; n < 4; n++) await Promise.resolve();
}
