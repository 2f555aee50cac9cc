/**
 * Runs the demo's job from start to end: system, tree, tasks, faults from outside, snapshots for whoever watches, and an
 * orderly stop whatever happens.
 */
import {
  type ExitReason,
  type MofaSystem,
  type Ref,
  RuntimeError,
  reasonText,
  type SupervisorHandle,
  type SystemStats,
  sameRef,
  startSystem,
} from "../../index.ts";
import { AttachServer } from "../attach/attach-server.ts";
import type { Totals } from "./aggregator.ts";
import { aggregatorName, injectorName, rosterName } from "./conversation.ts";
import { type Corpus, slicesOf } from "./corpus.ts";
import { injectedLoss, type Order, type Struck } from "./injector.ts";
import type { Closing } from "./roster.ts";
import { type FaultRecord, RunTally, type TallyCounts } from "./run-tally.ts";
import { type FeedProgress, TaskFeed } from "./task-feed.ts";
import { Thinkers, type ThinkersResult } from "./thinkers.ts";
import { aggregators, demoTree, outsideSpec } from "./tree.ts";
import { WorkPlan, type WorkPlanOptions } from "./work-plan.ts";

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

export interface Progress extends FeedProgress, TallyCounts {
  /** Tasks that agents have in hand. */
  readonly inHand: number;
}

/** The job as it stands at one moment. */
export interface Snapshot {
  /** Since the job began. */
  readonly atMs: number;
  readonly progress: Progress;
  /** Scheduler threads, main left out. */
  readonly threads: readonly ThreadSnapshot[];
  /** Messages in mailboxes and on their way out, over all threads. */
  readonly queued: number;
}

export interface JobOutcome {
  readonly feed: FeedProgress;
  /** Tasks that were lost, as texts. */
  readonly givenUp: readonly string[];
  readonly totals: readonly Totals[];
  readonly struck: Struck;
  readonly closing: Closing;
  readonly faults: readonly FaultRecord[];
  readonly stats: SystemStats;
  readonly ends: Ends;
  readonly models: ThinkersResult;
  readonly slices: number;
  /** From the beginning to the last answer. */
  readonly durationMs: number;
  /** The system's clock at the beginning: what times in `faults` are counted from. */
  readonly startedAtMs: number;
}

/** What became of agents that did not end by themselves. */
export interface Ends {
  /** Processes that were lost: by which signal or exit code, and why. */
  readonly processes: readonly { readonly by: string; readonly reason: ExitReason }[];
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
  await using thinkers = new Thinkers(system, options.plan.hasFaults);
  using _attach = AttachServer.open(system, "demo", say);
  const stop = () => void system.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return signal.aborted ? undefined : await work(system, thinkers, options, beganMs, onSnapshot);
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
  thinkers: Thinkers,
  { corpus, plan: planned, seconds }: JobOptions,
  beganMs: number,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<JobOutcome> {
  const startedAtMs = system.nowMs() - (performance.now() - beganMs);
  const slices = slicesOf(corpus.files);
  const { agents } = planned;
  const ending = new AbortController();
  const ends = watchEnds(system);
  using tally = new RunTally(system, agents);
  try {
    await thinkers.start();
    const tree = await system.supervise(demoTree({ agents, slices: slices.length }));
    const feed = new TaskFeed(system, {
      plan: new WorkPlan(planned),
      slices,
      aggregators,
      durationMs: seconds * 1_000,
      roster: holder(system, rosterName),
    });
    const look = async () => onSnapshot(await snapshot(system, feed, tally, beganMs));
    const watching = watch(look, ending.signal);
    // It ends with the system, by an error that means no more than that.
    watching.catch(() => undefined);
    await startOutside(tree, planned);
    const thinking = thinkers.run();
    await finished(system, tree, feed, agents, thinking);
    const durationMs = performance.now() - beganMs;
    // The last moment, or the picture would end before the work did.
    await look();
    const totals = await Promise.all(
      Array.from({ length: aggregators }, (_, number) => holder(system, aggregatorName(number)).call("totals")),
    );
    // The calls are answered by behaviours whose types a ref found by name does not carry.
    return {
      feed: feed.progress,
      givenUp: feed.givenUp,
      totals: totals as Totals[],
      struck: (await holder(system, injectorName).call("struck")) as Struck,
      closing: (await holder(system, rosterName).call("closing")) as Closing,
      faults: tally.faults,
      stats: await system.stats(),
      ends: ends(),
      models: await thinking,
      slices: slices.length,
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

/** Lets the work begin, and waits until it is done and everybody is up again. @throws RuntimeError `job_failed`: the tree ended before. */
async function finished(
  system: MofaSystem,
  tree: SupervisorHandle,
  feed: TaskFeed,
  agents: number,
  thinking: Promise<unknown>,
): Promise<void> {
  const failed = tree.exit.then((reason) => {
    throw new RuntimeError("job_failed", `the supervision tree ended before the work did: ${reasonText(reason)}`);
  });
  const injecting = carryOut(system, agents);
  const roster = holder(system, rosterName);
  const working = Promise.all([feed.run(), thinking]).then(() => roster.call("up", agents, forEver));
  // What is still open when one of these has decided ends with the system, by an error that means no more than that.
  for (const open of [failed, injecting, working]) open.catch(() => undefined);
  await Promise.race([working, failed, injecting]);
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

/**
 * The injector's hands: ends each thread, and kills each process, that the plan wants ended. Not before most agents are up:
 * to lose all threads at once would show less.
 */
async function carryOut(system: MofaSystem, agents: number): Promise<never> {
  // By position, kept up to date by events: a thread that is asked where it is answers behind all that it has to do.
  const { threads } = await system.stats();
  const threadAt = new Map(threads.map(({ thread, position }) => [position, thread]));
  system.events.on("threadStarted", ({ thread, position }) => threadAt.set(position, thread));
  const injector = holder(system, injectorName);
  const roster = holder(system, rosterName);
  for (;;) {
    const { fault, agent } = (await injector.call("nextOrder", undefined, forEver)) as Order;
    if (fault === "killProcess") {
      const { pid } = system.processes().find(({ ref }) => sameRef(ref, agent)) ?? {};
      if (pid !== undefined) process.kill(pid, "SIGKILL");
      continue;
    }
    await roster.call("up", Math.floor(agents * 0.99), forEver);
    // A thread that is lost already is at no position any more.
    const [position] = [...threadAt].find(([at, there]) => at > 0 && there === agent.thread) ?? [];
    if (position !== undefined) await system.terminateThread(position, injectedLoss);
  }
}

async function watch(look: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, snapshotEveryMs));
    await look();
  }
}

async function snapshot(system: MofaSystem, feed: TaskFeed, tally: RunTally, beganMs: number): Promise<Snapshot> {
  const { threads, tasks } = await system.stats();
  return {
    atMs: performance.now() - beganMs,
    progress: { ...feed.progress, ...tally.counts, inHand: tasks.running },
    threads: threads
      .filter(({ position }) => position > 0)
      .map(({ position, actors, queued }) => ({ position, actors, queued }))
      .sort((a, b) => a.position - b.position),
    queued: threads.reduce((sum, { queued, outbox }) => sum + queued + outbox, 0),
  };
}

function holder(system: MofaSystem, name: string): Ref {
  const ref = system.whereis(name);
  if (ref === undefined) throw new RuntimeError("job_failed", `nobody holds the name ${name}`);
  return ref;
}
