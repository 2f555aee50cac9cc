/** The clock on the wall, for what outlives the system's own, which begins anew with each run. */
import type { Kernel } from "../kernel/kernel.ts";

/** A time of the system's clock by that on the wall, or on a manual clock the same. */
export function wallOf({ host: { clock } }: Kernel, ms: number): number {
  const nowMs = clock.nowMs();
  return (clock.wallMs?.() ?? nowMs) + ms - nowMs;
}
