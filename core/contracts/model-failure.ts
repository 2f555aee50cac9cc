/** Why a model did not answer, by classes that hold for every provider: a router goes by them. */
import { type ErrorCode, errorData, RuntimeError } from "../errors.ts";
import type { ChatUsage } from "./model.ts";

export type ModelErrorCode = Extract<ErrorCode, `model_${string}`>;

interface ModelErrorDetails {
  readonly retryAfterMs?: number | undefined;
  readonly usage?: ChatUsage | undefined;
  readonly cause?: unknown;
}

/** A chat that failed. `code` is one of `model_…`, or what a call may fail with (`timeout`, `queue_full`, `killed`). */
export class ModelError extends RuntimeError {
  /** The provider wants to be asked again no sooner than in so long; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;
  /** What it has cost all the same, as far as the provider has counted it; undefined: it did not say, or no stream was read. */
  readonly usage: ChatUsage | undefined;

  constructor(
    code: ModelErrorCode | (string & {}),
    message: string,
    { retryAfterMs, usage, cause }: ModelErrorDetails = {},
  ) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.name = "ModelError";
    this.retryAfterMs = retryAfterMs;
    this.usage = usage;
  }
}

/** What a driver throws, as a failure of the contract: one that says nothing of its class is of the network. */
export function modelError(thrown: unknown, plugin: string): ModelError {
  if (thrown instanceof ModelError) return thrown;
  const { code, message } = errorData(thrown);
  // Where a server says what its protocol does not have, a package meets what it does not expect.
  const isMalformed = thrown instanceof SyntaxError || (thrown instanceof TypeError && thrown.cause === undefined);
  if (isMalformed) {
    // A parser quotes of what it could not read, which may be a part of a secret.
    const said = thrown instanceof SyntaxError ? "what came is no JSON" : message;
    return new ModelError("model_protocol", `${plugin}: ${said}`, { cause: thrown });
  }
  if (thrown instanceof RuntimeError) return new ModelError(thrown.code, message, { cause: thrown });
  const said = code === undefined ? message : `${message} (${code})`;
  return new ModelError("model_network", `${plugin}: ${said}`, { cause: thrown });
}

const longestRetryMs = 86_400_000;

/** What a header `Retry-After` (seconds, or a date), or `retry-after-ms`, says. @param nowMs the time of day */
export function retryAfterMs(headers: Headers | undefined, nowMs: number): number | undefined {
  const inMs = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (inMs >= 0) return Math.min(inMs, longestRetryMs);
  const said = headers?.get("retry-after") ?? undefined;
  if (said === undefined) return undefined;
  const seconds = Number(said);
  const ms = Number.isNaN(seconds) ? Date.parse(said) - nowMs : seconds * 1_000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), longestRetryMs);
}

/** What a status of HTTP means where the provider has said nothing better. */
export function codeOfStatus(status: number | undefined): ModelErrorCode {
  switch (status) {
    case 401:
    case 403:
      return "model_auth";
    case 402:
      return "model_quota";
    case 404:
      return "model_unknown";
    case 413:
      return "model_context";
    case 429:
      return "model_rate_limit";
    case 408:
    case undefined:
      return "model_network";
    default:
      return status >= 500 ? "model_overloaded" : "model_rejected";
  }
}

/** A failure that a package has wrapped into one of its own, once or twice; undefined: there is none. */
export function modelErrorWithin(error: unknown): ModelError | undefined {
  let cause = error;
  for (let depth = 0; depth < 4 && cause instanceof Error; depth++) {
    if (cause instanceof ModelError) return cause;
    cause = cause.cause;
  }
  return undefined;
}
