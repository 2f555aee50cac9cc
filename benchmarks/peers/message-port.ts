/**
 * The floor between threads: two worker threads and one MessagePort. No address, no bound, no order beyond the
 * port's; every post is a structured clone. The far side is `message-port-echo.ts`.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { document } from "./document.ts";
import type { EchoPost, FromEcho, ToEcho } from "./message-port-echo.ts";
import {
  batchMessages,
  objectWindowMessages,
  oneWayWindowMessages,
  pairsAtOnce,
  type Repetition,
  type Scenarios,
} from "./scenario.ts";
import { Stopwatch } from "./stopwatch.ts";
import { siblingModule, youngGenerationMb } from "./thread-contender.ts";

const { port1: port, port2: farPort } = new MessageChannel();
new Worker(siblingModule("message-port-echo", import.meta.url), {
  workerData: { port: farPort },
  transferList: [farPort],
  resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
}).on("error", (error) => {
  throw error;
});

/** Plays with `onMessage` until it calls `done`; the port has one listener at a time. */
function play(start: () => void, onMessage: (message: FromEcho, done: () => void) => void): Promise<number> {
  return new Promise((resolve) => {
    const listener = (message: FromEcho): void => onMessage(message, done);
    const done = (): void => {
      const elapsedMs = performance.now() - startMs;
      port.off("message", listener);
      resolve(elapsedMs);
    };
    port.on("message", listener);
    const startMs = performance.now();
    start();
  });
}

const post = (message: EchoPost): void => port.postMessage(message);

async function roundTrip(trips: number): Promise<Repetition> {
  const watch = new Stopwatch(trips);
  let trip = 0;
  const ping = (): void => {
    watch.start();
    post({ type: "ping", pair: 0, number: trip });
  };
  const elapsedMs = await play(ping, (message, done) => {
    watch.lap();
    if (message.type === "pong" && message.number === trip) trip += 1;
    if (trip < trips) ping();
    else done();
  });
  return { result: trip, elapsedMs, latenciesUs: watch.lapsUs };
}

async function pairs(trips: number): Promise<Repetition> {
  const tripsOf = Array.from({ length: pairsAtOnce }, () => 0);
  let started = 0;
  let finished = 0;
  const ping = (pair: number): void => {
    started += 1;
    post({ type: "ping", pair, number: started });
  };
  const elapsedMs = await play(
    () => tripsOf.slice(0, trips).forEach((_, pair) => ping(pair)),
    (message, done) => {
      if (message.type !== "pong") return;
      tripsOf[message.pair] = (tripsOf[message.pair] ?? 0) + 1;
      finished += 1;
      if (started < trips) ping(message.pair);
      else if (finished === trips) done();
    },
  );
  return { result: tripsOf.reduce((sum, count) => sum + count, 0), elapsedMs };
}

/** Sends windows of `make(number)`, `batch` to a post, each window acknowledged with its total. */
function inWindows(window: number, batch: number, make: (number: number) => ToEcho) {
  return async (messages: number): Promise<Repetition> => {
    let sent = 0;
    let result = 0;
    const sendWindow = (): void => {
      const end = Math.min(messages, sent + window);
      while (sent < end) {
        if (batch === 1) {
          post(make(sent));
          sent += 1;
        } else {
          const several: ToEcho[] = [];
          for (; several.length < batch && sent < end; sent += 1) several.push(make(sent));
          post(several);
        }
      }
      post({ type: "get" });
    };
    const elapsedMs = await play(sendWindow, (message, done) => {
      if (message.type === "total") result += message.total;
      if (sent < messages) sendWindow();
      else done();
    });
    return { result, elapsedMs };
  };
}

const add = (): ToEcho => ({ type: "add", by: 1 });

export const scenarios: Scenarios = {
  "round-trip": roundTrip,
  pairs,
  "one-way": inWindows(oneWayWindowMessages, 1, add),
  objects: inWindows(objectWindowMessages, 1, document),
  "one-way-batched": inWindows(oneWayWindowMessages, batchMessages, add),
  "objects-batched": inWindows(objectWindowMessages, batchMessages, document),
};
