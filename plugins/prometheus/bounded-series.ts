/** Numbers by labels, as many as a bound allows: whoever makes up names fills one more, and no memory. */
import type { Labels, Sample } from "./exposition.ts";

/** Characters of a label's value. */
const valueCharsMax = 128;
export const other = "other";

interface Series<T> {
  readonly labels: Labels;
  readonly kept: T;
}

class BoundedSeries<T> {
  readonly #most: number;
  readonly #make: () => T;
  readonly #series = new Map<string, Series<T>>();

  constructor(most: number, make: () => T) {
    this.#most = most;
    this.#make = make;
  }

  of(given: Labels): T {
    const labels = Object.fromEntries(Object.entries(given).map(([name, value]) => [name, shortened(value)]));
    return this.#find(labels) ?? this.#add(labels) ?? this.#rest(labels);
  }

  #find(labels: Labels): T | undefined {
    return this.#series.get(keyOf(labels))?.kept;
  }

  #add(labels: Labels): T | undefined {
    if (this.#series.size >= this.#most) return undefined;
    const kept = this.#make();
    this.#series.set(keyOf(labels), { labels, kept });
    return kept;
  }

  /** Beyond the bound there is one more, of all that have no series of their own. */
  #rest(labels: Labels): T {
    const rest = Object.fromEntries(Object.keys(labels).map((name) => [name, other]));
    const known = this.#find(rest);
    if (known !== undefined) return known;
    const kept = this.#make();
    this.#series.set(keyOf(rest), { labels: rest, kept });
    return kept;
  }

  get all(): readonly Series<T>[] {
    return [...this.#series.values()];
  }
}

export class Counts {
  readonly #series;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#series = new BoundedSeries(most, () => ({ count: 0 }));
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
    this.#series = new BoundedSeries(most, () => ({ buckets: new Array<number>(bounds.length + 1).fill(0), sum: 0 }));
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
