/** Standard Schema, version 1 (standardschema.dev): what zod, valibot, arktype and others give, as far as it is used here. */
import { describe, errorData, RuntimeError } from "../errors.ts";

export interface StandardSchema<out T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    /** For types alone. */
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Where in the value it is; empty: the value as a whole. */
export function keysOf({ path = [] }: StandardIssue): string[] {
  return path.map((part) => String(typeof part === "object" ? part.key : part));
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  const standard = (value as { readonly "~standard"?: unknown })["~standard"];
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof (standard as { readonly validate?: unknown }).validate === "function"
  );
}

/**
 * What the schema says of a value. A schema is code from elsewhere, which throws where its author did not think of a value:
 * that is a value that it refuses.
 *
 * @throws RuntimeError `bad_configuration`: it throws, or what it says is no word of a Standard Schema.
 */
export async function validatedBy<T>(schema: StandardSchema<T>, value: unknown): Promise<StandardResult<T>> {
  let result: unknown;
  try {
    result = await schema["~standard"].validate(value);
    if (isResult(result)) return result as StandardResult<T>;
  } catch (error) {
    const { message } = errorData(error);
    throw new RuntimeError("bad_configuration", `the schema fails over it: ${message}`, { cause: error });
  }
  throw new RuntimeError("bad_configuration", `the schema says ${describe(result)}, not what a Standard Schema says`);
}

function isResult(result: unknown): boolean {
  if (typeof result !== "object" || result === null) return false;
  const { issues } = result as { readonly issues?: unknown };
  return issues === undefined ? "value" in result : Array.isArray(issues) && issues.every(isIssue);
}

function isIssue(issue: unknown): boolean {
  if (typeof issue !== "object" || issue === null) return false;
  const { message, path } = issue as { readonly message?: unknown; readonly path?: unknown };
  return typeof message === "string" && (path === undefined || (Array.isArray(path) && !path.includes(null)));
}
