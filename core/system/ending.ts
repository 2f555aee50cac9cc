/** The end of everybody who is left when the trees are down. */
import { afterMs, stopwatchMs } from "../clock.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** Time for all that is left to end by itself. */
const endingMs = 5_000;
const looksMs = 2;

/** Every actor is told to end; resolves when none is left, or when the time is over. */
export async function endActors(kernel: Kernel): Promise<void> {
  const untilMs = stopwatchMs() + endingMs;
  for (const thread of kernel.memory.threadsUp()) {
    if (thread === kernel.thread) kernel.lifecycle.shutDown();
    else kernel.peers.push(thread, FrameKind.shutDown, { slot: 0, generation: 0 }, kernel.guest, 0, undefined);
  }
  while (stopwatchMs() < untilMs && isAnybodyLeft(kernel)) {
    await new Promise<void>((resolve) => {
      afterMs(looksMs, resolve);
    });
  }
}

function isAnybodyLeft(kernel: Kernel): boolean {
  return kernel.memory.threadsUp().some((thread) => kernel.memory.actors(thread) > 0);
}
