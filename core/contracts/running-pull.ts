/** A model that is being fetched by its provider: what comes of it on the way, and its end, whoever ends it. */
import { byDeadline } from "../clock.ts";
import type { PullProgress } from "./model.ts";
import type { PullOutlet } from "./model-driver.ts";
import { ModelError } from "./model-failure.ts";

/** Where it is told how far it is; undefined: the caller wants to know its end alone. */
export interface ProgressWriter {
  readonly signal: AbortSignal;
  write(progress: PullProgress): PromiseLike<unknown> | undefined;
}

/** However long it takes, but for a silence. @param controller whoever aborts it ends the fetch @throws its reason; what the driver throws. */
export async function runPull(
  pull: (out: PullOutlet) => Promise<void>,
  controller: AbortController,
  writer: ProgressWriter | undefined,
  silenceTimeoutMs: number | undefined,
): Promise<void> {
  const { signal } = controller;
  let cancelSilence = () => {};
  const heard = () => {
    cancelSilence();
    if (signal.aborted || silenceTimeoutMs === undefined) return;
    cancelSilence = byDeadline(silenceTimeoutMs, () =>
      controller.abort(
        new ModelError("model_network", `nothing came within silenceTimeoutMs (${silenceTimeoutMs}) of a model`),
      ),
    );
  };
  const left = () => controller.abort(new ModelError("cancelled", "nobody waits for the model any more"));
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  writer?.signal.addEventListener("abort", left, { once: true });
  if (writer?.signal.aborted === true) left();
  const write = async (progress: PullProgress) => {
    signal.throwIfAborted();
    // The provider does not have to answer for a slow reader.
    cancelSilence();
    await writer?.write(progress);
    heard();
  };
  try {
    heard();
    await Promise.race([aborted, pull({ signal, write })]);
  } finally {
    cancelSilence();
    writer?.signal.removeEventListener("abort", left);
    // Whatever the driver still has of it.
    controller.abort(new ModelError("cancelled", "the fetch of the model has ended"));
  }
}
