/** A thread that is busy without a pause, and counts how often a timer, the disk and the parent's port got a turn. */
import { stat } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { defaultSpikeOptions, SpikeKernel, type SpikeOptions } from "./spike-kernel.ts";
import { openWords, word } from "./spike-words.ts";

export interface BreathingData {
  readonly words: SharedArrayBuffer;
  readonly posting: SpikeOptions["posting"];
  readonly forMs: number;
}

export interface BreathingReport {
  readonly turns: number;
  readonly drains: number;
  readonly timers: number;
  readonly files: number;
  readonly parentMessages: number;
  /** Longest time between two runs of the 1 ms timer; the whole run if it never ran. */
  readonly timerGapMs: number;
}

const data = workerData as BreathingData;
if (parentPort === null) throw new Error("a worker");
const parent = parentPort;
const words = openWords(data.words);
let timers = 0;
let files = 0;
let parentMessages = 0;
let endMs = 0;
let isOver = false;
let lastTimerMs = 0;
let timerGapMs = 0;

const kernel = new SpikeKernel(
  words,
  128,
  { lost: () => undefined, exited: () => undefined, across: () => undefined },
  { ...defaultSpikeOptions, posting: data.posting },
);

function report(): void {
  isOver = true;
  const gapMs = Math.max(timerGapMs, performance.now() - lastTimerMs);
  parent.postMessage({
    turns: kernel.counters.turns,
    drains: words.ints[word.drains] ?? 0,
    timers,
    files,
    parentMessages,
    timerGapMs: Math.round(gapMs),
  } satisfies BreathingReport);
}

for (let slot = 0; slot < 100; slot++) {
  kernel.spawn(slot, {
    isAsync: false,
    receive(message) {
      if ((words.ints[word.clockMs] ?? 0) < endMs) kernel.send((slot + 1) % 100, message);
      else if (!isOver) report();
    },
  });
}

function readOn(): void {
  stat(import.meta.filename, () => {
    if (isOver) return;
    files++;
    readOn();
  });
}

parent.on("message", (message) => {
  if (message !== "start") {
    parentMessages++;
    return;
  }
  endMs = (words.ints[word.clockMs] ?? 0) + data.forMs;
  lastTimerMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    if (isOver) {
      clearInterval(timer);
      return;
    }
    timers++;
    timerGapMs = Math.max(timerGapMs, nowMs - lastTimerMs);
    lastTimerMs = nowMs;
  }, 1);
  readOn();
  for (let slot = 0; slot < 100; slot++) kernel.inject(slot, slot);
});
parent.postMessage({ type: "ready" });
