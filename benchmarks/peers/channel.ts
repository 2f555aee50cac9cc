/**
 * The runtime's transport alone: two worker threads, a ring each way, a bell at a MessagePort. No actors, mailboxes or
 * links; what these add is the runtime's own figure. The far side is `channel-echo.ts`.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { createRing } from "../../core/thread/ring.ts";
import { Duplex, type DuplexData } from "./channel-duplex.ts";
import { document } from "./document.ts";
import type { FromEcho, ToEcho } from "./message-port-echo.ts";
import {
  objectWindowMessages,
  oneWayWindowMessages,
  pairsAtOnce,
  type Repetition,
  type Scenarios,
} from "./scenario.ts";
import { Stopwatch } from "./stopwatch.ts";
import { siblingModule, youngGenerationMb } from "./thread-contender.ts";

const { port1, port2 } = new MessageChannel();
const [there, back] = [createRing(), createRing()];
const far: DuplexData = { out: back, in: there, bell: port2 };
new Worker(siblingModule("channel-echo", import.meta.url), {
  workerData: far,
  transferList: [port2],
  resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
}).on("error", (error) => {
  throw error;
});
const duplex = new Duplex({ out: there, in: back, bell: port1 });

/** Plays with `onMessage` until it calls `done`; `more` sends what is due, up to the first refusal. */
function play(more: () => void, onMessage: (message: FromEcho, done: () => void) => void): Promise<number> {
  return new Promise((resolve) => {
    const startMs = performance.now();
    const done = (): void => {
      duplex.stop();
      resolve(performance.now() - startMs);
    };
    duplex.start(more, (message) => onMessage(message as FromEcho, done)); // the echo sends nothing else
  });
}

async function roundTrip(trips: number): Promise<Repetition> {
  const watch = new Stopwatch(trips);
  let [sent, trip] = [0, 0];
  const more = (): void => {
    if (sent > trip || trip === trips) return;
    watch.start();
    if (duplex.send({ type: "ping", pair: 0, number: sent })) sent += 1;
  };
  const elapsedMs = await play(more, (message, done) => {
    watch.lap();
    if (message.type === "pong" && message.number === trip) trip += 1;
    if (trip === trips) done();
  });
  return { result: trip, elapsedMs, latenciesUs: watch.lapsUs };
}

async function pairs(trips: number): Promise<Repetition> {
  const tripsOf = Array.from({ length: pairsAtOnce }, () => 0);
  const due = tripsOf.map((_, pair) => pair);
  let [started, finished] = [0, 0];
  const more = (): void => {
    for (let pair = due.pop(); pair !== undefined && started < trips; pair = due.pop()) {
      if (!duplex.send({ type: "ping", pair, number: started })) {
        due.push(pair);
        return;
      }
      started += 1;
    }
  };
  const elapsedMs = await play(more, (message, done) => {
    if (message.type !== "pong") return;
    tripsOf[message.pair] = (tripsOf[message.pair] ?? 0) + 1;
    due.push(message.pair);
    finished += 1;
    if (finished === trips) done();
  });
  return { result: tripsOf.reduce((sum, count) => sum + count, 0), elapsedMs };
}

/** Sends windows of `make(number)`, each acknowledged with its total. */
function inWindows(window: number, make: (number: number) => ToEcho) {
  return async (messages: number): Promise<Repetition> => {
    let [sent, end, result] = [0, Math.min(window, messages), 0];
    let isAsked = false;
    const more = (): void => {
      while (sent < end && duplex.send(make(sent))) sent += 1;
      if (sent === end && !isAsked) isAsked = duplex.send({ type: "get" });
    };
    const elapsedMs = await play(more, (message, done) => {
      if (message.type === "total") result += message.total;
      if (sent === messages) return done();
      end = Math.min(messages, sent + window);
      isAsked = false;
    });
    return { result, elapsedMs };
  };
}

export const scenarios: Scenarios = {
  "round-trip": roundTrip,
  pairs,
  "one-way": inWindows(oneWayWindowMessages, () => ({ type: "add", by: 1 })),
  objects: inWindows(objectWindowMessages, document),
};
