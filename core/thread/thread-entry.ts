/** What a worker thread runs: one kernel, its host, and the few words with main. */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { afterMs, SystemClock } from "../clock.ts";
import { errorData } from "../errors.ts";
import { Kernel } from "../kernel/kernel.ts";
import { SystemMemory } from "../kernel/system-memory.ts";
import { SeededRandom } from "../random.ts";
import { offerCuts } from "./cut-target.ts";
import { trackOwner } from "./owner-track.ts";
import { PortHost } from "./port-host.ts";
import { guardProcess } from "./process-guard.ts";
import type { FromThread, ThreadData, ToThread } from "./protocol.ts";
import { SharedClock } from "./shared-clock.ts";
import { blameTimers } from "./timer-blame.ts";
import { warmUp } from "./warm-up.ts";

if (parentPort === null) throw new Error("thread-entry is started by the runtime, as a worker thread");
const main = parentPort;
const say = (word: FromThread) => main.postMessage(word);

/** Time after its start in which a thread that stands by keeps still. */
const idleMs = 500;

/** Only a thread that nothing holds gets to answer. */
function answerPulses(port: MessagePort): void {
  port.on("message", () => port.postMessage(null));
  port.unref();
}

try {
  const data = workerData as ThreadData;
  const memory = SystemMemory.attach(data.buffers);
  const host = new PortHost({
    clock: data.isManualClock ? new SharedClock(memory, data.thread) : new SystemClock(),
    random: new SeededRandom(data.seed),
    loadTimeoutMs: data.loadTimeoutMs,
    // Events of this thread go to main as frames; nothing calls this here.
    emit: (event) => {
      throw new Error(`event ${event.type} reached a thread other than main`);
    },
    retire: () => say({ type: "retired" }),
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
  });
  host.attach(kernel);
  guardProcess(kernel);
  await warmUp();
  blameTimers(kernel);
  if (data.isCuttable) offerCuts(kernel);
  if (data.isOwnerTold) trackOwner(kernel);
  main.on("message", (word: ToThread) => {
    switch (word.type) {
      case "peer":
        host.addPeer(word.thread, word.port);
        return;
      case "pulse":
        answerPulses(word.port);
        return;
      case "lost":
        host.threadLost(word.thread, word.why, word.wasUp, word.blame);
        return;
    }
  });
  kernel.scheduler.arm();
  say({ type: "ready" });
  if (data.frontDoor !== undefined) {
    const { frontDoor } = data;
    // Not beside the start of the system.
    afterMs(idleMs, () => void import(frontDoor));
  }
} catch (error) {
  say({ type: "failed", error: errorData(error) });
}
