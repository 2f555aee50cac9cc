/** What a program that is to be killed says: a line each, which has reached the pipe when the next thing happens. */
import { writeSync } from "node:fs";

/** Waits where the reader is behind: the pipe is full then, and refuses. */
export function say(line: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0; ) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(pause, 0, 0, 1);
    }
  }
}
