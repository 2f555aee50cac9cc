/**
 * What S13 says of a run, kept beside the runtime: who is subscribed to what, what arrived on which thread, and what came
 * into whose hands. It knows patterns as regular expressions, and asks the runtime only whether an actor lives.
 */

import type { SubscriptionOptions } from "../../../core/actor/context.ts";

/** Something that was published once. */
export interface Publication {
  /** Numbers of one publisher count up. */
  readonly publisher: string;
  readonly number: number;
  readonly topic: string;
  /** What some filters go by. */
  readonly kind: number;
}

interface Known extends Publication {
  /** It must have arrived for each that is still subscribed at the end. */
  readonly due: readonly Subscribed[];
  /** Threads it has arrived on. */
  readonly threads: number[];
}

export interface Subscribed {
  readonly actor: SubscribedActor;
  readonly matches: RegExp;
  /** Its filter; undefined: it has none. */
  readonly kind: number | undefined;
  readonly isBounded: boolean;
  /** Its policy is `wait`: what waits for it is overtaken by what goes to another subscription of its actor. */
  readonly isWaiting: boolean;
  isConfirmed: boolean;
  isOver: boolean;
  readonly arrived: Known[];
}

export interface SubscribedActor {
  readonly name: string;
  readonly thread: number;
  isAlive(): boolean;
  /** It may lose messages by a bound of its own, and handle them in another order (`stash`). */
  readonly isBounded: boolean;
  hasStashed: boolean;
}

export interface BusCounts {
  readonly published: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly deadLettered: number;
  /** Dead letters for an actor that had ended, by the count of all dead letters. */
  readonly noproc: number;
}

export function regExpOf(pattern: string): RegExp {
  const words = pattern.split(".").map((word) => (word === "*" ? "[^.]+" : word === ">" ? ".+" : word));
  return new RegExp(`^${words.join(String.raw`\.`)}$`, "u");
}

export class BusOracle {
  readonly breaches: string[] = [];
  readonly #subscribed: Subscribed[] = [];
  readonly #published = new Map<string, Known>();
  readonly #observed = new Map<SubscribedActor, Known[]>();

  /** From here on what arrives on its thread is for it. */
  subscribes(
    actor: SubscribedActor,
    pattern: string,
    { capacity, policy }: SubscriptionOptions,
    kind: number | undefined,
  ): Subscribed {
    const subscribed: Subscribed = {
      actor,
      matches: regExpOf(pattern),
      kind,
      isBounded: capacity !== undefined,
      isWaiting: policy === "wait",
      isConfirmed: false,
      isOver: false,
      arrived: [],
    };
    this.#subscribed.push(subscribed);
    return subscribed;
  }

  publishes(publication: Publication): void {
    const due = this.#subscribed.filter((one) => one.isConfirmed && isFor(one, publication));
    this.#published.set(keyOf(publication), { ...publication, due, threads: [] });
  }

  /** It stands before the subscribers of a thread. */
  arrives(thread: number, publication: Publication): void {
    const known = this.#known(publication);
    if (known === undefined) return;
    if (known.threads.includes(thread)) this.breaches.push(`${keyOf(known)} came twice to thread ${thread}`);
    known.threads.push(thread);
    for (const one of this.#subscribed) if (one.actor.thread === thread && isFor(one, known)) one.arrived.push(known);
  }

  /** It came into an actor's hands. */
  observes(actor: SubscribedActor, publication: Publication): void {
    const known = this.#known(publication);
    if (known === undefined) return;
    const before = this.#observed.get(actor);
    const all = before ?? [];
    if (before === undefined) this.#observed.set(actor, all);
    const last = all.findLast(({ publisher }) => publisher === known.publisher);
    if (this.#isOrdered(actor) && last !== undefined && last.number > known.number)
      this.breaches.push(`S13.2: ${actor.name} got ${keyOf(known)} behind ${keyOf(last)}`);
    all.push(known);
    const mine = this.#subscribed.filter((one) => one.actor === actor && one.arrived.includes(known));
    if (all.filter((one) => one === known).length > mine.length)
      this.breaches.push(`S13.3: ${actor.name} got ${keyOf(known)} more than ${mine.length} times`);
    if (mine.length > 0 && mine.every((one) => one.isOver) && !actor.hasStashed)
      this.breaches.push(`S13.4: ${actor.name} got ${keyOf(known)} after it had unsubscribed`);
  }

  /** Everything has settled. */
  verdict(counts: BusCounts, unaccepted: Iterable<Publication>): string[] {
    for (const one of unaccepted) this.breaches.push(`S13.7: ${keyOf(one)} waits for ever`);
    for (const known of this.#published.values()) {
      for (const one of known.due)
        if (isActive(one) && !one.arrived.includes(known))
          this.breaches.push(`S13.1: ${keyOf(known)} did not come to ${one.actor.name}`);
    }
    for (const actor of new Set(this.#subscribed.map((one) => one.actor))) this.#checkLossless(actor);
    const observed = [...this.#observed.values()].reduce((sum, { length }) => sum + length, 0);
    const arrived = this.#subscribed.reduce((sum, one) => sum + one.arrived.length, 0);
    const { published, delivered, dropped, deadLettered, noproc } = counts;
    this.#equal("published", published, this.#published.size);
    this.#equal("delivered, by those who got them", delivered, observed);
    this.#equal("dead-lettered, by all dead letters", deadLettered, noproc);
    this.#equal("delivered, dropped and dead-lettered together", delivered + dropped + deadLettered, arrived);
    return this.breaches;
  }

  #isOrdered(actor: SubscribedActor): boolean {
    const all = this.#subscribed.filter((one) => one.actor === actor);
    return !actor.hasStashed && (all.length === 1 || !all.some((one) => one.isWaiting));
  }

  /** Who has no bound, lives and has never unsubscribed has got all that arrived for it. */
  #checkLossless(actor: SubscribedActor): void {
    const mine = this.#subscribed.filter((one) => one.actor === actor);
    if (actor.isBounded || mine.some((one) => one.isBounded || !isActive(one))) return;
    const arrived = mine.flatMap((one) => one.arrived.map(keyOf)).sort();
    const got = (this.#observed.get(actor) ?? []).map(keyOf).sort();
    this.#equal(`what ${actor.name} got`, got.join(" "), arrived.join(" "));
  }

  #equal(what: string, actual: unknown, expected: unknown): void {
    if (actual !== expected) this.breaches.push(`S13.5: ${what}: ${String(actual)} where ${String(expected)} is right`);
  }

  #known(publication: Publication): Known | undefined {
    const known = this.#published.get(keyOf(publication));
    if (known === undefined) this.breaches.push(`${keyOf(publication)} was never published`);
    return known;
  }
}

const keyOf = ({ publisher, number }: Publication): string => `${publisher}:${number}`;
const isActive = (one: Subscribed): boolean => !one.isOver && one.actor.isAlive();
const isFor = (one: Subscribed, { topic, kind }: Publication): boolean =>
  isActive(one) && one.matches.test(topic) && (one.kind === undefined || one.kind === kind);
