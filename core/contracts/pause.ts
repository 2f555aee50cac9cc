/** Time that passes in a plugin, unless what it waits for is given up. */
import { byDeadline } from "../clock.ts";

/** @throws the signal's reason, by rejection. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (ms === 0) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const cancel = byDeadline(ms, resolve);
  const stop = () => {
    cancel();
    reject(signal.reason);
  };
  signal.addEventListener("abort", stop, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", stop));
}
