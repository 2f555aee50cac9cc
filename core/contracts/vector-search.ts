/** The exact search: every vector of a collection is compared, as of one moment, and those that are nearest are kept. */
import { nextLoop } from "../clock.ts";
import { RuntimeError } from "../errors.ts";
import { compareNames } from "./name-order.ts";
import type { StorageDriver } from "./storage-driver.ts";
import { vectorOfBytes } from "./stored-vector.ts";
import type { CheckedSearch } from "./vector-arguments.ts";
import type { FoundVector, VectorMetric } from "./vectors.ts";

type Numbers = Float32Array | Float64Array;

/** Candidates beyond those that are wanted, before the farthest are let go. */
const spare = 1_000;

/** @param isEnded nobody wants to know any more: what has been found by then is all. */
export async function searchVectors(
  driver: StorageDriver,
  search: CheckedSearch,
  isEnded: () => boolean,
): Promise<FoundVector[]> {
  const { collection, vector, k, metric, filter } = search;
  const dimension = await driver.dimensionOf(collection);
  if (dimension !== 0) assertDimension(collection, dimension, vector.length);
  const score = scorer(metric, vector);
  const compare = nearestFirst(metric);
  let nearest: FoundVector[] = [];
  for await (const page of driver.vectors(collection)) {
    for (const { id, value } of page) {
      const { numbers, metadata } = vectorOfBytes(value, collection, id);
      // Dropped and begun anew since it was looked at.
      assertDimension(collection, numbers.length, vector.length);
      if (!filter.every(([field, wanted]) => Object.hasOwn(metadata, field) && metadata[field] === wanted)) continue;
      const one = score(numbers);
      if (one !== undefined) nearest.push({ id, score: one, metadata });
    }
    if (nearest.length > k + spare) nearest = nearest.sort(compare).slice(0, k);
    // What takes long lets others in between.
    await new Promise<void>((resolve) => nextLoop(resolve));
    if (isEnded()) break;
  }
  return nearest.sort(compare).slice(0, k);
}

/** @throws RuntimeError `dimension_mismatch`. */
export function assertDimension(collection: string, is: number, given: number): void {
  if (is !== given)
    throw new RuntimeError(
      "dimension_mismatch",
      `"${collection}" has vectors of ${is} numbers, and this one has ${given}`,
    );
}

function nearestFirst(metric: VectorMetric): (a: FoundVector, b: FoundVector) => number {
  const sign = metric === "euclidean" ? 1 : -1;
  return (a, b) => (a.score === b.score ? compareNames(a.id, b.id) : sign * (a.score - b.score));
}

/** The score of one against that vector; undefined: it has none. */
function scorer(metric: VectorMetric, vector: Float64Array): (numbers: Numbers) => number | undefined {
  switch (metric) {
    case "dot":
      return (numbers) => dot(vector, numbers);
    case "euclidean":
      return (numbers) => distance(vector, numbers);
    case "cosine": {
      const largest = largestOf(vector); // above 0: a query of zeros was refused
      const scaled = vector.map((one) => one / largest);
      const length = Math.sqrt(dot(scaled, scaled));
      return (numbers) => cosine(scaled, length, numbers);
    }
  }
}

function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number);
  return sum;
}

function distance(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

/** @param scaled the query, whose length that is. Undefined: the other is zero, and has no direction. */
function cosine(scaled: Float64Array, length: number, numbers: Numbers): number | undefined {
  // Scaled as well, since the squares of small numbers are zero.
  const largest = largestOf(numbers);
  if (largest === 0) return undefined;
  let product = 0;
  let squares = 0;
  for (let at = 0; at < numbers.length; at++) {
    const one = (numbers[at] as number) / largest;
    product += one * (scaled[at] as number);
    squares += one * one;
  }
  // What is rounded may be a little more than a cosine can be.
  return Math.max(-1, Math.min(1, product / (length * Math.sqrt(squares))));
}

function largestOf(numbers: Numbers): number {
  let largest = 0;
  for (let at = 0; at < numbers.length; at++) largest = Math.max(largest, Math.abs(numbers[at] as number));
  return largest;
}
