/**
 * Kills among busy neighbours: one thread, or two joined by rings, full of actors that exchange numbered messages,
 * while a few others run away and are ended by the watchdog. The same run with one demand taken out of the kernel
 * shows what that demand is for.
 */
import { MessageChannel } from "node:worker_threads";
import { type ExperimentOptions, type ExperimentRecord, latencies } from "./experiment-record.ts";
import type { NeighboursData, NeighboursReport, NeighboursStatus, ToNeighbours } from "./neighbours-thread.ts";
import type { SpikeOptions } from "./spike-kernel.ts";
import { Rig, type RigThread, RigTimeout } from "./spike-rig.ts";
import { makeRing } from "./spike-ring.ts";
import type { WatchReport } from "./spike-watchdog.ts";
import { monotonicMs, openWords } from "./spike-words.ts";

const perThread = { neighbours: 195, culprits: 5, tokens: 400, afterAwait: 0.5, nearMisses: 0.25 } as const;

/** Longer than any run: no grace ends what hangs. */
const neverMs = 600_000;

export interface NeighboursOutcome {
  /** Undefined: the thread said nothing more. */
  readonly reports: readonly NeighboursReport[];
  readonly watch: readonly WatchReport[];
  /** Numbers given that no mailbox has seen, and the other way round. */
  readonly lost: number;
  readonly steps: number;
  readonly runMs: number;
  /** Why the run ended before its kills were reached. */
  readonly stalled: string | undefined;
}

/** Runs until every thread has had its kills, lets the tokens run out, pings everybody, and counts. */
export async function runNeighbours(
  options: ExperimentOptions & {
    readonly threads?: 1 | 2;
    readonly asyncNeighbours?: boolean;
    readonly kernel?: Partial<SpikeOptions>;
    /** How long a thread may take for all its kills. */
    readonly timeoutMs?: number;
    /** How long the last tokens and open turns may take. */
    readonly settleMs?: number;
  },
): Promise<NeighboursOutcome> {
  await using rig = await Rig.open();
  const count = options.threads ?? 1;
  const words = Array.from({ length: count }, () => openWords());
  const rings = Array.from({ length: count }, () => makeRing());
  const channel = new MessageChannel();
  const ports = [channel.port1, channel.port2];
  const threads: RigThread[] = [];
  for (let index = 0; index < count; index++) {
    const own = words[index];
    const peerWords = words[1 - index];
    const port = ports[index];
    if (own === undefined || port === undefined) throw new Error("no words");
    const outgoing = rings[index];
    const incoming = rings[1 - index];
    const data: Omit<NeighboursData, "words" | "peer"> = {
      ...perThread,
      kills: options.kills,
      seed: options.seed + index,
      asyncNeighbours: options.asyncNeighbours ?? true,
      options: options.kernel ?? {},
    };
    const peer =
      peerWords === undefined
        ? undefined
        : { threads: count, index, outgoing, incoming, port, words: peerWords.buffer };
    threads.push(
      await rig.start("./neighbours-thread.js", peer === undefined ? data : { ...data, peer }, {
        words: own,
        transfer: peer === undefined ? [] : [port],
      }),
    );
  }
  if (count === 1) channel.port1.close();

  const say = (type: ToNeighbours["type"]): void => {
    for (const thread of threads) thread.worker.postMessage({ type } satisfies ToNeighbours);
  };
  const startMs = monotonicMs();
  let stalled: string | undefined;
  const reports: NeighboursReport[] = [];
  try {
    say("start");
    const timeoutMs = options.timeoutMs ?? 30_000 + options.kills * 50;
    for (const thread of threads) await thread.next(timeoutMs);
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    stalled = error.message;
  }
  const runMs = monotonicMs() - startMs;
  let steps = 0;
  try {
    say("finish");
    steps = await untilIdle(threads, options.settleMs ?? 30_000);
    say("ping");
    await untilIdle(threads, options.settleMs ?? 30_000);
    say("collect");
    for (const thread of threads) reports.push(await thread.next<NeighboursReport>(30_000));
  } catch (error) {
    if (!(error instanceof RigTimeout)) throw error;
    stalled ??= error.message;
  }
  const watch: WatchReport[] = [];
  for (const thread of threads) watch.push(await rig.report(thread));
  return { reports, watch, lost: lostMessages(reports), steps, runMs, stalled };
}

/** Asks until nobody has anything left to do, or the time is up. Returns the steps made. */
async function untilIdle(threads: readonly RigThread[], timeoutMs: number): Promise<number> {
  const endMs = monotonicMs() + timeoutMs;
  let previous = -1;
  for (;;) {
    let isIdle = true;
    let sum = 0;
    let steps = 0;
    for (const thread of threads) {
      thread.worker.postMessage({ type: "status" } satisfies ToNeighbours);
      const status = await thread.next<NeighboursStatus>(30_000);
      isIdle &&= status.isIdle;
      sum += status.steps + status.across;
      steps += status.steps;
    }
    if ((isIdle && sum === previous) || monotonicMs() > endMs) return steps;
    previous = isIdle ? sum : -1;
  }
}

function lostMessages(reports: readonly NeighboursReport[]): number {
  const length = reports[0]?.sent.length ?? 0;
  let lost = 0;
  for (let pair = 0; pair < length; pair++) {
    let balance = 0;
    for (const report of reports) balance += (report.sent[pair] ?? 0) - (report.seen[pair] ?? 0);
    lost += Math.abs(balance);
  }
  return lost;
}

/** Sums over the threads of a run, as the record shows them. */
export function summary(outcome: NeighboursOutcome): {
  readonly kills: number;
  readonly broken: number;
  readonly latency: { p50Ms: number; p99Ms: number; maxMs: number };
  readonly hung: number;
  readonly details: Record<string, unknown>;
} {
  const sum = (pick: (report: NeighboursReport) => number): number =>
    outcome.reports.reduce((total, report) => total + pick(report), 0);
  const stalls = outcome.watch.reduce((total, report) => total + report.stalled, 0);
  const counts = {
    lost: outcome.lost,
    disorder: sum((report) => report.disorder),
    wrongVictims: sum((report) => report.counters.wrongVictims),
    wrongCuts: sum((report) => report.counters.wrongCuts),
    wrongDeaths: sum((report) => report.wrongDeaths),
    caught: sum((report) => report.caught),
    errors: sum((report) => report.counters.errors),
    floodDisorder: sum((report) => report.floodDisorder),
    graceLost: sum((report) => report.counters.graceLost),
    stalls: stalls + (outcome.stalled === undefined ? 0 : 1),
  };
  const hung = sum((report) => report.hung + report.openAtEnd + report.strandedAtEnd);
  const kills = sum((report) => report.counters.kills);
  const turnLost = sum((report) => report.counters.turnLost);
  const turns = sum((report) => report.counters.turns);
  return {
    kills,
    hung,
    broken: hung + Object.values(counts).reduce((total, one) => total + one, 0),
    latency: latencies(outcome.watch.flatMap((report) => report.latenciesMs)),
    details: {
      ...counts,
      hung,
      killsInMicrotasks: sum((report) => report.counters.killsInMicrotasks),
      turnLost,
      inHandLost: sum((report) => report.inHandLost),
      nearMisses: sum((report) => report.nearMisses),
      turns,
      turnsPerSecond: Math.round((turns / outcome.runMs) * 1_000),
      runMs: Math.round(outcome.runMs),
      answers: outcome.watch.map((report) => report.answers),
      ...(outcome.stalled === undefined ? {} : { stalled: outcome.stalled }),
    },
  };
}

/** Half of the kills in a thread of sync and async neighbours, half among synchronous ones, where cuts hit the port. */
export async function killAmongNeighbours(options: ExperimentOptions): Promise<ExperimentRecord> {
  const kills = Math.ceil(options.kills / 2);
  const mixed = await runNeighbours({ ...options, kills });
  const synchronous = await runNeighbours({ ...options, kills, asyncNeighbours: false });
  const runs = [summary(mixed), summary(synchronous)];
  const done = runs.reduce((sum, run) => sum + run.kills, 0);
  const broken = runs.reduce((sum, run) => sum + run.broken, 0);
  return {
    name: "neighbours",
    expected:
      "no message lost or doubled, no wrong victim, nobody hung, nobody dies but culprits and counted turnLost ones",
    ok: broken === 0 && done >= options.kills,
    kills: done,
    broken,
    ...latencies([mixed, synchronous].flatMap((run) => run.watch.flatMap((watch) => watch.latenciesMs))),
    details: { mixed: runs[0]?.details, synchronous: runs[1]?.details },
  };
}

/** One demand taken out at a time. A stalled thread counts as damage too. */
export async function demandsTakenOut(options: ExperimentOptions): Promise<ExperimentRecord> {
  const cases: readonly (readonly [string, Partial<SpikeOptions>])[] = [
    ["nothing", {}],
    ["hold", { hold: false, asyncGraceMs: neverMs }],
    ["record", { record: false, asyncGraceMs: neverMs }],
  ];
  const damage: Record<string, unknown> = {};
  const broken: Record<string, number> = {};
  let kills = 0;
  for (const [name, kernel] of cases) {
    const run = summary(
      await runNeighbours({
        ...options,
        kernel,
        ...(name === "nothing" ? {} : { settleMs: 300, timeoutMs: 500 + options.kills * 15 }),
      }),
    );
    damage[name] = run.details;
    broken[name] = run.broken;
    kills += run.kills;
  }
  return {
    name: "demands",
    expected: "without the hold flag or without the record neighbours hang; with both nothing breaks",
    ok: broken["nothing"] === 0 && (broken["hold"] ?? 0) > 0 && (broken["record"] ?? 0) > 0,
    kills,
    broken: (broken["hold"] ?? 0) + (broken["record"] ?? 0),
    details: damage,
  };
}
