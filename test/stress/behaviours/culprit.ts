/**
 * Runaway actors for the suite of kills: each does one thing for ever once it is told to go, and says in the instant before
 * that it begins. A message would leave its thread only with the drain that it never lets end, so it says so by a channel of
 * Node's own.
 */
import { BroadcastChannel } from "node:worker_threads";
import { type Context, defineActor, type Ref } from "../../../index.ts";

/** Where a culprit says its number. */
export const enteredChannel = "mofa.stress.entered";

export interface CulpritTask {
  readonly id: number;
  readonly kind: CulpritKind;
  /** A synchronous neighbour on its thread, and one on another. */
  readonly near: Ref;
  readonly far: Ref;
}

type Loop<R> = (task: CulpritTask, ctx: Context, enter: () => void) => R;

function forever(step: () => unknown): never {
  for (;;) step();
}

/** Some hundred nanoseconds. */
function spin(): void {
  for (let i = 0; i < 200; i++) Math.sqrt(i);
}

/** Of one culprit: several together, however late they are cut down, fill no mailbox, whose owner would miss what comes then. */
const noiseMax = 50_000;

/** Numbered, so that the receiver can tell that nothing is missing of what had been sent by the cut. */
function flood(id: number, to: Ref, ctx: Context): never {
  let number = 0;
  return forever(() => {
    if (number < noiseMax) ctx.cast(to, "noise", { id, number: number++ });
    spin();
  });
}

/** A message that is not over when it is read. */
const trap = (enter: () => void) => ({
  get value(): never {
    enter();
    return forever(spin);
  },
});

/** In the synchronous part of a turn. */
const atOnce = {
  empty: (_task, _ctx, enter) => {
    enter();
    for (;;);
  },
  loop: (_task, _ctx, enter) => {
    enter();
    forever(spin);
  },
  swallow: (_task, _ctx, enter) => {
    enter();
    for (;;) {
      try {
        forever(spin);
      } catch {
        spin();
      } finally {
        spin();
      }
    }
  },
  send: ({ id, near }, ctx, enter) => {
    enter();
    flood(id, near, ctx);
  },
  sendFar: ({ id, far }, ctx, enter) => {
    enter();
    flood(id, far, ctx);
  },
  family: (_task, ctx, enter) => {
    enter();
    forever(() => {
      const child = ctx.spawnLink(infant);
      ctx.unlink(child);
      ctx.demonitor(ctx.monitor(child));
      ctx.exit(child, "kill");
    });
  },
  timers: (_task, ctx, enter) => {
    enter();
    forever(() => ctx.cancelTimer(ctx.sendAfter(60_000, "never")));
  },
  regex: (_task, _ctx, enter) => {
    enter();
    /^(a+)+$/.test(`${"a".repeat(60)}b`);
  },
  toJson: (_task, _ctx, enter) => {
    JSON.stringify({
      toJSON: () => {
        enter();
        forever(spin);
      },
    });
  },
  getter: ({ near }, ctx, enter) => void ctx.send(near, trap(enter)),
  getterFar: ({ far }, ctx, enter) => void ctx.send(far, trap(enter)),
} satisfies Record<string, Loop<void>>;

/** Behind an await. */
const later = {
  afterAwait: async (_task, _ctx, enter) => {
    await Promise.resolve();
    enter();
    forever(spin);
  },
  afterCall: async ({ near }, ctx, enter) => {
    await ctx.call(near, "ping", undefined, { timeoutMs: Number.POSITIVE_INFINITY });
    enter();
    forever(spin);
  },
  afterTimer: async (_task, _ctx, enter) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    enter();
    forever(spin);
  },
  sendAfterAwait: async ({ id, near }, ctx, enter) => {
    await Promise.resolve();
    enter();
    flood(id, near, ctx);
  },
} satisfies Record<string, Loop<Promise<void>>>;

type AtOnce = keyof typeof atOnce;
type Later = keyof typeof later;
export type CulpritKind = AtOnce | Later;
export const culpritKinds = [...Object.keys(atOnce), ...Object.keys(later)] as readonly CulpritKind[];

export function isLater(kind: CulpritKind): kind is Later {
  return kind in later;
}

let channel: BroadcastChannel | undefined;

/** Says that this culprit begins now. */
export function say(id: number): void {
  if (channel === undefined) {
    channel = new BroadcastChannel(enteredChannel);
    channel.unref();
  }
  channel.postMessage(id);
}

const infant = defineActor({ receive: () => undefined });

/** Loops where it is told to go. */
export const looper = defineActor({
  init: (task: CulpritTask) => task,
  receive: (task, _go, ctx) => atOnce[task.kind as AtOnce](task, ctx, () => say(task.id)),
});

/** The same behind an await. */
export const sleepwalker = defineActor({
  init: (task: CulpritTask) => task,
  receive: async (task, _go, ctx) => await later[task.kind as Later](task, ctx, () => say(task.id)),
});
