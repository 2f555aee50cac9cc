/** How often supervisors have started each child again since the program could be attached to, by their events. */
import { type MofaSystem, type RefData, refKey } from "../../index.ts";

/** Children that are remembered; past that, those whose last restart is the longest ago are forgotten. */
const childrenMax = 100_000;
/** Of their former actors the last so many: who looks may hear of a restart before it is told who lives. */
const formerMax = 1_000;

interface Restarted {
  /** The child's actor now. */
  readonly ref: RefData;
  readonly count: number;
}

export class Restarts implements Disposable {
  readonly #children = new Map<string, Restarted>();
  readonly #former = new Map<string, number>();
  readonly #stop: () => void;

  constructor({ events }: Pick<MofaSystem, "events">) {
    this.#stop = events.on("restarted", ({ former, ref }) => this.#note(former, ref));
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** Of the child that this actor is. */
  of(ref: RefData): number {
    const key = refKey(ref);
    return this.#children.get(key)?.count ?? this.#former.get(key) ?? 0;
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
    const count = before?.count ?? 0;
    if (key !== undefined) {
      this.#children.delete(key);
      this.#former.set(key, count);
    }
    this.#children.set(refKey(ref), { ref, count: count + 1 });
    dropOldest(this.#children, childrenMax);
    dropOldest(this.#former, formerMax);
  }
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  const [oldest] = map.size > max ? map.keys() : [];
  if (oldest !== undefined) map.delete(oldest);
}
