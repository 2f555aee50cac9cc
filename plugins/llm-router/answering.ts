/**
 * One answer on its way: who is asked, one after the other, and beside one another where the first takes long.
 *
 * A lane asks one model at a time, that again or the next of the order. Another lane is opened when nobody has begun for
 * `hedgeAfterMs`. They take their models from one list, so none is asked by two, and the first to begin ends the others. (The
 * practice is that of gRPC's hedging, and of "The Tail at Scale", Dean and Barroso 2013.)
 */
import { isBrokenCircuitError } from "cockatiel";
import { byDeadline, ModelError, modelError, pause, type SeededRandom } from "../../core/index.ts";
import type { RouterConfig } from "./config.ts";
import type { RetryBudget } from "./retry-budget.ts";
import { routeOf } from "./route.ts";
import type { Target } from "./target.ts";

export interface Lane {
  /** Aborted when the answer is given up, or another lane was the first to begin. */
  readonly signal: AbortSignal;
  /** It has something of an answer. @throws the signal's reason: another was the first. */
  begin(): void;
}

interface OpenLane extends Lane {
  readonly controller: AbortController;
  target: Target | undefined;
}

/** Asks one model once. It begins before it passes anything on, and before it ends. */
export type Ask<T> = (target: Target, lane: Lane) => Promise<T>;

/** What all answers of a router have in common. */
export interface Means {
  /** The router's name. */
  readonly name: string;
  readonly config: RouterConfig;
  readonly budget: RetryBudget;
  readonly random: SeededRandom;
}

export class Answering<T> {
  readonly #means: Means;
  readonly #ask: Ask<T>;
  readonly #signal: AbortSignal;
  readonly #isOver: () => boolean;
  /** Those that have not been asked. */
  readonly #left: Target[];
  readonly #lanes = new Set<OpenLane>();
  readonly #running: Promise<void>[] = [];
  readonly #outcome = Promise.withResolvers<T>();
  #winner: OpenLane | undefined;
  #failure: ModelError | undefined;
  #cancelHedge = () => {};

  /** @param isOver whether a failure is final, whatever its class */
  constructor(means: Means, targets: readonly Target[], ask: Ask<T>, signal: AbortSignal, isOver: () => boolean) {
    this.#means = means;
    this.#ask = ask;
    this.#signal = signal;
    this.#isOver = isOver;
    this.#left = [...targets];
  }

  /** Ends when all that was begun for it has ended, too. @throws ModelError; the signal's reason. */
  async run(): Promise<T> {
    const names = this.#left.map(({ plugin }) => plugin).join(", ");
    this.#means.budget.asked();
    this.#open();
    this.#hedgeLater();
    const all = (async () => {
      // Lanes are opened while others run.
      for (let at = 0; at < this.#running.length; at++) await this.#running[at];
    })();
    const none = all.then(() => {
      this.#signal.throwIfAborted();
      throw (
        this.#failure ??
        new ModelError(
          "model_overloaded",
          `${this.#means.name}: ${names} have failed too often, and are not asked for a while`,
        )
      );
    });
    try {
      return await Promise.race([this.#outcome.promise, none]);
    } finally {
      this.#cancelHedge();
      this.#endOthers(undefined);
      await all;
    }
  }

  #open(): void {
    const controller = new AbortController();
    const signal = AbortSignal.any([this.#signal, controller.signal]);
    const lane: OpenLane = {
      controller,
      signal,
      target: undefined,
      begin: () => {
        signal.throwIfAborted();
        if (this.#winner !== undefined) return;
        this.#winner = lane;
        this.#cancelHedge();
        this.#endOthers(lane);
      },
    };
    this.#lanes.add(lane);
    this.#running.push(this.#run(lane).finally(() => this.#lanes.delete(lane)));
  }

  #hedgeLater(): void {
    const { hedgeAfterMs } = this.#means.config;
    if (hedgeAfterMs === 0) return;
    this.#cancelHedge = byDeadline(hedgeAfterMs, () => {
      // Who comes back to the list after that has failed, and is no reason for another lane.
      if (this.#lanes.size === 0 || this.#left.length === 0 || !this.#means.budget.take()) return;
      this.#open();
      this.#hedgeLater();
    });
  }

  #endOthers(but: OpenLane | undefined): void {
    const given: Target[] = [];
    for (const lane of this.#lanes) {
      if (lane === but) continue;
      lane.controller.abort(new ModelError("cancelled", "another model was the first to begin"));
      if (lane.target !== undefined) given.push(lane.target);
    }
    // Nothing is known against them: they can be asked yet, where the first one fails after all.
    this.#left.unshift(...given);
  }

  async #run(lane: OpenLane): Promise<void> {
    for (let target = this.#left.shift(); target !== undefined; target = this.#left.shift()) {
      lane.target = target;
      if (!(await this.#goOn(lane, target))) return;
      lane.target = undefined;
    }
  }

  /** Asks it as often as it may be. @returns whether the next one is to be asked. */
  async #goOn(lane: OpenLane, target: Target): Promise<boolean> {
    const { attempts, backoffMaxMs } = this.#means.config;
    for (let attempt = 1; attempt <= attempts; attempt++) {
      let failure: ModelError;
      try {
        this.#outcome.resolve(await target.ask(() => this.#ask(target, lane)));
        return false;
      } catch (error) {
        if (lane.signal.aborted) return false;
        // Passed over: what it had failed with before says more.
        if (isBrokenCircuitError(error)) return true;
        failure = modelError(error, target.plugin);
      }
      this.#keep(failure);
      const route = routeOf(failure.code);
      if (route === "end" || this.#isOver()) {
        this.#left.length = 0;
        return false;
      }
      // Its own limit holds it back, and it has waited for that as long as it may.
      if (target.isUnproven(failure)) return true;
      const waitMs = this.#waitMs(attempt, failure);
      const isLast = attempt === attempts || target.isBroken || waitMs > backoffMaxMs;
      if (route === "next" || isLast || !this.#means.budget.take()) return true;
      try {
        await pause(waitMs, lane.signal);
      } catch {
        return false; // it was given up
      }
    }
    return true;
  }

  /** The last one is that of the answer; of those that say when to ask again, the soonest. */
  #keep(failure: ModelError): void {
    const { code, retryAfterMs = Number.POSITIVE_INFINITY } = this.#failure ?? {};
    const isSooner = code === failure.code && retryAfterMs <= (failure.retryAfterMs ?? Number.POSITIVE_INFINITY);
    if (code !== "model_rate_limit" || !isSooner) this.#failure = failure;
  }

  #waitMs(attempt: number, { retryAfterMs }: ModelError): number {
    if (retryAfterMs !== undefined) return retryAfterMs;
    const { backoffMs, backoffMaxMs } = this.#means.config;
    const most = Math.min(backoffMaxMs, backoffMs * 2 ** (attempt - 1));
    return most / 2 + (most / 2) * this.#means.random.next();
  }
}
