/** Vectors as stores keep them: a value like others, with its sum, of the numbers and what is said about them. */
import { types } from "node:util";
import { bytesOfValue, valueOfBytes } from "./stored-value.ts";
import type { VectorMetadata, VectorNumbers } from "./vectors.ts";

export interface DecodedVector {
  readonly numbers: Float32Array | Float64Array;
  readonly metadata: VectorMetadata;
}

/** @param where for people. @throws RuntimeError `not_cloneable` */
export function bytesOfVector(vector: VectorNumbers, metadata: VectorMetadata, where: string): Uint8Array {
  const numbers = types.isFloat32Array(vector) ? vector : Float64Array.from(vector);
  return bytesOfValue({ numbers, metadata }, where);
}

/** @throws RuntimeError `storage_corrupt` */
export function vectorOfBytes(bytes: Uint8Array, collection: string, id: string): DecodedVector {
  return valueOfBytes(bytes, `the vector "${id}" of "${collection}"`) as DecodedVector; // its sum says that it was made above
}
