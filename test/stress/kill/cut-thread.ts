/**
 * A thread whose "user code" calls a kernel function in an endless loop, and is cut there again and again.
 *
 * The state that the kernel function changes has four parts that must always agree. `torn` writes to some, calls a
 * helper that loops, and writes to the rest; `straight` does everything that calls or loops first. `tight` is the
 * emptiest of loops, entered anew after each kill.
 */
import { Session } from "node:inspector";
import { MessageChannel, parentPort, workerData } from "node:worker_threads";
import { touchLazyGlobals } from "./spike-warm.ts";
import { monotonicMs, openWords, word } from "./spike-words.ts";

export type CutStyle = "torn" | "straight" | "tight";
export type CutEntry = "sync" | "callback" | "afterAwait";

export interface CutData {
  readonly words: SharedArrayBuffer;
  readonly style: CutStyle;
  readonly entry: CutEntry;
  readonly kills: number;
}

export interface CutReport {
  readonly kills: number;
  readonly broken: number;
  /** Calls of the kernel function that were completed. */
  readonly commits: number;
  readonly caught: number;
}

interface Entry {
  readonly value: number;
  readonly previous: Entry | undefined;
}

const data = workerData as CutData;
if (parentPort === null) throw new Error("a worker");
const parent = parentPort;
const { ints, stamps } = openWords(data.words);

let buffer = Array.from({ length: 4 }, () => 0);
let count = 0;
let sum = 0;
let last: Entry | undefined;
const totals = { entries: 0, checksum: 0 };

/** Some work that loops, so that terminations land in it. */
function checksumOf(value: number): number {
  let mixed = value;
  for (let round = 0; round < 300; round++) mixed = (Math.imul(mixed, 31) + round) | 0;
  return mixed;
}

function grown(): number[] {
  const next = Array.from({ length: buffer.length * 2 }, () => 0);
  for (let at = 0; at < buffer.length; at++) next[at] = buffer[at] ?? 0;
  return next;
}

function torn(value: number): void {
  if (count === buffer.length) buffer = grown();
  buffer[count] = value;
  count++;
  const checksum = checksumOf(value);
  last = { value, previous: last };
  sum += value;
  totals.entries++;
  totals.checksum = (totals.checksum + checksum) | 0;
}

function straight(value: number): void {
  const room = count === buffer.length ? grown() : buffer;
  const checksum = checksumOf(value);
  const entry: Entry = { value, previous: last };
  room[count] = value;
  buffer = room;
  count++;
  last = entry;
  sum += value;
  totals.entries++;
  totals.checksum = (totals.checksum + checksum) | 0;
}

const kernelFunction = data.style === "torn" ? torn : straight;

/** A kernel function that calls back into user code, as a fold over mail or children would. */
function forEver(use: (value: number) => void): void {
  for (let value = 0; ; value = (value + 1) & 1_023) use(value);
}

function agrees(): boolean {
  let expectedSum = 0;
  let checksum = 0;
  for (let at = 0; at < count; at++) {
    const value = buffer[at] ?? Number.NaN;
    expectedSum += value;
    checksum = (checksum + checksumOf(value)) | 0;
  }
  let entries = 0;
  for (let entry = last; entry !== undefined; entry = entry.previous) entries++;
  return sum === expectedSum && totals.entries === count && entries === count && totals.checksum === checksum;
}

const session = new Session();
session.connect();
const channel = new MessageChannel();
const note = { run: 0, recover: 1 } as const;
let round = 0;
let kills = 0;
let broken = 0;
let commits = 0;
let caught = 0;

Object.assign(globalThis, {
  spikeKill(_slot: number, generation: number): string {
    if (generation !== round || kills >= round) return "gone";
    kills++;
    ints[word.loopSlot] = 0;
    channel.port2.postMessage(note.recover);
    session.post("Runtime.terminateExecution");
    return "killed";
  },
});

function loop(): void {
  try {
    Atomics.store(ints, word.loopGeneration, round);
    Atomics.store(ints, word.loopSlot, 1);
    if (data.style === "tight") {
      for (;;);
    }
    if (data.entry === "callback") {
      forEver((value) => {
        kernelFunction(value);
      });
    } else {
      for (let value = 0; ; value = (value + 1) & 1_023) kernelFunction(value);
    }
  } finally {
    caught++;
  }
}

async function run(): Promise<void> {
  if (data.entry === "afterAwait") await Promise.resolve();
  loop();
}

channel.port1.on("message", (code: number) => {
  if (code === note.recover) {
    if (!agrees()) broken++;
    commits += count;
    ints[word.recoveries] = (ints[word.recoveries] ?? 0) + 1;
    stamps[0] = monotonicMs();
    buffer = Array.from({ length: 4 }, () => 0);
    count = 0;
    sum = 0;
    last = undefined;
    totals.entries = 0;
    totals.checksum = 0;
    if (kills >= data.kills) {
      parent.postMessage({ kills, broken, commits, caught } satisfies CutReport);
      return;
    }
    channel.port2.postMessage(note.run);
    return;
  }
  round++;
  void run();
});

await touchLazyGlobals();
parent.once("message", () => channel.port2.postMessage(note.run));
parent.postMessage({ type: "ready" });
