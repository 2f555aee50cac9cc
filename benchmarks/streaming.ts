/** The actors of `streams.ts`: a driver that reads numbers from another, by a stream or by plain messages, and asks by topic. */
import { defineServer, type Envelope, type From, type Ref } from "../index.ts";
import { current, type DriverPlace, driver, Play, there } from "./drivers.ts";
import type { Repetition } from "./peers/scenario.ts";

const topic = "sums.of.the.day";

/** Gives the numbers below a size; and adds up what it is asked by topic. */
export const numbers = defineServer({
  init: async (_: undefined, ctx) => {
    await ctx.subscribe(topic);
    return { total: 0 };
  },
  calls: {
    stream: async (_state, size: number, ctx) => {
      const out = ctx.stream(ctx.from);
      for (let number = 0; number < size; number += 1) {
        const wait = out.write(number);
        if (wait !== undefined) await wait;
      }
    },
    take: (state) => {
      state.total = 0;
    },
  },
  casts: {
    send: (_state, { to, size }: { readonly to: Ref; readonly size: number }, ctx) => {
      for (let number = 0; number < size; number += 1) ctx.send(to, number);
    },
  },
  info: (state, message, ctx) => {
    const { message: by, replyTo } = message as Envelope;
    state.total += by as number;
    ctx.reply(replyTo as From, state.total);
  },
});

export const streamDriver = driver({
  init: (place: DriverPlace, ctx) => ({ numbers: ctx.spawn(numbers, undefined, there(place)) }),
  play: async (state, size: number, ctx): Promise<Repetition> => {
    const startMs = performance.now();
    let result = 0;
    for await (const number of ctx.callStream(state.numbers, "stream", size)) result += number as number;
    return { result, elapsedMs: performance.now() - startMs };
  },
});

/** Without a bound on what is under way: what a stream's credit costs is part of the question. */
export const sendStreamDriver = driver({
  init: (place: DriverPlace, ctx) => ({
    numbers: ctx.spawn(numbers, undefined, there(place)),
    play: undefined as Play | undefined,
    sum: 0,
  }),
  play: (state, size: number, ctx) => {
    state.sum = 0;
    state.play = new Play(size, ctx);
    ctx.cast(state.numbers, "send", { to: ctx.self, size });
    return ctx.noReply;
  },
  info: (state, message, ctx) => {
    const play = current(state.play);
    state.sum += message as number;
    if (message === play.size - 1) play.answer(ctx, { result: state.sum, elapsedMs: play.elapsedMs() });
  },
});

export const requestDriver = driver({
  init: (place: DriverPlace, ctx) => ({ numbers: ctx.spawn(numbers, undefined, there(place)) }),
  play: async (state, size: number, ctx): Promise<Repetition> => {
    // Answered when it has subscribed.
    await state.numbers.call("take");
    const startMs = performance.now();
    let result = 0;
    for (let made = 0; made < size; made += 1) result = (await ctx.request(topic, 1)) as number;
    return { result, elapsedMs: performance.now() - startMs };
  },
});
