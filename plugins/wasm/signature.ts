/** Types of functions: what a module has, and what it must have. */

/** The types that cross to JavaScript as numbers; i64 as a bigint. */
export const numberTypes = ["i32", "i64", "f32", "f64"] as const;
export type NumberType = (typeof numberTypes)[number];

export interface Signature<T extends string = NumberType> {
  readonly parameters: readonly T[];
  readonly results: readonly T[];
}

export function isNumberType(value: unknown): value is NumberType {
  return (numberTypes as readonly unknown[]).includes(value);
}

/** `(i32, i32) -> i64` */
export function signatureText({ parameters, results }: Signature<string>): string {
  return `(${parameters.join(", ")}) -> ${results.length === 1 ? results[0] : `(${results.join(", ")})`}`;
}

export function isSameSignature(one: Signature<string>, other: Signature<string>): boolean {
  return signatureText(one) === signatureText(other);
}
