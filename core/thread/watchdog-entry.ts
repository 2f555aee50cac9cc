/**
 * The watchdog: a small thread of its own that ends turns which do not end, in all systems of the process. No code of any
 * program ever runs in it. Its inspector session keeps no thread alive: the port to main does.
 */
import { parentPort, workerData } from "node:worker_threads";
import { afterMs, stopwatchMs } from "../clock.ts";
import { SystemMemory } from "../kernel/system-memory.ts";
import { whoExpression } from "./cut-target.ts";
import { type FromWatchdog, Hold, type ToWatchdog, type WatchdogData } from "./watchdog-protocol.ts";
import { WatchedThread } from "./watched-thread.ts";
import { WorkerSessions } from "./worker-sessions.ts";

/** How often threads are looked at: while a kill is under way, while one of them works, and while all rest. */
const eagerTickMs = 1;
const tickMs = 10;
const restTickMs = 50;
/** How often main is asked for a sign of life, and after how long without one it counts as held. */
const pingMs = 250;
const heldMs = 50;
/** The first evaluates of a thread are slow: so many go ahead. */
const warmUps = 3;
/** How long it stays when the last system has ended: a next one need not start it again. */
const idleMs = 1_000;

interface WatchedSystem {
  readonly memory: SystemMemory;
  readonly threads: Map<number, { readonly workerId: number; readonly watched: WatchedThread }>;
}

if (parentPort === null) throw new Error("watchdog-entry is started by the runtime, as a worker thread");
const main = parentPort;
const say = (word: FromWatchdog) => main.postMessage(word);

const { hold, refused } = workerData as WatchdogData;
const systems = new Map<number, WatchedSystem>();
const sessions = new WorkerSessions();
let lastLookMs = stopwatchMs();
let untilLookMs = tickMs;
let lastPingMs = lastLookMs;
let isPinged = false;

function connect(): string | undefined {
  // Node aborts the process where it should refuse; main has asked it.
  if (refused !== undefined) return refused;
  if (Atomics.compareExchange(hold, 0, Hold.none, Hold.held) !== Hold.none) return "the process exits";
  return sessions.connect((workerId) => {
    if (isWatched(workerId)) void warmUp(workerId);
  });
}

function isWatched(workerId: number): boolean {
  for (const { threads } of systems.values())
    for (const thread of threads.values()) if (thread.workerId === workerId) return true;
  return false;
}

async function warmUp(workerId: number): Promise<void> {
  for (let i = 0; i < warmUps && isWatched(workerId); i++) await sessions.evaluate(workerId, whoExpression);
}

function watch(system: number, thread: number, workerId: number): void {
  const watchedSystem = systems.get(system);
  if (watchedSystem === undefined) return;
  const { memory, threads } = watchedSystem;
  const watched = new WatchedThread(thread, memory, {
    isRefused: limitedBy !== undefined,
    evaluate: (expression) => sessions.evaluate(workerId, expression),
    warn: (suspect, ms) => say({ type: "warning", system, thread, suspect, ms }),
    stuck: (suspect, why) => {
      threads.delete(thread);
      say({ type: "stuck", system, thread, suspect, why });
    },
    tainted: () => say({ type: "tainted", system, thread }),
  });
  threads.set(thread, { workerId, watched });
  void warmUp(workerId);
}

async function forget(system: number, thread: number): Promise<void> {
  systems.get(system)?.threads.delete(thread);
  await sessions.passedOn();
  say({ type: "forgotten", system, thread });
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
  if (isPinged || nowMs - lastPingMs < pingMs) return;
  isPinged = true;
  lastPingMs = nowMs;
  say({ type: "ping" });
}

/** Looks at once when a kill is wanted somewhere in the system. */
async function attend({ memory }: WatchedSystem, isOn: () => boolean): Promise<void> {
  while (isOn()) {
    const seen = Atomics.load(memory.words, memory.attentionWord);
    const { value } = Atomics.waitAsync(memory.words, memory.attentionWord, seen, 1_000);
    await value;
    if (isOn() && Atomics.load(memory.words, memory.attentionWord) !== seen) again(true);
  }
}

/** In how long the threads are to be looked at again. */
function delayMs(): number {
  let delay = restTickMs;
  for (const { threads } of systems.values()) {
    for (const { watched } of threads.values()) {
      if (watched.isWanted) return eagerTickMs;
      if (watched.isAtWork) delay = tickMs;
    }
  }
  return delay;
}

let cancel = () => {};
/** Looks again in a moment; where there is no system, it waits for one. */
function again(isSoon = false): void {
  cancel();
  if (systems.size === 0) {
    cancel = afterMs(idleMs, () => say({ type: "idle" }));
    return;
  }
  untilLookMs = isSoon ? eagerTickMs : delayMs();
  cancel = afterMs(untilLookMs, () => {
    look();
    again();
  });
}

/** Nothing is sent any more; main still has something for this thread, which therefore waits for its `leave`. */
function letGo(): void {
  cancel();
  systems.clear();
  sessions.disconnect();
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

const limitedBy = connect();
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
      watch(word.system, word.thread, word.workerId);
      return;
    case "forget":
      void forget(word.system, word.thread);
      return;
    case "systemEnded":
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

say({ type: "ready", limitedBy });
void awaitExit();
again();
