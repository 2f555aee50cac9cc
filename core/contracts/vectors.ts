/**
 * The part of the contract of storage that is about vectors: collections by name, each of one dimension, and an exact search, which
 * looks at every vector of its collection. What a search costs grows with the collection: some 100,000 vectors are its place.
 */

/**
 * At most 16,384 finite numbers, none above 1e100 in size. A `Float32Array` is kept in half the room of the others.
 */
export type VectorNumbers = readonly number[] | Float32Array | Float64Array;

/** Data by field, which a search's filter looks at. */
export type VectorMetadata = Readonly<Record<string, unknown>>;

/**
 * The first one of a collection fixes its dimension, until the collection is dropped.
 * @throws RuntimeError `dimension_mismatch`: the collection has another dimension.
 */
export interface PutVectorWrite {
  readonly type: "putVector";
  /** 1 to 128 characters. */
  readonly collection: string;
  /** Takes the place of the vector that had it. */
  readonly id: string;
  readonly vector: VectorNumbers;
  /** Default: none. */
  readonly metadata?: VectorMetadata;
}

export interface DeleteVectorWrite {
  readonly type: "deleteVector";
  readonly collection: string;
  readonly id: string;
}

/** All vectors of a collection, and its dimension: the next one may have another. */
export interface DropVectorsWrite {
  readonly type: "dropVectors";
  readonly collection: string;
}

export interface VectorQuery {
  readonly collection: string;
  readonly id: string;
}

export interface StoredVector {
  readonly id: string;
  readonly vector: readonly number[];
  readonly metadata: VectorMetadata;
}

/** `cosine`: of the angle; `dot`: the inner product; `euclidean`: the distance. */
export const vectorMetrics = ["cosine", "dot", "euclidean"] as const;
export type VectorMetric = (typeof vectorMetrics)[number];

/** @throws RuntimeError `dimension_mismatch`: the collection has another dimension; `bad_argument`: zero, by `cosine`. */
export interface VectorSearch {
  /** One that is not there has no vectors. */
  readonly collection: string;
  readonly vector: VectorNumbers;
  /** How many are found at most, 1 to 10,000. Default 10. */
  readonly k?: number;
  /** Default `cosine`, which passes over vectors that are zero. */
  readonly metric?: VectorMetric;
  /** Fields that the metadata must have, each with just that value. Default: none. */
  readonly filter?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The nearest first; of those that are as near, in the order of their ids' code points. */
export interface FoundVector {
  readonly id: string;
  /** By `cosine` and `dot` the nearest has the highest, by `euclidean` the lowest. */
  readonly score: number;
  readonly metadata: VectorMetadata;
}
