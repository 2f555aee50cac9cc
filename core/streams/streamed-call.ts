/** A call that is answered by a stream, for a caller who wants the answer, and of the chunks to be told. */
import type { StreamOptions, StreamReader } from "../actor/context.ts";
import type { CallOptions } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";

/** @throws RuntimeError `bad_argument`. */
export function assertStreamListener(stream: unknown, verb: string): void {
  if (typeof stream === "function") return;
  throw new RuntimeError("bad_argument", `${verb}: stream is a function that gets each chunk, got ${describe(stream)}`);
}

/**
 * @param open makes the stream
 * @throws what the call fails with, by rejection; what the listener throws, which gives the call up.
 */
export async function streamedCall(
  open: (options: StreamOptions) => StreamReader,
  { stream, timeoutMs, trace }: CallOptions & Required<Pick<CallOptions, "stream" | "timeoutMs">>,
): Promise<unknown> {
  const idleTimeoutMs = Number.POSITIVE_INFINITY; // the call as a whole has its time
  const reader = open({ timeoutMs, idleTimeoutMs, ...(trace !== undefined && { trace }) });
  for await (const chunk of reader) await stream(chunk);
  return reader.result;
}
