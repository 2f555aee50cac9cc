/** What streams take beside what they ask for, and what of it is refused: `bad_argument`. */
import type { From, StreamOptions } from "../actor/context.ts";
import { publishKeys } from "../bus/publish-options.ts";
import { checkedSignal, checkedTime } from "../bus/request-options.ts";
import { describe, RuntimeError } from "../errors.ts";
import { callTimeoutMs } from "../kernel/calls.ts";
import { assertTrace, partsOf } from "../kernel/verb-arguments.ts";

export const streamKeys = [
  "idleTimeoutMs",
  "timeoutMs",
  "window",
  "signal",
  "trace",
] as const satisfies readonly (keyof StreamOptions)[];

export const requestStreamKeys: readonly string[] = [...publishKeys, ...streamKeys];

const windowDefault = 256;
const windowMax = 65_536;

export function givenUp(name: string): RuntimeError {
  return new RuntimeError("cancelled", `the stream "${name}" was given up`);
}

export interface CheckedStreamOptions {
  readonly idleTimeoutMs: number;
  readonly timeoutMs: number;
  readonly window: number;
  readonly signal: AbortSignal | undefined;
  readonly trace: string | undefined;
}

export function checkedStreamOptions(options: StreamOptions, verb: string): CheckedStreamOptions {
  const { window = windowDefault } = options;
  if (!isWindow(window))
    throw new RuntimeError(
      "bad_argument",
      `${verb} wants window as a whole number from 1 to ${windowMax}, got ${describe(window)}`,
    );
  assertTrace(options.trace, verb);
  return {
    idleTimeoutMs: checkedTime(options.idleTimeoutMs, `${verb} wants idleTimeoutMs`) ?? callTimeoutMs,
    timeoutMs: checkedTime(options.timeoutMs, `${verb} wants timeoutMs`) ?? Number.POSITIVE_INFINITY,
    window,
    signal: checkedSignal(options.signal, verb),
    trace: options.trace,
  };
}

export type ReaderToken = Required<Omit<From, "trace">>;

/** The token of somebody who reads a stream, with how many chunks may be on their way. */
export function readerOf(from: From | undefined, creation: number): ReaderToken {
  partsOf(from as From, "stream", creation);
  const { caller, id, stream } = from as From; // it has parts
  if (stream === undefined || !isWindow(stream))
    throw new RuntimeError(
      "bad_argument",
      `stream wants the token of somebody who reads a stream (callStream, requestStream), got ${describe(from)}`,
    );
  return { caller, id, stream };
}

function isWindow(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= windowMax;
}
