/** How often supervisors have started each child again since the program could be attached to, by their events. */
import { type MofaSystem, type RefData, refKey } from "../../index.ts";

/** Children that are remembered; past that, those whose last restart is the longest ago are forgotten. */
const childrenMax = 100_000;

interface Restarted {
  /** The child's actor now. */
  readonly ref: RefData;
  readonly count: number;
}

export class Restarts implements Disposable {
  readonly #children = new Map<string, Restarted>();
  readonly #stop: () => void;

  constructor({ events }: Pick<MofaSystem, "events">) {
    this.#stop = events.on("restarted", ({ former, ref }) => this.#note(former, ref));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** Of the child that this actor is. */
  of(ref: RefData): number {
    return this.#children.get(refKey(ref))?.count ?? 0;
  }

  /** The actors of the children with the most, at most so many. */
  most(limit: number): readonly RefData[] {
    return [...this.#children.values()]
      .sort((a, b) => b.count - a.count)
      .slice(0, limit)
      .map(({ ref }) => ref);
  }

  #note(former: RefData | undefined, ref: RefData): void {
    const key = former && refKey(former);
    const before = key === undefined ? undefined : this.#children.get(key);
    if (key !== undefined) this.#children.delete(key);
    this.#children.set(refKey(ref), { ref, count: (before?.count ?? 0) + 1 });
    const [oldest] = this.#children.size > childrenMax ? this.#children.keys() : [];
    if (oldest !== undefined) this.#children.delete(oldest);
  }
}
