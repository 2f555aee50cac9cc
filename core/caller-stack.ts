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
 * Rejects with `error`, whose stack is then that of whoever awaits the promise that is resolved with this one: those frames
 * cost nothing until a promise fails. V8 finds them from the function that runs, by the promises that wait for its own; so
 * it is asked once these wait for each other.
 */
export async function failedAtCaller(error: Error): Promise<never> {
  // After the first the outer promise subscribes, after the second that has happened.
  await Promise.resolve();
  await Promise.resolve();
  captureStackTrace(error, failedAtCaller);
  throw error;
}
