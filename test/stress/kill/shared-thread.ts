/**
 * A thread in which a runaway continuation drops what is queued behind it, of three kinds: actors that wait for the
 * same foreign promise, actors that hand that promise to `task`, and one that waits for two calls at once.
 */
import { parentPort, workerData } from "node:worker_threads";
import {
  defaultSpikeOptions,
  type ExitReason,
  isCall,
  type SpikeBehaviour,
  type SpikeContext,
  SpikeKernel,
} from "./spike-kernel.ts";
import { touchLazyGlobals } from "./spike-warm.ts";
import { openWords, word } from "./spike-words.ts";

export type SharedScene = "foreign" | "twoCalls";

export interface SharedData {
  readonly words: SharedArrayBuffer;
  readonly scene: SharedScene;
  readonly rounds: number;
  readonly asyncGraceMs: number;
}

export interface SharedReport {
  readonly kills: number;
  /** How the turns of each kind of actor ended, over all rounds. */
  readonly ends: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const data = workerData as SharedData;
if (parentPort === null) throw new Error("a worker");
const parent = parentPort;
const words = openWords(data.words);

interface Role {
  readonly name: string;
  readonly behaviour: SpikeBehaviour;
}

const ends: Record<string, Record<string, number>> = {};
const settled = new Set<number>();
let shared = Promise.withResolvers<number>();
let later = Promise.withResolvers<number>();
let slowCalls: number[] = [];
let round = 0;

function end(slot: number, how: string): void {
  const name = roles[slot]?.name ?? "nobody";
  const of = (ends[name] ??= {});
  of[how] = (of[how] ?? 0) + 1;
  settled.add(slot);
}

function loop(context: SpikeContext): void {
  Atomics.store(words.ints, word.loopGeneration, context.generation);
  Atomics.store(words.ints, word.truthSlot, context.slot + 1);
  Atomics.store(words.ints, word.loopSlot, context.slot + 1);
  // With a call inside, so that no kill takes as long as those of a tight loop (tight-loop.ts).
  while (performance.now() > 0);
}

/** An async behaviour whose turn counts as finished when it gets to its end. */
function awaiting(run: (context: SpikeContext) => Promise<unknown>): SpikeBehaviour {
  return {
    isAsync: true,
    async receive(_message, context) {
      await run(context);
      end(context.slot, "finished");
    },
  };
}

const instantServer: SpikeBehaviour = {
  isAsync: false,
  receive(message) {
    if (isCall(message)) kernel.reply(message.id, "at once");
  },
};

const slowServer: SpikeBehaviour = {
  isAsync: false,
  receive(message) {
    if (isCall(message)) slowCalls.push(message.id);
  },
};

const scenes: Readonly<Record<SharedScene, readonly Role[]>> = {
  foreign: [
    {
      name: "culprit",
      behaviour: awaiting(async (context) => {
        await shared.promise;
        loop(context);
      }),
    },
    ...Array.from({ length: 4 }, () => ({ name: "sharer", behaviour: awaiting(() => shared.promise) })),
    { name: "task", behaviour: awaiting((context) => context.task(shared.promise)) },
    { name: "other", behaviour: awaiting(() => later.promise) },
  ],
  twoCalls: [
    {
      name: "culprit",
      behaviour: awaiting(async (context) => {
        await context.call(instantSlot, 1);
        loop(context);
      }),
    },
    {
      name: "oneCall",
      behaviour: awaiting((context) => context.call(instantSlot, 1)),
    },
    {
      name: "bothCalls",
      behaviour: awaiting((context) => Promise.all([context.call(instantSlot, 1), context.call(slowSlot, 1)])),
    },
    { name: "slowCall", behaviour: awaiting((context) => context.call(slowSlot, 1)) },
  ],
};

const roles = scenes[data.scene];
const instantSlot = roles.length;
const slowSlot = roles.length + 1;

const kernel = new SpikeKernel(
  words,
  roles.length + 2,
  {
    lost: () => undefined,
    exited(slot: number, _generation: number, reason: ExitReason) {
      if (reason === "killed") Atomics.store(words.ints, word.loopSlot, 0);
      end(slot, reason);
      spawn(slot);
    },
    across: () => undefined,
  },
  { ...defaultSpikeOptions, asyncGraceMs: data.asyncGraceMs },
);

function spawn(slot: number): void {
  kernel.spawn(slot, roles[slot]?.behaviour ?? (slot === instantSlot ? instantServer : slowServer));
}

function startRound(): void {
  round++;
  settled.clear();
  shared = Promise.withResolvers<number>();
  later = Promise.withResolvers<number>();
  slowCalls = [];
  for (let slot = 0; slot < roles.length; slot++) kernel.inject(slot, round);
  // Resolved outside the kernel, as a fetch would be.
  if (data.scene === "foreign") setTimeout(() => shared.resolve(round), 5);
  const recoveries = words.ints[word.recoveries] ?? 0;
  const endMs = performance.now() + data.asyncGraceMs * 2 + 20_000;
  let isReleased = false;
  const watch = setInterval(() => {
    // Who waits for others is let go before anybody's grace is over, however late this timer fires.
    if (isReleased) kernel.endLapsed();
    else if (words.ints[word.recoveries] !== recoveries) {
      isReleased = true;
      later.resolve(round);
      for (const id of slowCalls) kernel.reply(id, "at last");
    }
    if (settled.size < roles.length && performance.now() < endMs) return;
    clearInterval(watch);
    for (let slot = 0; slot < roles.length; slot++) if (!settled.has(slot)) end(slot, "hung");
    if (
      round < data.rounds &&
      settled.size === roles.length &&
      Object.values(ends).every((of) => of["hung"] === undefined)
    ) {
      startRound();
    } else {
      parent.postMessage({ kills: kernel.counters.kills, ends } satisfies SharedReport);
    }
  }, 5);
}

for (let slot = 0; slot < roles.length + 2; slot++) spawn(slot);
Object.assign(globalThis, {
  spikeKill: (slot: number, generation: number, turn: number) => kernel.kill(slot, generation, turn),
});
await touchLazyGlobals();
parent.once("message", startRound);
parent.postMessage({ type: "ready" });
