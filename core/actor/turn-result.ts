/** What a handler may return beside its state or its answer. */

/** `init` returns it when it will call `ctx.initDone` in a later turn. */
export const initLater: unique symbol = Symbol.for("mofa.initLater") as never;

/** Whether a handler's result has to be awaited. One whose `then` cannot even be read is: awaiting it fails its turn. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return true;
  }
}
