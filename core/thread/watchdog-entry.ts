/**
 * The watchdog: a small thread of its own that ends turns which do not end, in all systems of the process. No code of any
 * program ever runs in it.
 *
 * Its inspector session is connected to main; each worker announces itself there, and a `Runtime.evaluate` sent through
 * it, with no domain enabled, runs as an interrupt in the worker. A session keeps no thread alive: the tick does.
 */
import { Session } from "node:inspector";
import { parentPort, threadId, workerData } from "node:worker_threads";
import { afterMs, stopwatchMs } from "../clock.ts";
import { errorData } from "../errors.ts";
import { SystemMemory } from "../kernel/system-memory.ts";
import { whoExpression } from "./cut-target.ts";
import type { FromWatchdog, ToWatchdog, WatchdogData } from "./watchdog-protocol.ts";
import { WatchedThread } from "./watched-thread.ts";

/** How often threads are looked at: usually, and while a kill is under way. */
const tickMs = 10;
const eagerTickMs = 1;
/** How often main is asked for a sign of life, and after how long without one it counts as held. */
const pingMs = 250;
const heldMs = 50;
/** The first evaluates of a thread are slow: so many go ahead. */
const warmUps = 3;

interface WatchedSystem {
  readonly memory: SystemMemory;
  readonly threads: Map<number, { readonly workerId: number; readonly watched: WatchedThread }>;
}

if (parentPort === null) throw new Error("watchdog-entry is started by the runtime, as a worker thread");
const main = parentPort;
const say = (word: FromWatchdog) => main.postMessage(word);

const { exiting, refused } = workerData as WatchdogData;
const systems = new Map<number, WatchedSystem>();
/** Inspector sessions by `Worker.threadId`. */
const sessions = new Map<number, string>();
const asked = new Map<number, (value: string) => void>();
const session = new Session();
let nextQuestion = 1;
let lastLookMs = stopwatchMs();
let lastPingMs = lastLookMs;
let isPinged = false;

function connect(): string | undefined {
  // Node aborts the process where it should refuse; main has asked it.
  if (refused !== undefined) return refused;
  try {
    session.connectToMainThread();
  } catch (error) {
    return errorData(error).message;
  }
  session.on("NodeWorker.attachedToWorker", ({ params }) => {
    const { title } = params.workerInfo;
    const workerId = Number(/^\[worker (\d+)\]/.exec(title)?.[1]);
    if (workerId === threadId) return;
    sessions.set(workerId, params.sessionId);
    for (const { threads } of systems.values())
      for (const thread of threads.values()) if (thread.workerId === workerId) void warmUp(workerId);
  });
  session.on("NodeWorker.detachedFromWorker", ({ params }) => {
    for (const [workerId, id] of sessions) if (id === params.sessionId) sessions.delete(workerId);
  });
  session.on("NodeWorker.receivedMessageFromWorker", ({ params }) => {
    const answer = JSON.parse(params.message) as { id?: number; result?: { result?: { value?: unknown } } };
    const then = answer.id === undefined ? undefined : asked.get(answer.id);
    if (answer.id !== undefined) asked.delete(answer.id);
    const value = answer.result?.result?.value;
    then?.(typeof value === "string" ? value : "no answer");
  });
  session.post("NodeWorker.enable", { waitForDebuggerOnStart: false });
  return undefined;
}

function evaluate(workerId: number, expression: string): Promise<string> | undefined {
  const sessionId = sessions.get(workerId);
  if (sessionId === undefined) return undefined;
  const id = nextQuestion++;
  const { promise, resolve } = Promise.withResolvers<string>();
  asked.set(id, resolve);
  const message = JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, returnByValue: true } });
  session.post("NodeWorker.sendMessageToWorker", { sessionId, message }, (error) => {
    if (error === null) return;
    asked.delete(id);
    resolve("no way");
  });
  return promise;
}

async function warmUp(workerId: number): Promise<void> {
  for (let i = 0; i < warmUps; i++) await evaluate(workerId, whoExpression);
}

function watch(system: number, thread: number, workerId: number): void {
  const watchedSystem = systems.get(system);
  if (watchedSystem === undefined) return;
  const watched = new WatchedThread(thread, watchedSystem.memory, {
    evaluate: (expression) => evaluate(workerId, expression),
    warn: (suspect, ms) => say({ type: "warning", system, thread, suspect, ms }),
    stuck: (suspect, why) => say({ type: "stuck", system, thread, suspect, why }),
    tainted: () => say({ type: "tainted", system, thread }),
  });
  watchedSystem.threads.set(thread, { workerId, watched });
  void warmUp(workerId);
}

function look(): void {
  const nowMs = stopwatchMs();
  // After a stop of the whole process nobody has used up anything.
  const lostMs = Math.max(0, nowMs - lastLookMs - 5 * tickMs);
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
async function attend({ memory }: WatchedSystem, isWatched: () => boolean): Promise<void> {
  while (isWatched()) {
    const seen = Atomics.load(memory.words, memory.attentionWord);
    const { value } = Atomics.waitAsync(memory.words, memory.attentionWord, seen, 1_000);
    await value;
    if (Atomics.load(memory.words, memory.attentionWord) !== seen) again(true);
  }
}

function isEager(): boolean {
  for (const { threads } of systems.values())
    for (const { watched } of threads.values()) if (watched.isWanted) return true;
  return false;
}

let cancel = () => {};
function again(isSoon = false): void {
  cancel();
  cancel = afterMs(isSoon || isEager() ? eagerTickMs : tickMs, () => {
    look();
    again();
  });
}

main.on("message", (word: ToWatchdog) => {
  switch (word.type) {
    case "system": {
      const system = { memory: SystemMemory.attach(word.buffers), threads: new Map() };
      systems.set(word.system, system);
      void attend(system, () => systems.get(word.system) === system);
      return;
    }
    case "watch":
      watch(word.system, word.thread, word.workerId);
      return;
    case "forget":
      systems.get(word.system)?.threads.delete(word.thread);
      return;
    case "systemEnded":
      systems.delete(word.system);
      return;
    case "pong":
      isPinged = false;
      return;
    case "close":
      // Else Node may print that it waits for the debugger.
      session.disconnect();
      process.exit(0);
  }
});
async function letGo(): Promise<void> {
  await Atomics.waitAsync(exiting, 0, 0).value;
  session.disconnect();
  Atomics.store(exiting, 0, 2);
  Atomics.notify(exiting, 0);
}

void letGo();
say({ type: "ready", limitedBy: connect() });
again();
