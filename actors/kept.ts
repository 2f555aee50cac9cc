/** What actors that keep what they know in a store have in common: how they ask it, and what stands there beside their values. */
import {
  type Context,
  callProvider,
  checkMessage,
  describe,
  errorData,
  RuntimeError,
  storageCapability,
} from "../core/index.ts";
import { untilBack } from "./restarted.ts";

/** A value in the store, with the version of whoever wrote it. */
export interface Kept {
  readonly version: number;
  readonly value: unknown;
}

const askTimeoutMs = 30_000;
/**
 * Of whoever provides `storage`. It is asked anew while it is being started again: what is written says on what it follows, so
 * that something which was kept after all is no more than a `version_conflict`.
 * @throws what `callProvider` and the store fail with.
 */
export async function askStore(ctx: Context, call: string, argument: unknown): Promise<unknown> {
  return await untilBack(ctx.signal, () =>
    callProvider(ctx, storageCapability.name, call, argument, { timeoutMs: askTimeoutMs }),
  );
}

/** What is to be kept: a copy, since the state goes on changing. @throws RuntimeError `not_cloneable`: it is no data, with the path of what is none. */
export function copyOf<T>(state: T, what: string): T {
  try {
    checkMessage(state);
    return structuredClone(state);
  } catch (error) {
    throw new RuntimeError("not_cloneable", `${what}: ${errorData(error).message}`, { cause: error });
  }
}

/**
 * What was written by an actor of that kind.
 * @param what it is, for people. @param remedy where somebody else has written it.
 * @throws RuntimeError `storage_corrupt`: by somebody else; `storage_version`: by a newer behaviour.
 */
export function keptOf(
  stored: unknown,
  versionMax: number,
  { what, kind, remedy }: { readonly what: string; readonly kind: string; readonly remedy: string },
): Kept {
  const { version, value } = (typeof stored === "object" && stored !== null ? stored : {}) as Partial<Kept>;
  if (!Number.isSafeInteger(version) || (version as number) < 1)
    throw new RuntimeError("storage_corrupt", `${what} was written by no ${kind}: ${describe(stored)}: ${remedy}`);
  if ((version as number) > versionMax)
    throw new RuntimeError(
      "storage_version",
      `${what} is of version ${version}, and this behaviour knows up to ${versionMax}: run the newer one`,
    );
  return { version: version as number, value };
}

/** @throws RuntimeError `bad_argument`. */
export function assertWholeNumber(value: unknown, min: number, what: string): asserts value is number {
  if (Number.isSafeInteger(value) && (value as number) >= min) return;
  throw new RuntimeError("bad_argument", `${what} is a whole number from ${min}, got ${describe(value)}`);
}

/** The calls as callers see them: the state, and how it is kept, are no concern of theirs. */
export type PersistentHandlers<K> = {
  readonly [N in keyof K]: K[N] extends (state: never, argument: infer A, ...rest: never[]) => infer R
    ? (state: never, argument: A) => R
    : K[N] extends () => infer R
      ? () => R
      : never;
};
