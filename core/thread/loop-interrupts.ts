/**
 * How soon code in a loop can be interrupted from outside.
 *
 * V8's middle compiler, Maglev, lets a loop look for interrupts only when the loop's budget towards the next compiler is
 * used up, and while that compiler is at work on the same function the budget is half of 2^31 bytes of bytecode: a loop
 * without calls that was cut just then ran on for 0.4 to 0.9 s, and for minutes where each round takes long. The flag
 * makes each round of a loop count a hundredfold: then it ran on for some milliseconds. Only `for (;;);`, which has no
 * byte to count, stays as it was. Neither the benchmarks of this repository nor a parser showed a difference in speed.
 *
 * It is a flag of the process. V8 reads it when it compiles a loop, so it may be set at any time.
 */
import { setFlagsFromString } from "node:v8";

const flag = "--osr-from-maglev-interrupt-scale-factor";
/** V8's own is 0.8. */
const factor = 100;

let isDone = false;

/** Once for the process; what its command line says about it stands. */
export function interruptLoopsSoon(): void {
  if (isDone) return;
  isDone = true;
  const isGiven = process.execArgv.some((argument) => argument.replaceAll("_", "-").startsWith(flag));
  if (!isGiven) setFlagsFromString(`${flag}=${factor}`);
}
