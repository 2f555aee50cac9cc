/** What goes on beside runaway actors: numbers that cross between threads, trees at work, requests and streams. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { defineActor, defineServer, type RefData } from "../../../index.ts";

/** Two of these on two threads send one number to and fro, which grows. */
export const crosser = defineServer({
  init: () => ({ last: -1, count: 0, gaps: 0 }),
  calls: { tally: ({ count, gaps }) => ({ count, gaps }) },
  casts: {
    ball: (state, { number, from }: { number: number; from: RefData }, ctx) => {
      if (state.last >= 0 && number !== state.last + 2) state.gaps++;
      state.last = number;
      state.count++;
      ctx.cast(from, "ball", { number: number + 1, from: ctx.self });
    },
  },
});

/** Crashes a few times a second, and says when it starts. */
export const crasher = defineActor({
  init: (listener: RefData, ctx) => {
    ctx.send(listener, "started");
    ctx.sendAfter(50 + ctx.random() * 100, "crash");
  },
  receive: () => {
    throw new Error("planned");
  },
});

/** Counts what it gets. */
export const counter = defineServer({
  init: () => ({ count: 0 }),
  calls: { count: (state) => state.count },
  info: (state) => void state.count++,
});

/** Serves itself over HTTP and reads the answer by a stream, again and again. */
export const browser = defineServer({
  init: async (_none: undefined, ctx) => {
    const server = createServer((request, response) => {
      Readable.from([`answer `, `to `, request.url ?? ""]).pipe(response);
    }).listen(0, "127.0.0.1");
    await new Promise((listening) => server.once("listening", listening));
    server.unref();
    ctx.cast(ctx.self, "go");
    return { port: (server.address() as AddressInfo).port, count: 0, wrong: 0 };
  },
  calls: { tally: ({ count, wrong }) => ({ count, wrong }) },
  casts: {
    go: async (state, _none: undefined, ctx) => {
      const path = `/${state.count}`;
      // A request belongs to nobody's record: `ctx.task` brings it into this actor's.
      const text = await ctx.task(
        fetch(`http://127.0.0.1:${state.port}${path}`, { signal: ctx.signal }).then((response) => response.text()),
      );
      if (text !== `answer to ${path}`) state.wrong++;
      state.count++;
      ctx.cast(ctx.self, "go");
    },
  },
});
