/** One kernel with a host that counts what it posts, and a clock that stands still unless the test moves it. */
import type { Context } from "../../core/index.ts";
import { Kernel } from "../../core/kernel/kernel.ts";
import { SystemMemory } from "../../core/kernel/system-memory.ts";
import { SeededRandom } from "../../core/random.ts";

export interface LoneKernel {
  readonly kernel: Kernel;
  /** The program's. */
  readonly ctx: Context;
  /** How often a drain was asked for by the port, and the time in milliseconds. */
  readonly count: { posts: number; nowMs: number };
}

export function startLoneKernel({ isCuttable = true, hasBehind = true } = {}): LoneKernel {
  const count = { posts: 0, nowMs: 0 };
  const kernel: Kernel = new Kernel({
    thread: 0,
    memory: SystemMemory.create(1, 64, 0),
    host: {
      clock: { nowMs: () => count.nowMs, wakeAt: () => undefined, cancelWake: () => undefined },
      random: new SeededRandom(1),
      post: () => {
        count.posts++;
        setImmediate(() => kernel.scheduler.drain());
      },
      ...(hasBehind && { behind: (run: () => void) => void Promise.resolve().then(() => process.nextTick(run)) }),
      openWriter: () => undefined,
      ringBell: () => undefined,
      importModule: (url) => import(url) as Promise<Record<string, unknown>>,
      emit: () => undefined,
    },
    checks: false,
    isDedicated: false,
    isCuttable,
    guestReceives: () => undefined,
  });
  const { ctx } = kernel.guest;
  if (ctx === undefined) throw new Error("the program has no context");
  return { kernel, ctx, count };
}
