/**
 * comlink 4 between two worker threads. Everything is a call with a reply, and none is one-way, so a window of
 * messages is a window of promises. The far side is `comlink-echo.ts`.
 */
import { MessageChannel, Worker } from "node:worker_threads";
import { wrap } from "comlink";
import type { Echo } from "./comlink-echo.ts";
import { document } from "./document.ts";
import { objectWindowMessages, pairsAtOnce, type Repetition, type Scenarios } from "./scenario.ts";
import { Stopwatch } from "./stopwatch.ts";
import { siblingModule, youngGenerationMb } from "./thread-contender.ts";

const { port1: port, port2: farPort } = new MessageChannel();
new Worker(siblingModule("comlink-echo", import.meta.url), {
  workerData: { port: farPort },
  transferList: [farPort],
  resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMb },
}).on("error", (error) => {
  throw error;
});
const far = wrap<Echo>(port);

async function roundTrip(trips: number): Promise<Repetition> {
  const watch = new Stopwatch(trips);
  let result = 0;
  const startMs = performance.now();
  for (let trip = 0; trip < trips; trip += 1) {
    watch.start();
    const echoed = await far.echo(trip);
    watch.lap();
    if (echoed === trip) result += 1;
  }
  return { result, elapsedMs: performance.now() - startMs, latenciesUs: watch.lapsUs };
}

async function pairs(trips: number): Promise<Repetition> {
  let started = 0;
  let result = 0;
  const pair = async (): Promise<void> => {
    while (started < trips) {
      started += 1;
      const number = started;
      if ((await far.echo(number)) === number) result += 1;
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: pairsAtOnce }, pair));
  return { result, elapsedMs: performance.now() - startMs };
}

/** As many calls at once as the objects' window has messages: it has no way to send without one. */
function inWindows(call: (number: number) => Promise<void>) {
  return async (messages: number): Promise<Repetition> => {
    let sent = 0;
    const startMs = performance.now();
    while (sent < messages) {
      const window: Promise<void>[] = [];
      for (; window.length < objectWindowMessages && sent < messages; sent += 1) window.push(call(sent));
      await Promise.all(window);
    }
    const result = await far.take();
    return { result, elapsedMs: performance.now() - startMs };
  };
}

export const scenarios: Scenarios = {
  "round-trip": roundTrip,
  pairs,
  "one-way": inWindows(() => far.add(1)),
  objects: inWindows((number) => far.store(document(number))),
};
