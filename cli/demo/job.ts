/**
 * Runs the demo's job from start to end: system, tree, the injector's thread ends, snapshots for whoever watches, and an
 * orderly stop whatever happens.
 */
import {
  type ExitReason,
  type MofaSystem,
  type Ref,
  RuntimeError,
  reasonText,
  type SupervisorHandle,
  sameRef,
  startSystem,
} from "../../index.ts";
import { AttachServer } from "../attach/attach-server.ts";
import type { Totals } from "./aggregator.ts";
import { aggregatorName, coordinatorName } from "./conversation.ts";
import type { Closing, Order } from "./coordinator.ts";
import { type Corpus, slicesOf } from "./corpus.ts";
import { aggregators, demoTree, outsideSpec } from "./tree.ts";
import type { LedgerProgress } from "./work-ledger.ts";
import type { WorkPlanOptions } from "./work-plan.ts";

export interface JobOptions {
  readonly corpus: Corpus;
  readonly plan: WorkPlanOptions;
  readonly threads: number;
  /** 0: until the plan is done. */
  readonly seconds: number;
}

export interface ThreadSnapshot {
  readonly position: number;
  readonly actors: number;
  readonly queued: number;
}

/** The job as it stands at one moment. */
export interface Snapshot {
  /** Since the job began. */
  readonly atMs: number;
  readonly progress: LedgerProgress;
  /** Scheduler threads, main left out. */
  readonly threads: readonly ThreadSnapshot[];
  readonly threadsLost: number;
  /** Messages in mailboxes and on their way out, over all threads. */
  readonly queued: number;
}

export interface JobOutcome {
  readonly closing: Closing;
  readonly totals: readonly Totals[];
  readonly threadsLost: number;
  readonly ends: Ends;
  readonly slices: number;
  /** From the beginning to the last acknowledgement. */
  readonly durationMs: number;
  /** The system's clock at the beginning: what times in `closing` are counted from. */
  readonly startedAtMs: number;
}

/** What became of agents that did not end by themselves. */
export interface Ends {
  /** Processes that were lost: by which signal or exit code, and why. */
  readonly processes: readonly { readonly by: string; readonly reason: ExitReason }[];
  /** Turns that were cut down. */
  readonly cuts: number;
  /** Where one of them was. */
  readonly runaway: string | undefined;
}

/** How often a snapshot is taken. */
export const snapshotEveryMs = 100;

/** Tries to start the agents with processes. */
const startsMax = 20;

const forEver = { timeoutMs: Number.POSITIVE_INFINITY };

/**
 * Runs the job. Undefined: `signal` was aborted and everything has been stopped in order.
 * @param say gets a line for people where something is not as it should be, and the job goes on.
 * @throws RuntimeError `start_failed` and what else `startSystem` throws; `job_failed`: the tree ended before the work did.
 */
export async function runJob(
  options: JobOptions,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
  say: (line: string) => void,
): Promise<JobOutcome | undefined> {
  const beganMs = performance.now();
  const system = await startSystem({ threads: options.threads });
  using _attach = AttachServer.open(system, "demo", say);
  const stop = () => void system.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return signal.aborted ? undefined : await work(system, options, beganMs, onSnapshot);
  } catch (error) {
    // Once the system is stopping, every open question ends with an error.
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    await system.stop();
  }
}

async function work(
  system: MofaSystem,
  { corpus, plan, seconds }: JobOptions,
  beganMs: number,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<JobOutcome> {
  const startedAtMs = system.nowMs() - (performance.now() - beganMs);
  const slices = slicesOf(corpus.files).length;
  const ending = new AbortController();
  const ends = watchEnds(system);
  const watching = watch(system, beganMs, ending.signal, onSnapshot);
  // It ends with the system, by an error that means no more than that.
  watching.catch(() => undefined);
  try {
    const tree = await system.supervise(demoTree({ plan, files: corpus.files, seconds }, { slices }));
    await startOutside(tree, plan);
    const closing = await finished(system, tree);
    const durationMs = performance.now() - beganMs;
    // The last moment, or the picture would end before the work did.
    await watchOnce(system, beganMs, onSnapshot);
    const totals = await Promise.all(
      Array.from({ length: aggregators }, (_, number) => holder(system, aggregatorName(number)).call("totals")),
    );
    const { threadsLost, cuts } = await system.stats();
    // The calls are answered by `aggregator`, whose type a ref found by name does not carry.
    return {
      closing,
      totals: totals as Totals[],
      threadsLost,
      ends: { ...ends(), cuts },
      slices,
      durationMs,
      startedAtMs,
    };
  } finally {
    ending.abort();
  }
}

/**
 * Starts the agents with processes; their start fails when one is killed meanwhile, and is tried again.
 * @throws RuntimeError `job_failed`: they did not start, however often it was tried.
 */
async function startOutside(tree: SupervisorHandle, plan: WorkPlanOptions): Promise<void> {
  for (let tries = 1; ; tries++) {
    const started = await tree.startChild(outsideSpec(plan));
    if (started.ok) return;
    const { error } = started;
    // Any other outcome is no matter of chance.
    if (error.code !== "start_failed" || tries === startsMax) {
      const why = error.code === "start_failed" ? reasonText(error.reason) : error.code;
      throw new RuntimeError("job_failed", `the agents in processes did not start, ${tries} times tried: ${why}`);
    }
  }
}

/** Lets the work begin, and waits until it is done. @throws RuntimeError `job_failed`: the tree ended before. */
async function finished(system: MofaSystem, tree: SupervisorHandle): Promise<Closing> {
  const coordinator = holder(system, coordinatorName);
  const failed = tree.exit.then((reason) => {
    throw new RuntimeError("job_failed", `the supervision tree ended before the work did: ${reasonText(reason)}`);
  });
  const injecting = carryOut(system, coordinator);
  coordinator.cast("begin");
  // What is still open when one of these has decided ends with the system, by an error that means no more than that.
  for (const open of [failed, injecting]) open.catch(() => undefined);
  return await Promise.race([coordinator.call("end", undefined, forEver) as Promise<Closing>, failed, injecting]);
}

/** Notes how processes end, and where a runaway turn was. */
function watchEnds(system: MofaSystem): () => Pick<Ends, "processes" | "runaway"> {
  const processes: Ends["processes"][number][] = [];
  let runaway: string | undefined;
  system.events.on("processLost", ({ signal, exitCode, reason }) =>
    processes.push({ by: signal ?? `exit code ${exitCode}`, reason }),
  );
  system.events.on("crashed", ({ reason, stack }) => {
    if (typeof reason === "object" && "turnLimit" in reason) runaway ??= stack;
  });
  return () => ({ processes, runaway });
}

/** The injector's hands: ends each thread, and kills each process, that the plan wants ended. */
async function carryOut(system: MofaSystem, coordinator: Ref): Promise<never> {
  // By position, kept up to date by events: a thread that is asked where it is answers behind all that it has to do.
  const { threads } = await system.stats();
  const threadAt = new Map(threads.map(({ thread, position }) => [position, thread]));
  system.events.on("threadStarted", ({ thread, position }) => threadAt.set(position, thread));
  for (;;) {
    const order = (await coordinator.call("nextOrder", undefined, forEver)) as Order;
    if ("killProcess" in order) {
      const { pid } = system.processes().find(({ ref }) => sameRef(ref, order.killProcess)) ?? {};
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      continue;
    }
    const thread = order.endThread;
    // A thread that is lost already is at no position any more.
    const [position] = [...threadAt].find(([at, there]) => at > 0 && there === thread) ?? [];
    if (position !== undefined) await system.terminateThread(position, "injected fault");
  }
}

async function watch(
  system: MofaSystem,
  beganMs: number,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, snapshotEveryMs));
    await watchOnce(system, beganMs, onSnapshot);
  }
}

async function watchOnce(system: MofaSystem, beganMs: number, onSnapshot: (snapshot: Snapshot) => void): Promise<void> {
  const coordinator = system.whereis(coordinatorName);
  if (coordinator === undefined) return;
  const asked = coordinator.call("progress").then((progress) => ({ progress, atMs: performance.now() - beganMs }));
  // A thread that a turn holds answers late; what is said of the work is of its own moment.
  const [{ progress, atMs }, stats] = await Promise.all([asked, system.stats()]);
  onSnapshot({
    atMs,
    // The coordinator's own answer; a ref found by name does not carry its type.
    progress: progress as LedgerProgress,
    threads: stats.threads
      .filter(({ position }) => position > 0)
      .map(({ position, actors, queued }) => ({ position, actors, queued }))
      .sort((a, b) => a.position - b.position),
    threadsLost: stats.threadsLost,
    queued: stats.threads.reduce((sum, { queued, outbox }) => sum + queued + outbox, 0),
  });
}

function holder(system: MofaSystem, name: string): Ref {
  const ref = system.whereis(name);
  if (ref === undefined) throw new RuntimeError("job_failed", `nobody holds the name ${name}`);
  return ref;
}
