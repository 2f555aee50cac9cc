/** Publishes that main keeps, one after the other or many at once, until main has said so, or a member has acknowledged them. */
import { type Context, defineServer, type From, type Ref, startSystem } from "../../index.ts";
import type { Contender } from "../harness.ts";
import type { Repetition } from "./scenario.ts";
import { timeEach } from "./stopwatch.ts";
import { systemContender } from "./system-contender.ts";

export type KeepingVerb = "publish" | "queue" | "call";

export interface KeepingOptions {
  readonly name: string;
  /** `publish`: into a kept topic; `queue`: into an acknowledged queue; `call`: an actor on main, which keeps nothing. */
  readonly verb: KeepingVerb;
  /** Scheduler position of who publishes. */
  readonly from: number;
}

/** Messages that are under way at once. */
const window = 100;

/** On main: answers. */
export const answerer = defineServer({ calls: { number: (_state, number: number) => number } });

/** Acknowledges what it gets, and tells when it is so many. */
export const member = defineServer({
  init: async (maxInHand: number, ctx) => {
    await ctx.subscribe("benchmark.queue", { queue: "members", ack: true, maxInHand });
    return { left: 0, from: undefined as From | undefined };
  },
  calls: {
    acknowledged: (state, count: number, ctx) => {
      state.left += count;
      if (state.left === 0) return 0;
      state.from = ctx.from;
      return ctx.noReply;
    },
  },
  info: (state, message, ctx) => {
    ctx.ack(message);
    state.left--;
    if (state.left !== 0 || state.from === undefined) return;
    ctx.reply(state.from, 0);
    state.from = undefined;
  },
});

interface Play {
  readonly verb: KeepingVerb;
  readonly size: number;
}

interface Partners {
  readonly answerer: Ref;
  readonly member: Ref;
}

async function keptOne(verb: KeepingVerb, number: number, { answerer: to }: Partners, ctx: Context): Promise<number> {
  if (verb === "call") return (await ctx.call(to, "number", number)) as number; // as it answers
  await ctx.publish("benchmark.topic", number, { ack: true });
  return number;
}

/** All of them by a member, a window at a time; the result is that of one after the other. */
async function queued(size: number, { member: to }: Partners, ctx: Context): Promise<Repetition> {
  const startMs = performance.now();
  let result = 0;
  for (let first = 0; first < size; first += window) {
    const count = Math.min(window, size - first);
    const published = Array.from({ length: count }, (_, n) =>
      ctx.publish("benchmark.queue", first + n, { ack: true }).then(() => (result += first + n)),
    );
    await Promise.all([...published, ctx.call(to, "acknowledged", count)]);
  }
  return { result, elapsedMs: performance.now() - startMs };
}

/** Plays on its own thread; its partners are on main and on the first scheduler thread. */
export const keeper = defineServer({
  init: async (_none: undefined, ctx): Promise<Partners> => {
    await ctx.keepTopic("benchmark.topic", { messages: 10_000 });
    return {
      answerer: await ctx.start(answerer, undefined, { placement: { thread: 0 } }),
      member: await ctx.start(member, window, { placement: { thread: 1 } }),
    };
  },
  calls: {
    play: (partners, { verb, size }: Play, ctx): Promise<Repetition> =>
      verb === "queue"
        ? queued(size, partners, ctx)
        : timeEach(size, async (number, watch) => {
            watch.start();
            const kept = await keptOne(verb, number, partners, ctx);
            watch.lap();
            return kept;
          }),
  },
});

export function keeping({ name, verb, from }: KeepingOptions): Contender {
  const start = async () => {
    const system = await startSystem({ threads: 2, checks: false, turnLimitMs: 60_000 });
    return { system, driver: await system.spawn(keeper, undefined, { placement: { thread: from } }) };
  };
  return systemContender(name, start, ({ driver }, size) =>
    driver.call("play", { verb, size }, { timeoutMs: Number.POSITIVE_INFINITY }),
  );
}
