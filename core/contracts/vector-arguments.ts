/** What is asked of vectors, checked. Each throws RuntimeError `bad_argument`. */
import { types } from "node:util";
import { RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedLimit, checkedName, wrong } from "./checked-values.ts";
import type { DriverWrite } from "./storage-driver.ts";
import { bytesOfVector } from "./stored-vector.ts";
import { type VectorMetric, type VectorNumbers, type VectorQuery, vectorMetrics } from "./vectors.ts";

const collectionLengthMax = 128;
const dimensionMax = 16_384;
/** So that no sum of products is infinite. */
const sizeMax = 1e100;
const nearestDefault = 10;

export interface CheckedSearch {
  readonly collection: string;
  readonly vector: Float64Array;
  readonly k: number;
  readonly metric: VectorMetric;
  readonly filter: readonly (readonly [string, unknown])[];
}

type Fields = Readonly<Record<string, unknown>>;

export function checkedPutVector({ collection, id, vector, metadata = {} }: Fields, where: string): DriverWrite {
  if (!isRecord(metadata)) throw wrong(where, "metadata is an object of data by field", metadata);
  const numbers = checkedVector(vector, where);
  return {
    type: "putVector",
    collection: checkedCollection(collection, where),
    id: checkedName(id, `${where}: id`),
    dimension: numbers.length,
    value: bytesOfVector(numbers, metadata, where),
  };
}

export function checkedDeleteVector({ collection, id }: Fields, where: string): DriverWrite {
  return {
    type: "deleteVector",
    collection: checkedCollection(collection, where),
    id: checkedName(id, `${where}: id`),
  };
}

export function checkedDropVectors({ collection }: Fields, where: string): DriverWrite {
  return { type: "dropVectors", collection: checkedCollection(collection, where) };
}

export function checkedVectorQuery(given: unknown): VectorQuery {
  assertKeys("getVector", given, ["collection", "id"]);
  const { collection, id } = given as Fields;
  return { collection: checkedCollection(collection, "getVector"), id: checkedName(id, "getVector: id") };
}

export function checkedSearch(given: unknown): CheckedSearch {
  const where = "searchVectors";
  assertKeys(where, given, ["collection", "vector", "k", "metric", "filter"]);
  const { collection, vector, k = nearestDefault, metric = "cosine", filter = {} } = given as Fields;
  if (!(vectorMetrics as readonly unknown[]).includes(metric))
    throw wrong(where, `metric is ${vectorMetrics.join(", ")}`, metric);
  if (!isRecord(filter)) throw wrong(where, "filter is an object of values by field", filter);
  for (const [field, value] of Object.entries(filter))
    if (!isScalar(value)) throw wrong(where, `filter.${field} is a text, a number, a boolean or null`, value);
  const numbers = Float64Array.from(checkedVector(vector, where));
  if (metric === "cosine" && numbers.every((one) => one === 0))
    throw new RuntimeError("bad_argument", `${where}: a vector of zeros has no direction, which cosine compares`);
  return {
    collection: checkedCollection(collection, where),
    vector: numbers,
    k: checkedLimit(k, where, "k"),
    metric: metric as VectorMetric,
    filter: Object.entries(filter),
  };
}

function checkedVector(given: unknown, where: string): VectorNumbers {
  const isList = Array.isArray(given) || types.isFloat64Array(given) || types.isFloat32Array(given);
  const what = `vector is a list of 1 to ${dimensionMax} numbers`;
  if (!isList) throw wrong(where, what, given);
  if (given.length === 0 || given.length > dimensionMax)
    throw new RuntimeError("bad_argument", `${where}: ${what}, got one of ${given.length}`);
  // By number, since a list with holes has fewer than it says.
  for (let at = 0; at < given.length; at++) {
    const one: unknown = given[at];
    if (!(typeof one === "number" && Math.abs(one) <= sizeMax))
      throw wrong(where, `vector[${at}] is a number of at most ${sizeMax} in size`, one);
  }
  return given as VectorNumbers;
}

function checkedCollection(value: unknown, where: string): string {
  return checkedName(value, `${where}: collection`, collectionLengthMax);
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.prototype.toString.call(value) === "[object Object]";
}

function isScalar(value: unknown): boolean {
  return value === null || ["string", "boolean"].includes(typeof value) || Number.isFinite(value);
}
