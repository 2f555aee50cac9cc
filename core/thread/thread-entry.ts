/** What a worker thread runs: one kernel, its host, and the few words with main. */
import { type MessagePort, workerData } from "node:worker_threads";
import { afterMs, SystemClock } from "../clock.ts";
import { errorData } from "../errors.ts";
import type { FaultWork } from "../faults/plan.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import { Kernel } from "../kernel/kernel.ts";
import { SystemMemory } from "../kernel/system-memory.ts";
import { SeededRandom } from "../random.ts";
import { offerCuts } from "./cut-target.ts";
import { takeMainPort } from "./main-port.ts";
import { trackOwner } from "./owner-track.ts";
import { PortHost } from "./port-host.ts";
import { guardProcess } from "./process-guard.ts";
import { osThreadNumber } from "./processor-wait.ts";
import { type ProfileRequest, takeProfile } from "./profiler.ts";
import { type FromThread, saidBy, type ThreadData, type ToThread } from "./protocol.ts";
import { watchRealm } from "./realm.ts";
import { SharedClock } from "./shared-clock.ts";
import { blameTimers } from "./timer-blame.ts";
import { warmUp } from "./warm-up.ts";

const main = takeMainPort();
const warmUpIn = warmUp();
type FaultsCode = typeof import("../faults/faults.ts");
let faultsCode: FaultsCode | undefined;
const replacedPart = watchRealm();
const say = (word: FromThread) => main.postMessage(saidBy(word));

/** Time after its start in which a thread does nothing that can be done behind its first message, or beside no other's. */
const stillMs = 100;

const loseThread = (why: string): never => {
  say({ type: "loseMe", why });
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

/** To the watchdog, where there is one. */
let pulse: MessagePort | undefined;
/** What was asked of it before main had told of it: an actor may begin as soon as its thread is up. */
const unasked: CutRequest[] = [];

/** Only a thread that nothing holds gets to answer. */
function answerPulses(port: MessagePort): void {
  pulse = port;
  for (const request of unasked.splice(0)) port.postMessage(request);
  port.on("message", () => port.postMessage(null));
  port.unref();
}

// One that was started before main knew what it is for hears of it later.
if (workerData === null) {
  main.once("message", (word: ToThread) => {
    if (word.type === "begin") begin(word.data);
  });
} else begin(workerData as ThreadData);

function begin(data: ThreadData): void {
  try {
    beginThread(data);
  } catch (error) {
    say({ type: "failed", error: errorData(error) });
  }
}

function beginThread(data: ThreadData): void {
  const memory = SystemMemory.attach(data.buffers);
  const host = new PortHost({
    clock: data.isManualClock ? new SharedClock(memory, data.thread) : new SystemClock(),
    random: new SeededRandom(data.seed),
    loadTimeoutMs: data.loadTimeoutMs,
    busyWaitUs: data.busyWaitUs,
    // Events of this thread go to main as frames; nothing calls this here.
    emit: (event) => {
      throw new Error(`event ${event.type} reached a thread other than main`);
    },
    retire: () => say({ type: "retired" }),
    tellNow: (event) => say({ type: "event", event }),
    askCut: (request) => {
      if (pulse !== undefined) pulse.postMessage(request);
      else if (data.isCuttable) unasked.push(request);
    },
    loseThread,
    failed: () => {
      const what = replacedPart();
      if (what !== undefined) loseThread(`a built-in was replaced (${what}) and the runtime failed`);
    },
  });
  const kernel = new Kernel({
    thread: data.thread,
    memory,
    host,
    checks: data.checks,
    isDedicated: data.isDedicated,
    isCuttable: data.isCuttable,
    turnLimitMs: data.turnLimitMs,
    asyncGraceMs: data.asyncGraceMs,
    loadTimeoutMs: data.loadTimeoutMs,
    beforeInitMs: data.beforeInitMs,
  });
  host.attach(kernel);
  guardProcess(kernel);
  kernel.cuts.isNodeMade = false;
  blameTimers(kernel);
  memory.watch.setOsThread(data.thread, osThreadNumber());
  if (data.isCuttable) offerCuts(kernel);
  if (data.isOwnerTold) trackOwner(kernel);
  main.on("message", (word: ToThread) => {
    switch (word.type) {
      case "begin":
        return;
      case "peer":
        host.addPeer(word.thread, word.port);
        return;
      case "pulse":
        answerPulses(word.port);
        return;
      case "lost":
        host.threadLost(word.thread, word.why, word.wasUp, word.blame);
        return;
      case "profile":
        profile(kernel, word.id, word.request);
        return;
      case "faults":
        takeFaults(kernel, word.work);
        return;
    }
  });
  const { faults } = data;
  if (faults === undefined) ready(kernel, data);
  else {
    const loaded = faultsLoaded().then((code) => {
      code.setFaults(kernel, faults);
      ready(kernel, data);
    });
    loaded.catch((error: unknown) => say({ type: "failed", error: errorData(error) }));
  }
}

function ready(kernel: Kernel, { frontDoor }: ThreadData): void {
  kernel.scheduler.arm();
  say({ type: "ready" });
  warmUpIn(frontDoor === undefined ? stillMs : 0, () => {
    kernel.cuts.isNodeMade = true;
  });
  // Not beside the start of the system, nor the restarts of a thread that was lost.
  if (frontDoor !== undefined) afterMs(stillMs, () => void import(frontDoor));
}

/** While the inspector holds the thread no watchdog may take that for a turn that does not end. */
function profile(kernel: Kernel, id: number, request: ProfileRequest): void {
  say({ type: "profileBegun", id });
  takeProfile(
    request,
    () => kernel.scheduler.liftLimit(),
    (error) => say({ type: "profiled", id, error: error === undefined ? undefined : errorData(error) }),
  );
}

/** The first plan waits for its code, and no later one does, nor its end: a cut may drop a microtask. */
function takeFaults(kernel: Kernel, work: FaultWork | undefined): void {
  const take = (code: FaultsCode) => {
    code.setFaults(kernel, work);
    say({ type: "faultsTaken" });
  };
  if (faultsCode === undefined) void faultsLoaded().then(take);
  else take(faultsCode);
}

/** Loaded when there is a plan, and not before. */
async function faultsLoaded(): Promise<FaultsCode> {
  faultsCode = await import("../faults/faults.ts");
  return faultsCode;
}
