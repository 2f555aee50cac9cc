/**
 * Runs the demo's job from start to end: system, tree, the injector's thread ends, snapshots for whoever watches, and an
 * orderly stop whatever happens.
 */
import { type MofaSystem, type Ref, RuntimeError, reasonText, startSystem } from "../../index.ts";
import type { Totals } from "./aggregator.ts";
import { aggregatorName, coordinatorName } from "./conversation.ts";
import type { Closing } from "./coordinator.ts";
import { type Corpus, slicesOf } from "./corpus.ts";
import { aggregators, demoTree } from "./tree.ts";
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
  readonly slices: number;
  /** From the beginning to the last acknowledgement. */
  readonly durationMs: number;
  /** The system's clock at the beginning: what times in `closing` are counted from. */
  readonly startedAtMs: number;
}

/** How often a snapshot is taken. */
export const snapshotEveryMs = 100;

/**
 * Runs the job. Undefined: `signal` was aborted and everything has been stopped in order.
 * @throws RuntimeError `start_failed` and what else `startSystem` throws; `job_failed`: the tree ended before the work did.
 */
export async function runJob(
  options: JobOptions,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<JobOutcome | undefined> {
  const beganMs = performance.now();
  const system = await startSystem({ threads: options.threads });
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
  const startedAtMs = system.context.nowMs() - (performance.now() - beganMs);
  const slices = slicesOf(corpus.files).length;
  const tree = await system.supervise(demoTree({ plan, files: corpus.files, seconds }, { slices }));
  const ending = new AbortController();
  const coordinator = holder(system, coordinatorName);
  const closing = coordinator.call("end", undefined, { timeoutMs: Number.POSITIVE_INFINITY }) as Promise<Closing>;
  const failed = tree.exit.then((reason) => {
    throw new RuntimeError("job_failed", `the supervision tree ended before the work did: ${reasonText(reason)}`);
  });
  const watching = Promise.all([
    endThreads(system, coordinator, ending.signal),
    watch(system, coordinator, beganMs, ending.signal, onSnapshot),
  ]).then(() => closing);
  coordinator.cast("begin");
  try {
    const end = await Promise.race([closing, failed, watching]);
    const durationMs = performance.now() - beganMs;
    const totals = await Promise.all(
      Array.from({ length: aggregators }, (_, number) => holder(system, aggregatorName(number)).call("totals")),
    );
    const { threadsLost } = await system.stats();
    // The calls are answered by `aggregator`, whose type a ref found by name does not carry.
    return { closing: end, totals: totals as Totals[], threadsLost, slices, durationMs, startedAtMs };
  } finally {
    ending.abort();
    // These end with the system, each with an error that has been told already or that means no more than that.
    for (const left of [closing, failed, watching]) left.catch(() => undefined);
  }
}

/** The injector's hands: ends each thread that the plan wants ended. */
async function endThreads(system: MofaSystem, coordinator: Ref, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const thread = await coordinator.call("threadToEnd", undefined, { timeoutMs: Number.POSITIVE_INFINITY });
    const { threads } = await system.stats();
    const position = threads.find((stats) => stats.thread === thread)?.position;
    if (position !== undefined && position > 0) await system.terminateThread(position, "injected fault");
  }
}

async function watch(
  system: MofaSystem,
  coordinator: Ref,
  beganMs: number,
  signal: AbortSignal,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<void> {
  while (!signal.aborted) {
    const [progress, stats] = await Promise.all([coordinator.call("progress"), system.stats()]);
    if (signal.aborted) return;
    onSnapshot({
      atMs: performance.now() - beganMs,
      progress: progress as LedgerProgress,
      threads: stats.threads
        .filter(({ position }) => position > 0)
        .map(({ position, actors, queued }) => ({ position, actors, queued }))
        .sort((a, b) => a.position - b.position),
      threadsLost: stats.threadsLost,
      queued: stats.threads.reduce((sum, { queued, outbox }) => sum + queued + outbox, 0),
    });
    await new Promise((resolve) => setTimeout(resolve, snapshotEveryMs));
  }
}

function holder(system: MofaSystem, name: string): Ref {
  const ref = system.whereis(name);
  if (ref === undefined) throw new RuntimeError("job_failed", `nobody holds the name ${name}`);
  return ref;
}
