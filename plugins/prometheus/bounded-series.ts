/**
 * Numbers by labels, as many as a bound allows: where there are more, those that are used least are counted as one. Whoever makes
 * up names fills no memory, and takes no place from who is used.
 */
import type { Labels, Sample } from "./exposition.ts";

/** Characters of a label's value. */
const valueCharsMax = 128;
export const other = "other";

interface Series<T> {
  readonly labels: Labels;
  readonly kept: T;
  uses: number;
}

class BoundedSeries<T> {
  readonly #most: number;
  readonly #make: () => T;
  readonly #fold: (into: T, from: T) => void;
  readonly #series = new Map<string, Series<T>>();
  #rest: Series<T> | undefined;

  /** @param fold adds what one has to another */
  constructor(most: number, make: () => T, fold: (into: T, from: T) => void) {
    this.#most = most;
    this.#make = make;
    this.#fold = fold;
  }

  of(given: Labels): T {
    const labels = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, shortened(value)]));
    const known = this.#series.get(keyOf(labels));
    if (known === undefined && this.#series.size - (this.#rest === undefined ? 0 : 1) >= this.#most) this.#makeRoom();
    const series = this.#series.get(keyOf(labels)) ?? this.#add(labels);
    series.uses++;
    return series.kept;
  }

  #add(labels: Labels): Series<T> {
    const series = { labels, kept: this.#make(), uses: 0 };
    this.#series.set(keyOf(labels), series);
    return series;
  }

  /** The one that was used least, the oldest of these, is counted with the others that have no series of their own. */
  #makeRoom(): void {
    let least: Series<T> | undefined;
    for (const series of this.#series.values())
      if (series !== this.#rest && series.uses < (least?.uses ?? Number.POSITIVE_INFINITY)) least = series;
    if (least === undefined) return;
    this.#series.delete(keyOf(least.labels));
    const rest = Object.fromEntries(Object.keys(least.labels).map((name) => [name, other]));
    this.#rest ??= this.#series.get(keyOf(rest)) ?? this.#add(rest);
    this.#fold(this.#rest.kept, least.kept);
  }

  get all(): readonly Series<T>[] {
    return [...this.#series.values()];
  }
}

export class Counts {
  readonly #series;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#series = new BoundedSeries(
      most,
      () => ({ count: 0 }),
      (into, from) => {
        into.count += from.count;
      },
    );
  }

  add(labels: Labels, count = 1): void {
    this.#series.of(labels).count += count;
  }

  get samples(): readonly Sample[] {
    return this.#series.all.map(({ labels, kept }) => ({ labels, value: kept.count }));
  }
}

export class Histograms {
  readonly #bounds: readonly number[];
  readonly #series;

  /** @param bounds upper ones, from the lowest; above the last is one more bucket */
  constructor(bounds: readonly number[], most: number) {
    this.#bounds = bounds;
    this.#series = new BoundedSeries(
      most,
      () => ({ buckets: new Array<number>(bounds.length + 1).fill(0), sum: 0 }),
      (into, from) => {
        into.sum += from.sum;
        for (const [at, count] of from.buckets.entries()) into.buckets[at] = (into.buckets[at] ?? 0) + count;
      },
    );
  }

  record(labels: Labels, value: number): void {
    const kept = this.#series.of(labels);
    const at = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? this.#bounds.length : at;
    kept.buckets[bucket] = (kept.buckets[bucket] ?? 0) + 1;
    kept.sum += value;
  }

  get samples(): readonly Sample[] {
    return this.#series.all.flatMap(({ labels, kept }) => {
      let count = 0;
      const buckets = kept.buckets.map((inBucket, at) => {
        count += inBucket;
        const le = this.#bounds[at];
        return { suffix: "_bucket", labels: { ...labels, le: le === undefined ? "+Inf" : String(le) }, value: count };
      });
      return [...buckets, { suffix: "_sum", labels, value: kept.sum }, { suffix: "_count", labels, value: count }];
    });
  }
}

/** Half a pair is no character of UTF-8: two that differ by that alone are one series. */
function shortened(value: string): string {
  return value.slice(0, valueCharsMax).toWellFormed();
}

function keyOf(labels: Labels): string {
  return JSON.stringify(labels);
}
