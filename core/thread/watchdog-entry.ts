/**
 * The watchdog: a small thread of its own that ends turns which do not end, in all systems of the process. No code of any
 * program ever runs in it. Its inspector session keeps no thread alive: the port to main does.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { afterMs, nextLoop, stopwatchMs } from "../clock.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import { SystemMemory } from "../kernel/system-memory.ts";
import { ProcessorWait } from "./processor-wait.ts";
import { type FromWatchdog, Hold, type ToWatchdog, type WatchdogData } from "./watchdog-protocol.ts";
import { WatchedThread } from "./watched-thread.ts";
import { WorkerSessions } from "./worker-sessions.ts";

/** How often threads are looked at: while one is to be cut, while one of them works, and while all rest. */
const eagerTickMs = 1;
const tickMs = 10;
const restTickMs = 50;
/** For so long after a kill was asked for its thread is looked at all the time, if it stands in the turn that is to end. */
const closeLookMs = 0.5;
/** Many kills one after the other are looked at together. */
const looksApartMs = 0.2;
/** How often main is asked for a sign of life, and after how long without one it counts as held. */
const pingMs = 250;
const heldMs = 50;
/** How long it stays when the last system has ended: a next one need not start it again. */
const idleMs = 1_000;

interface Watched {
  readonly workerId: number;
  readonly watched: WatchedThread;
  readonly pulse: MessagePort;
}

interface WatchedSystem {
  readonly memory: SystemMemory;
  readonly threads: Map<number, Watched>;
}

if (parentPort === null) throw new Error("watchdog-entry is started by the runtime, as a worker thread");
const main = parentPort;
const say = (word: FromWatchdog) => main.postMessage(word);

const { hold, refused } = workerData as WatchdogData;
const systems = new Map<number, WatchedSystem>();
const sessions = new WorkerSessions(hold, isWatched);
let lastLookMs = stopwatchMs();
let untilLookMs = tickMs;
let lastPingMs = lastLookMs;
let isPinged = false;
/** When a kill was seen last that somebody asks for. */
let killSeenMs = 0;

function isWatched(workerId: number): boolean {
  for (const { threads } of systems.values())
    for (const thread of threads.values()) if (thread.workerId === workerId) return true;
  return false;
}

function watch({ system, thread, workerId, pulse }: Extract<ToWatchdog, { type: "watch" }>): void {
  const watchedSystem = systems.get(system);
  if (watchedSystem === undefined) {
    pulse.close();
    return;
  }
  const wait = new ProcessorWait(() => watchedSystem.memory.watch.osThread(thread));
  const watched = new WatchedThread(thread, watchedSystem.memory, {
    isRefused: refused !== undefined,
    isAtHand: () => sessions.has(workerId),
    evaluate: (expression) => sessions.evaluate(workerId, expression),
    pulse: () => pulse.postMessage(null),
    waitedMs: () => wait.waitedMs(),
    warn: (suspect, ms) => say({ type: "warning", system, thread, suspect, ms }),
    stuck: (suspect, why) => {
      // One that is forgotten is ended by main.
      if (!unwatch(system, thread)) return;
      sessions.detach(workerId);
      say({ type: "stuck", system, thread, suspect, why });
    },
  });
  pulse.on("message", (request: CutRequest | null) => {
    if (request === null) watched.lived(stopwatchMs());
    else interrupt(system, request);
  });
  watchedSystem.threads.set(thread, { workerId, watched, pulse });
}

/** Looks at once: its grace may be none. */
function interrupt(system: number, request: CutRequest): void {
  systems.get(system)?.threads.get(request.thread)?.watched.interrupt(request, stopwatchMs());
  again(true);
}

/** True if it was watched. */
function unwatch(system: number, thread: number): boolean {
  const threads = systems.get(system)?.threads;
  threads?.get(thread)?.pulse.close();
  return threads?.delete(thread) ?? false;
}

function look(): void {
  const nowMs = stopwatchMs();
  // After a stop of the whole process nobody has used up anything.
  const lostMs = Math.max(0, nowMs - lastLookMs - 5 * Math.max(untilLookMs, tickMs));
  // Questions and answers go through main.
  const unheardMs = isPinged && nowMs - lastPingMs > heldMs ? nowMs - lastLookMs : lostMs;
  lastLookMs = nowMs;
  for (const { threads } of systems.values())
    for (const { watched } of threads.values()) watched.look(nowMs, lostMs, unheardMs);
  sessions.rest();
  if (isPinged || nowMs - lastPingMs < pingMs) return;
  isPinged = true;
  lastPingMs = nowMs;
  say({ type: "ping" });
}

/** Looks at once when a kill is wanted somewhere in the system. */
async function attend({ memory }: WatchedSystem, isOn: () => boolean): Promise<void> {
  while (isOn()) {
    const seen = Atomics.load(memory.words, memory.watch.attentionWord);
    const { value } = Atomics.waitAsync(memory.words, memory.watch.attentionWord, seen, 1_000);
    await value;
    if (!isOn() || Atomics.load(memory.words, memory.watch.attentionWord) === seen) continue;
    killSeenMs = stopwatchMs();
    if (killSeenMs - lastLookMs >= looksApartMs) {
      look();
      again();
    } else if (untilLookMs > eagerTickMs) again(true);
  }
}

/** In how long the threads are to be looked at again. */
function delayMs(): number {
  let delay = restTickMs;
  for (const { threads } of systems.values()) {
    for (const { watched } of threads.values()) {
      if (watched.isUrgent) return eagerTickMs;
      if (watched.isAtWork) delay = tickMs;
    }
  }
  return delay;
}

/** Whether a thread stands in a turn that is to end, and this was asked for just now. */
const isClose = (): boolean => {
  if (stopwatchMs() - killSeenMs >= closeLookMs) return false;
  for (const { threads } of systems.values())
    for (const { watched } of threads.values()) if (watched.isCaught) return true;
  return false;
};

let cancel = () => {};
/** Looks again in a moment; where there is no system, it waits for one. */
function again(isSoon = false): void {
  cancel();
  if (systems.size === 0) {
    cancel = afterMs(idleMs, () => say({ type: "idle" }));
    return;
  }
  untilLookMs = isSoon ? eagerTickMs : delayMs();
  const lookAgain = () => {
    look();
    again();
  };
  if (!isClose()) cancel = afterMs(untilLookMs, lookAgain);
  else cancel = inNextLoop(lookAgain);
}

/** @returns takes it back */
function inNextLoop(action: () => void): () => void {
  let isOff = false;
  nextLoop(() => {
    if (!isOff) action();
  });
  return () => {
    isOff = true;
  };
}

/** Nothing is sent any more; main still has something for this thread, which therefore waits for its `leave`. */
function letGo(): void {
  cancel();
  systems.clear();
  sessions.close();
  Atomics.store(hold, 0, Hold.over);
  Atomics.notify(hold, 0);
}

/** Else Node says that it waits for the debugger to disconnect. */
async function awaitExit(): Promise<void> {
  for (;;) {
    const held = Atomics.load(hold, 0);
    if (held === Hold.exiting) letGo();
    if (held === Hold.over || held === Hold.exiting) return;
    await Atomics.waitAsync(hold, 0, held).value;
  }
}

main.on("message", (word: ToWatchdog) => {
  switch (word.type) {
    case "system": {
      const system = { memory: SystemMemory.attach(word.buffers), threads: new Map() };
      systems.set(word.system, system);
      void attend(system, () => systems.get(word.system) === system);
      again();
      return;
    }
    case "watch":
      watch(word);
      return;
    case "cut":
      interrupt(word.system, word.request);
      return;
    case "forget": {
      const { system, thread, workerId } = word;
      unwatch(system, thread);
      void sessions.leave(workerId).then(() => say({ type: "forgotten", system, thread }));
      return;
    }
    case "ended":
      unwatch(word.system, word.thread);
      sessions.ended(word.workerId);
      return;
    case "systemEnded":
      for (const thread of systems.get(word.system)?.threads.keys() ?? []) unwatch(word.system, thread);
      systems.delete(word.system);
      again();
      return;
    case "pong":
      isPinged = false;
      return;
    case "close":
      letGo();
      say({ type: "closed" });
      return;
    case "leave":
      process.exit(0);
  }
});

say({ type: "ready", limitedBy: refused });
void awaitExit();
again();
