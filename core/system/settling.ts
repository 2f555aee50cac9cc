/**
 * When a system is settled: no thread has anything to do but to wait for the clock, and nothing is on its way.
 *
 * Mattern's four-counter method: the sums of frames sent and handled are read twice, with every thread idle both times.
 * If all four are equal, nothing was on its way in between. Polled from main, between its own turns.
 */
import { afterMs, nextLoop } from "../clock.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** Looks through `setImmediate` before it goes slower. */
const eagerLooks = 500;

interface Look {
  readonly isIdle: boolean;
  readonly sent: number;
  readonly received: number;
}

/**
 * Also ends when the system has stopped: then nothing moves any more, whatever its threads said last.
 * @param hasManualClock whether timers that are due count as work
 */
export async function settled(kernel: Kernel, hasManualClock: boolean): Promise<void> {
  let before: Look | undefined;
  for (let looks = 0; ; looks++) {
    await new Promise<void>((resolve) => {
      if (looks < eagerLooks) nextLoop(resolve);
      else afterMs(1, resolve);
    });
    if (kernel.isClosed) return;
    const now = look(kernel, hasManualClock);
    if (
      now.isIdle &&
      before?.isIdle === true &&
      before.sent === now.sent &&
      before.received === now.received &&
      now.sent === now.received
    ) {
      return;
    }
    before = now;
  }
}

function look(kernel: Kernel, hasManualClock: boolean): Look {
  const memory = kernel.memory;
  let isIdle = true;
  let sent = 0;
  let received = 0;
  for (const thread of memory.threadsUp()) {
    if (memory.isBusy(thread) || memory.hasLossToTake(thread)) isIdle = false;
    if (hasManualClock && memory.nextDueMs(thread) <= memory.manualMs) isIdle = false;
    sent = (sent + memory.sent(thread)) | 0;
    received = (received + memory.received(thread)) | 0;
  }
  return { isIdle, sent, received };
}
