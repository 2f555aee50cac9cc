/**
 * A thread full of busy neighbours with a few runaway actors among them, on the experimental kernel.
 *
 * Neighbours pass tokens to random neighbours, here and (when joined) on the other thread. Every message carries the
 * number that it has between its sender and its receiver, so one that is lost, doubled or overtaken shows at once.
 * A quarter of them awaits a resolved promise before passing on, a quarter awaits a call to another neighbour. A
 * dead actor's mail is counted in the same way, and its tokens are put back into circulation.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import {
  defaultSpikeOptions,
  isCall,
  type SpikeBehaviour,
  type SpikeContext,
  type SpikeCounters,
  SpikeKernel,
  type SpikeOptions,
} from "./spike-kernel.ts";
import { openRing } from "./spike-ring.ts";
import { touchLazyGlobals } from "./spike-warm.ts";
import { openWords, seededRandom, word } from "./spike-words.ts";

export interface NeighboursData {
  readonly words: SharedArrayBuffer;
  readonly kills: number;
  readonly seed: number;
  readonly neighbours: number;
  readonly culprits: number;
  readonly tokens: number;
  /** Neighbours that may await; the others are synchronous. */
  readonly asyncNeighbours: boolean;
  /** Share of the provoked turns that loop after an `await`. */
  readonly afterAwait: number;
  /** Share of the provoked turns that end by themselves at about the moment at which the request arrives. */
  readonly nearMisses: number;
  readonly options: Partial<SpikeOptions>;
  readonly peer?: {
    readonly threads: number;
    readonly index: number;
    readonly outgoing: SharedArrayBuffer;
    readonly incoming: SharedArrayBuffer;
    readonly port: MessagePort;
    readonly words: SharedArrayBuffer;
  };
}

export type ToNeighbours = { readonly type: "start" | "finish" | "status" | "ping" | "collect" };

export interface NeighboursStatus {
  readonly type: "status";
  readonly isIdle: boolean;
  readonly steps: number;
  readonly across: number;
}

export interface NeighboursReport {
  readonly type: "report";
  readonly counters: SpikeCounters;
  readonly steps: number;
  /** Messages that came out of their number: lost, doubled or overtaken before the end. */
  readonly disorder: number;
  /** [sender x all + receiver], global ids: numbers given, and numbers seen (both sides count their own). */
  readonly sent: Int32Array;
  readonly seen: Int32Array;
  /** Neighbours that did not answer the last ping. */
  readonly hung: number;
  readonly openAtEnd: number;
  readonly strandedAtEnd: number;
  /** Messages in the hands of `turnLost` actors. */
  readonly inHandLost: number;
  /** Runs of a `catch` or `finally` in culprits. */
  readonly caught: number;
  readonly nearMisses: number;
  /** Neighbours that ended otherwise than by `turnLost`. */
  readonly wrongDeaths: number;
  readonly floodDisorder: number;
  readonly lastStack: string;
}

interface Token {
  readonly from: number;
  readonly sequence: number;
}

const data = workerData as NeighboursData;
if (parentPort === null) throw new Error("a neighbours thread is a worker");
const parent = parentPort;
const words = openWords(data.words);
const random = seededRandom(data.seed);
const threads = data.peer?.threads ?? 1;
const index = data.peer?.index ?? 0;
const perThread = data.neighbours + data.culprits + 1;
const all = threads * perThread;
const sinkSlot = data.neighbours + data.culprits;
const firstId = index * perThread;

const sent = new Int32Array(all * all);
const seen = new Int32Array(all * all);
const pinged = new Uint8Array(data.neighbours);
let steps = 0;
let disorder = 0;
let tokensToReplace = 0;
let inHandLost = 0;
let caught = 0;
let nearMisses = 0;
let wrongDeaths = 0;
let floodDisorder = 0;
let across = 0;
let isFinishing = false;
let isPinging = false;
let hasReached = false;
let provokeAt = 2_000;

const kernel = new SpikeKernel(
  words,
  perThread,
  {
    lost(slot, message, wasInHand) {
      if (isToken(message)) {
        // One in hand was counted when its turn began.
        if (wasInHand) inHandLost++;
        else if (slot !== sinkSlot) count(message, slot);
        tokensToReplace++;
      } else if (wasInHand && slot < data.neighbours) {
        inHandLost++;
      }
    },
    exited(slot, _generation, reason) {
      if (slot < data.neighbours ? reason !== "turnLost" : reason === "error") wrongDeaths++;
      spawn(slot);
      for (; tokensToReplace > 0; tokensToReplace--) {
        if (!isFinishing) pass(firstId + randomNeighbour(), firstId + randomNeighbour());
      }
      if (slot >= data.neighbours && slot < sinkSlot) {
        Atomics.store(words.ints, word.loopSlot, 0);
        afterProvocation();
      }
    },
    across(from, _to, sequence): Token {
      across++;
      return { from, sequence };
    },
  },
  { ...defaultSpikeOptions, ...data.options },
);

function isToken(message: unknown): message is Token {
  return typeof message === "object" && message !== null && "sequence" in message;
}

function randomNeighbour(): number {
  return (random() * data.neighbours) | 0;
}

/** The next number between the two must be this one. */
function count(token: Token, slot: number): void {
  const pair = token.from * all + firstId + slot;
  if (seen[pair] !== token.sequence) disorder++;
  seen[pair] = token.sequence + 1;
}

/** Sends a numbered token between two global ids, of which `fromId` is of this thread. */
function pass(fromId: number, toId: number): void {
  const pair = fromId * all + toId;
  const sequence = sent[pair] ?? 0;
  const isHere = toId >= firstId && toId < firstId + perThread;
  const isSent = isHere
    ? kernel.send(toId - firstId, { from: fromId, sequence } satisfies Token)
    : kernel.sendAcross(fromId, toId % perThread, sequence);
  if (isSent) sent[pair] = sequence + 1;
  else if (!isHere) pass(fromId, firstId + randomNeighbour());
  else throw new Error(`${toId} refused a token`);
}

function step(slot: number): void {
  steps++;
  if (isFinishing) return;
  // One in eight goes to the other thread.
  const isAcross = threads > 1 && (steps & 7) === 0;
  const thread = isAcross ? 1 - index : index;
  pass(firstId + slot, thread * perThread + randomNeighbour());
  if (steps >= provokeAt && !hasReached) provoke();
}

function provoke(): void {
  provokeAt = Number.POSITIVE_INFINITY;
  kernel.send(data.neighbours + ((random() * data.culprits) | 0), {
    isAsync: random() < data.afterAwait,
    // Half of the near misses end before or while the request is under way.
    loopMs: random() < data.nearMisses ? random() * 2.5 : undefined,
    kind: (random() * 4) | 0,
  } satisfies Provocation);
}

function afterProvocation(): void {
  if (kernel.counters.kills >= data.kills) {
    if (!hasReached) parent.postMessage({ type: "reached" });
    hasReached = true;
  } else {
    provokeAt = steps + 200 + random() * 3_000;
  }
}

interface Provocation {
  readonly isAsync: boolean;
  readonly loopMs: number | undefined;
  readonly kind: number;
}

function receiveStep(message: unknown, slot: number): boolean {
  if (isCall(message)) {
    kernel.reply(message.id, message.payload);
    return false;
  }
  if (isToken(message)) {
    count(message, slot);
    return true;
  }
  pinged[slot] = 1;
  return false;
}

const synchronous: SpikeBehaviour = {
  isAsync: false,
  receive(message, { slot }) {
    if (receiveStep(message, slot)) step(slot);
  },
};

const behaviours: readonly SpikeBehaviour[] = [
  synchronous,
  {
    isAsync: true,
    async receive(message, { slot }) {
      const isPing = isPinging;
      const isStep = receiveStep(message, slot);
      if (isPing) pinged[slot] = 0;
      await Promise.resolve();
      if (isPing) pinged[slot] = 1;
      if (isStep) step(slot);
    },
  },
  {
    isAsync: true,
    async receive(message, context) {
      const { slot } = context;
      const isPing = isPinging;
      const isStep = receiveStep(message, slot);
      if (isPing) pinged[slot] = 0;
      // The neighbour before the last two is a synchronous one.
      const answer = await context.call(slot - (slot % 4), steps);
      if (answer === undefined) throw new Error("a call without an answer");
      if (isPing) pinged[slot] = 1;
      if (isStep) step(slot);
    },
  },
];

/** Loops for ever, or for `loopMs`; the oracle words say who does. */
function runAway(context: SpikeContext, provocation: Provocation): void {
  const endMs = provocation.loopMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + provocation.loopMs;
  Atomics.store(words.ints, word.loopGeneration, context.generation);
  Atomics.store(words.ints, word.truthSlot, context.slot + 1);
  Atomics.store(words.ints, word.loopSlot, context.slot + 1);
  const run = ++floodRuns;
  let flooded = 0;
  try {
    switch (provocation.kind) {
      case 0:
        while (performance.now() < endMs);
        break;
      case 1:
        // Cuts land in `send`.
        while (performance.now() < endMs) {
          if (context.send(sinkSlot, { run, flooded } satisfies Flood)) flooded++;
        }
        break;
      case 2:
        while (performance.now() < endMs) JSON.parse(JSON.stringify({ list: [1, 2, { three: "four" }] }));
        break;
      default:
        while (performance.now() < endMs) /^(a+)+$/.test("aaaaaaaaaaaaaaaaab");
    }
  } catch (error) {
    caught++;
    throw error;
  } finally {
    if (provocation.loopMs === undefined) caught++;
  }
  Atomics.store(words.ints, word.loopSlot, 0);
  nearMisses++;
}

const culprit: SpikeBehaviour = {
  isAsync: true,
  async receive(message, context) {
    const provocation = message as Provocation;
    if (provocation.isAsync) {
      // Some loops start after a call's answer, some after a plain await; some have sent something just before.
      if (provocation.kind & 1) await context.call(0, 1);
      else await Promise.resolve();
      if (provocation.kind === 2) pass(firstId, firstId + randomNeighbour());
    }
    runAway(context, provocation);
    afterProvocation();
  },
};

interface Flood {
  /** Counts the floods of the thread. */
  readonly run: number;
  /** Counts the messages of the flood. */
  readonly flooded: number;
}

let floodRuns = 0;
let latestFlood: Flood = { run: 0, flooded: -1 };
const sink: SpikeBehaviour = {
  isAsync: false,
  receive(message) {
    // Only the behaviour of culprits sends here, and only this.
    const flood = message as Flood;
    const previous = flood.run === latestFlood.run ? latestFlood.flooded : -1;
    if (flood.run < latestFlood.run || flood.flooded !== previous + 1) floodDisorder++;
    latestFlood = flood;
  },
};

function spawn(slot: number): void {
  if (slot === sinkSlot) kernel.spawn(slot, sink);
  else if (slot >= data.neighbours) kernel.spawn(slot, culprit);
  else kernel.spawn(slot, (data.asyncNeighbours ? behaviours[Math.max(0, (slot % 4) - 1)] : undefined) ?? synchronous);
}

for (let slot = 0; slot < perThread; slot++) spawn(slot);
if (data.peer !== undefined) {
  const { outgoing, incoming, port, words: peerWords } = data.peer;
  kernel.join({ ...openRing(outgoing), tail: 0 }, { ...openRing(incoming), head: 0 }, port, openWords(peerWords));
}

const grace = setInterval(() => kernel.endLapsed(), 20);

parent.on("message", ({ type }: ToNeighbours) => {
  switch (type) {
    case "start":
      for (let token = 0; token < data.tokens; token++) pass(firstId + randomNeighbour(), firstId + randomNeighbour());
      return;
    case "finish":
      isFinishing = true;
      return;
    case "status":
      parent.postMessage({ type: "status", isIdle: kernel.isIdle, steps, across } satisfies NeighboursStatus);
      return;
    case "ping":
      isPinging = true;
      for (let slot = 0; slot < data.neighbours; slot++) kernel.send(slot, { type: "ping" });
      return;
    case "collect": {
      const report: NeighboursReport = {
        type: "report",
        counters: kernel.counters,
        steps,
        disorder,
        sent,
        seen,
        hung: data.neighbours - pinged.reduce((sum, one) => sum + one, 0),
        openAtEnd: kernel.openSlots().length,
        strandedAtEnd: kernel.strandedSlots().length,
        inHandLost,
        caught,
        nearMisses,
        wrongDeaths,
        floodDisorder,
        lastStack: kernel.lastStack,
      };
      parent.postMessage(report);
      clearInterval(grace);
      return;
    }
  }
});

Object.assign(globalThis, {
  spikeKill: (slot: number, generation: number, turn: number) => kernel.kill(slot, generation, turn),
});
await touchLazyGlobals();
parent.postMessage({ type: "ready" });
