/**
 * Errors that nobody caught, on a worker: taken before any listener of the program's, and whatever becomes of those.
 *
 * Node calls `process.emit` for them, and ends the thread when that answers false or throws. A listener would be gone with
 * the first `process.removeAllListeners()`, so `emit` itself is the runtime's. The listeners of the program run as ever.
 */
import { EventEmitter } from "node:events";

type Emit = (this: unknown, event: string | symbol, ...args: readonly unknown[]) => boolean;
type Unhandled = (error: unknown, promise: object | undefined) => void;
type Capture = ((error: unknown) => unknown) | null;

/** Node ends the thread where one of these is not handled, or a listener of it throws. */
const rejection = "unhandledRejection";
const exception = "uncaughtException";
const monitor = "uncaughtExceptionMonitor";

/** On a worker: the whole process object is the thread's own. */
export function takeErrors(unhandled: Unhandled): void {
  const ours = new WeakSet<Emit>();
  let passedOn: { readonly event: string | symbol; readonly error: unknown } | undefined;
  const over = (next: Emit): Emit => {
    const emit: Emit = function (this, event, ...args) {
      if (event !== rejection && event !== exception && event !== monitor)
        return Reflect.apply(next, this, [event, ...args]);
      const [error, promise] = args;
      try {
        // One that was set by the program calls the one that it has found.
        if (passedOn?.event !== event || passedOn.error !== error) {
          passedOn = { event, error };
          if (event !== monitor) unhandled(error, event === rejection ? (promise as object) : undefined);
        }
        Reflect.apply(next, this, [event, ...args]);
      } catch (thrown) {
        unhandled(thrown, undefined);
      } finally {
        passedOn = undefined;
      }
      return true;
    };
    ours.add(emit);
    return emit;
  };
  let emit = over(function (this, ...args) {
    return Reflect.apply(EventEmitter.prototype.emit, this, args);
  });
  Object.defineProperty(process, "emit", {
    get: () => emit,
    set: (next: Emit) => {
      emit = ours.has(next) ? next : over(next);
    },
  });
  guardCaptures(unhandled);
}

/** Callbacks that a program has set to be called instead: what they throw would end the thread as well. */
function guardCaptures(unhandled: Unhandled): void {
  const guarded = (capture: Capture): Capture => {
    // Node refuses what is no function.
    if (typeof capture !== "function") return capture;
    return (error) => {
      try {
        return capture(error);
      } catch (thrown) {
        unhandled(thrown, undefined);
        return true;
      }
    };
  };
  // Written by name: not every version of Node has both, nor do its types.
  const own = process as unknown as Record<string, ((capture: Capture) => void) | undefined>;
  for (const name of ["setUncaughtExceptionCaptureCallback", "addUncaughtExceptionCaptureCallback"]) {
    const set = own[name];
    if (set !== undefined) own[name] = (capture) => set(guarded(capture));
  }
}
