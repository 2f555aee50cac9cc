/** Where the running code was called from, for reports; and who awaits a promise, for the error that it fails with. */
import { getCallSites } from "node:util";

// A program may put another in its place.
const { captureStackTrace } = Error;

/** Frames that are kept. */
const framesMax = 60;

/**
 * The callers of the function that asks, as an error's stack has them. Not by `new Error().stack`: that would call a
 * program's own `Error.prepareStackTrace`.
 */
export function callerStack(): string {
  return getCallSites(framesMax)
    .slice(2)
    .map(
      ({ functionName, scriptName, lineNumber, columnNumber }) =>
        `    at ${functionName === "" ? "<anonymous>" : functionName} (${scriptName}:${lineNumber}:${columnNumber})`,
    )
    .join("\n");
}

/**
 * Gives `error` the stack of whoever awaits a promise, and then lets it fail: those frames cost nothing until one does. V8
 * finds them from the function that runs, by the promises that wait for its own, so the other one is made to.
 * @param resolve of that promise, as the language made it: by any other function V8 does not find the way.
 */
export function failAtCaller(error: Error, resolve: (value: never) => void, reject: () => void): void {
  async function fail(): Promise<void> {
    // Not before it is waited for.
    await Promise.resolve();
    captureStackTrace(error, fail);
    reject();
  }
  // What is rejected stays so.
  void fail().then(resolve as () => void);
}
