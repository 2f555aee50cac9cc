/** What a thread holds in memory. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** After a full collection, in bytes: the heap of the thread that asks, and the buffers beside it. */
export function heldBytes(): number {
  collect ??= exposedCollect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The engine's own; a context that is made after the flag has it, so nobody has to start Node with it. */
function exposedCollect(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
