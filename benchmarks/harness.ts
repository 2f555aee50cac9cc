/**
 * Compares contenders on one question. They take turns within one run (A B C, A B C, …), because on a shared
 * machine only ratios taken together mean anything, and the order of warm-up alone has moved a count two- to threefold.
 * Each repetition is verified; a wrong result discards the whole question and fails the run.
 */
import { type Goal, type GoalResult, judged } from "./goal.ts";
import { type Memory, MemorySum, type Reading } from "./memory.ts";
import { Meter } from "./meter.ts";
import type { Repetition } from "./peers/scenario.ts";
import { type Summary, summarize } from "./summary.ts";

export interface Contender {
  readonly name: string;
  /** It does size / dividedBy operations a repetition, for those too slow to do all; at least 1. */
  readonly dividedBy: number;
  /** Executes one repetition; what is built before the first is kept for the next. */
  run(size: number): Promise<Repetition>;
  /** What its processes hold, where it runs in others than this one. Default: it runs in threads of this one, which can be looked at. */
  readonly held?: () => Promise<Held>;
  /** Ends its threads and processes, also in the middle of a repetition. */
  close(): Promise<void>;
}

export type Held = Pick<Memory, "heapBytes" | "rssBytes">;

/** Of processes that nobody can ask. */
export const heldUnknown = (): Promise<Held> => Promise.resolve({ heapBytes: null, rssBytes: null });

/** A contender that this machine cannot run; it is named in the table rather than left out. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export interface Question {
  /** Short and stable: what `--filter` and machines go by. */
  readonly name: string;
  readonly question: string;
  /** Nanoseconds for one `operation` are computed from the elapsed time, microseconds from single latencies, bytes from the memory of all. */
  readonly unit: "ns" | "us" | "bytes";
  /** What is counted, in the singular: "round trip", "message". */
  readonly operation: string;
  /** Where those are who take part: "same thread", "two threads". */
  readonly placement: string;
  /** What is wanted; none by default. */
  readonly goals?: readonly Goal[];
  /** Operations in one repetition. */
  readonly size: number;
  /** The only right result of a repetition of that many operations. */
  expected(size: number): number;
  /** In the order of the table. The others are compared with the first that is present. */
  contenders(): readonly (Contender | Absent)[];
}

export interface Plan {
  /** Repetitions thrown away before the first that counts, of each contender. */
  readonly warmups: number;
  /** So long each has run before, in more of them if need be: code of many functions over two threads takes its time to be compiled. */
  readonly warmupMs: number;
  readonly repetitions: number;
  /** Sizes are divided by this. */
  readonly sizeDividedBy: number;
  /** So many of those that are present, the first ones. */
  readonly contendersMax: number;
  /** Whether goals are judged by it. */
  readonly hasGoals: boolean;
  /** A contender that takes longer for one repetition has lost a message, or will never end. */
  readonly repetitionLimitMs: number;
}

export const fullPlan: Plan = {
  warmups: 3,
  warmupMs: 2_000,
  repetitions: 15,
  sizeDividedBy: 1,
  contendersMax: Number.POSITIVE_INFINITY,
  hasGoals: true,
  repetitionLimitMs: 60_000,
};
/** To be compared with another run of the same contender. */
export const alonePlan: Plan = { ...fullPlan, warmupMs: 1_000, repetitions: 7, contendersMax: 1, hasGoals: false };
/** Shows that everything runs; its figures are not for comparison. */
export const quickPlan: Plan = {
  // What a contender starts would else be in the memory of its first operations.
  warmups: 1,
  warmupMs: 0,
  repetitions: 1,
  sizeDividedBy: 20,
  contendersMax: 2,
  hasGoals: false,
  repetitionLimitMs: 30_000,
};

/** Of memory: it hardly varies, needs no code to be compiled first, and a million actors take their time. */
const memoryRepetitionsMax = 5;

export interface Figures extends Summary, Memory {
  readonly name: string;
  /** This median divided by the reference's: above 1 means that the reference is better. */
  readonly ratio: number;
  /** Operations in each repetition. */
  readonly size: number;
}

export interface Answer {
  readonly name: string;
  readonly question: string;
  readonly placement: string;
  /** For example "ns/round trip"; lower is better, always. */
  readonly unit: string;
  /** Name of the contender that ratios refer to; undefined if none could run. */
  readonly reference: string | undefined;
  readonly contenders: readonly Figures[];
  readonly absent: readonly Absent[];
  readonly goals: readonly GoalResult[];
  /** Why the answer is void: a wrong result, a failure, a time limit. Then `contenders` is empty. */
  readonly unverified?: string;
}

export interface Watcher {
  /** Called before each repetition; `round` counts from 1, and is undefined in the warm-up. */
  progress(question: string, contender: string, round: number | undefined, rounds: number): void;
}

/**
 * Runs one question by the plan. A contender's failure becomes an answer with `unverified`.
 * @throws the signal's reason once it is aborted; all contenders are closed then, as in every case.
 */
export async function answer(question: Question, plan: Plan, signal: AbortSignal, watcher: Watcher): Promise<Answer> {
  const entrants = question.contenders();
  const absent = entrants.filter((entrant) => "absent" in entrant);
  const contenders = entrants.filter((entrant) => "run" in entrant).slice(0, plan.contendersMax);
  const { goals = [] } = plan.hasGoals ? question : {};
  const base = {
    name: question.name,
    question: question.question,
    placement: question.placement,
    unit: `${question.unit}/${question.operation}`,
    reference: contenders[0]?.name,
    absent,
  };
  try {
    const figures = await compare(question, contenders, plan, signal, watcher);
    return { ...base, contenders: figures, goals: judged(goals, figures) };
  } catch (error) {
    signal.throwIfAborted();
    return {
      ...base,
      contenders: [],
      goals: judged(goals, []),
      unverified: error instanceof Error ? error.message : String(error),
    };
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
  }
}

async function compare(
  question: Question,
  contenders: readonly Contender[],
  plan: Plan,
  signal: AbortSignal,
  watcher: Watcher,
): Promise<Figures[]> {
  using meter = new Meter();
  const entries = contenders.map((contender) => ({
    contender,
    size: Math.max(1, Math.round(question.size / plan.sizeDividedBy / contender.dividedBy)),
    samples: [] as number[],
    memory: new MemorySum(),
    held: { heapBytes: null, rssBytes: null } as Held,
  }));
  const isOfMemory = question.unit === "bytes";
  const repetitions = isOfMemory ? Math.min(memoryRepetitionsMax, plan.repetitions) : plan.repetitions;
  const repeat = async ({ contender, size }: (typeof entries)[number], round?: number): Promise<Repetition> => {
    signal.throwIfAborted();
    watcher.progress(question.name, contender.name, round, repetitions);
    meter.begin(contender);
    const repetition = await limited(contender.run(size), contender.name, plan.repetitionLimitMs, signal);
    const expected = question.expected(size);
    if (repetition.result !== expected)
      throw new Error(`${contender.name} counted ${repetition.result} where ${expected} is right`);
    return repetition;
  };
  let cold = plan.warmups === 0 || isOfMemory ? [] : entries.map((entry) => ({ entry, leftMs: plan.warmupMs }));
  for (let round = 1; cold.length > 0; round += 1) {
    for (const one of cold) {
      const startMs = performance.now();
      const { elapsedMs } = await repeat(one.entry);
      // Some that take long measure but a moment of it.
      one.leftMs -= Math.max(elapsedMs, performance.now() - startMs);
    }
    cold = cold.filter(({ leftMs }) => leftMs > 0 || round < plan.warmups);
  }
  for (let round = 1; round <= repetitions; round += 1)
    for (const entry of entries) {
      const { contender, size, samples, memory } = entry;
      const [blank, before] = [await meter.read(contender), await meter.read(contender)];
      collect(question, await repeat(entry, round), size, samples);
      const after = await meter.read(contender);
      if (contender.held === undefined && blank && before && after) memory.add({ blank, before, after }, size);
      // Once, behind all that is timed.
      if (round === repetitions) entry.held = await (contender.held?.() ?? heldHere(after));
    }
  const summaries = entries.map(({ samples }) => summarize(samples));
  const reference = summaries[0]?.median ?? Number.NaN;
  return entries.map(({ contender, size, memory, held }, position) => {
    const summary = summaries[position] ?? summarize([]);
    const ratio = summary.median / reference;
    return { name: contender.name, ...summary, ratio, size, ...memory.figures, ...held };
  });
}

function heldHere(reading: Reading | undefined): Held {
  const heaps = reading?.threads.map(({ heapBytes }) => heapBytes);
  return { heapBytes: heaps?.reduce((sum, bytes) => sum + bytes, 0) ?? null, rssBytes: process.memoryUsage.rss() };
}

/** A latency question pools single operations; the others have one sample a repetition. */
function collect(question: Question, repetition: Repetition, size: number, samples: number[]): void {
  const { elapsedMs, latenciesUs, bytes } = repetition;
  switch (question.unit) {
    case "ns":
      samples.push((elapsedMs * 1e6) / size);
      return;
    case "us":
      if (latenciesUs?.length !== size) throw new Error(`${latenciesUs?.length ?? 0} latencies of ${size} operations`);
      for (const latencyUs of latenciesUs) samples.push(latencyUs);
      return;
    case "bytes":
      if (bytes === undefined) throw new Error("its memory was not counted");
      samples.push(bytes / size);
      return;
  }
}

/** The outcome of `running`, unless the time limit or the signal comes first. */
function limited(
  running: Promise<Repetition>,
  name: string,
  limitMs: number,
  signal: AbortSignal,
): Promise<Repetition> {
  const { promise, resolve, reject } = Promise.withResolvers<Repetition>();
  const onAbort = (): void => reject(signal.reason);
  const timer = setTimeout(() => reject(new Error(`${name} did not finish a repetition in ${limitMs} ms`)), limitMs);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort(); // aborted while the repetition began: the event is over
  running.then(resolve, reject);
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  });
}
