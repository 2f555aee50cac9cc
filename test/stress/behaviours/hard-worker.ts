/** Works for so much time of its processor, which on a busy machine takes much longer. */
import { defineServer } from "../../../index.ts";

function usedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

export const hardWorker = defineServer({
  calls: {
    /** @returns how long it took by the clock. */
    work: (_s, ms: number, ctx) => {
      const beganMs = ctx.nowMs();
      const untilMs = usedMs() + ms;
      while (usedMs() < untilMs);
      return ctx.nowMs() - beganMs;
    },
    loop: () => {
      for (;;);
    },
  },
});
