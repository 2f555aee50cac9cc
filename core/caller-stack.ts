/** Where the running code was called from, for reports. */
import { getCallSites } from "node:util";

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
