/**
 * Compares contenders on one question. They take turns within one run (A B C, A B C, …), because on a shared
 * machine only ratios taken together mean anything, and the order of warm-up alone has moved a count two- to threefold.
 * Each repetition is verified; a wrong result discards the whole question and fails the run.
 */
import type { Repetition } from "./peers/scenario.ts";
import { type Summary, summarize } from "./summary.ts";

export interface Contender {
  readonly name: string;
  /** It does size / dividedBy operations a repetition, for those too slow to do all; at least 1. */
  readonly dividedBy: number;
  /** Executes one repetition; what is built before the first is kept for the next. */
  run(size: number): Promise<Repetition>;
  /** Ends its threads and processes, also in the middle of a repetition. */
  close(): Promise<void>;
}

/** A contender that this machine cannot run; it is named in the table rather than left out. */
export interface Absent {
  readonly name: string;
  readonly absent: string;
}

export interface Question {
  /** Short and stable: what `--filter` and machines go by. */
  readonly name: string;
  readonly question: string;
  /** Nanoseconds for one `operation` are computed from the elapsed time; microseconds from single latencies. */
  readonly unit: "ns" | "us";
  /** What is counted, in the singular: "round trip", "message". */
  readonly operation: string;
  /** Operations in one repetition. */
  readonly size: number;
  /** The only right result of a repetition of that many operations. */
  expected(size: number): number;
  /** In the order of the table. The others are compared with the first that is present. */
  contenders(): readonly (Contender | Absent)[];
}

export interface Plan {
  /** Repetitions thrown away before the first that counts. */
  readonly warmups: number;
  readonly repetitions: number;
  /** Sizes are divided by this. */
  readonly sizeDividedBy: number;
  /** A contender that takes longer for one repetition has lost a message, or will never end. */
  readonly repetitionLimitMs: number;
}

export const fullPlan: Plan = { warmups: 3, repetitions: 15, sizeDividedBy: 1, repetitionLimitMs: 60_000 };
/** Shows that everything runs; its figures are not for comparison. */
export const quickPlan: Plan = { warmups: 1, repetitions: 3, sizeDividedBy: 20, repetitionLimitMs: 30_000 };

export interface Figures extends Summary {
  readonly name: string;
  /** This median divided by the reference's: above 1 means that the reference is better. */
  readonly ratio: number;
  /** Operations in each repetition. */
  readonly size: number;
}

export interface Answer {
  readonly name: string;
  readonly question: string;
  /** For example "ns/round trip"; lower is better, always. */
  readonly unit: string;
  /** Name of the contender that ratios refer to; undefined if none could run. */
  readonly reference: string | undefined;
  readonly contenders: readonly Figures[];
  readonly absent: readonly Absent[];
  /** Why the answer is void: a wrong result, a failure, a time limit. Then `contenders` is empty. */
  readonly unverified?: string;
}

export interface Watcher {
  /** Called before each repetition; `round` counts from 1, warm-ups included. */
  progress(question: string, contender: string, round: number, rounds: number): void;
}

/**
 * Runs one question by the plan. A contender's failure becomes an answer with `unverified`.
 * @throws the signal's reason once it is aborted; all contenders are closed then, as in every case.
 */
export async function answer(question: Question, plan: Plan, signal: AbortSignal, watcher: Watcher): Promise<Answer> {
  const entrants = question.contenders();
  const absent = entrants.filter((entrant) => "absent" in entrant);
  const contenders = entrants.filter((entrant) => "run" in entrant);
  const base = {
    name: question.name,
    question: question.question,
    unit: `${question.unit}/${question.operation}`,
    reference: contenders[0]?.name,
    absent,
  };
  try {
    return { ...base, contenders: await compare(question, contenders, plan, signal, watcher) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...base, contenders: [], unverified: error instanceof Error ? error.message : String(error) };
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
  const entries = contenders.map((contender) => ({
    contender,
    size: Math.max(1, Math.round(question.size / plan.sizeDividedBy / contender.dividedBy)),
    samples: [] as number[],
  }));
  const rounds = plan.warmups + plan.repetitions;
  for (let round = 1; round <= rounds; round += 1) {
    for (const { contender, size, samples } of entries) {
      signal.throwIfAborted();
      watcher.progress(question.name, contender.name, round, rounds);
      const repetition = await limited(contender.run(size), contender.name, plan.repetitionLimitMs, signal);
      const expected = question.expected(size);
      if (repetition.result !== expected) {
        throw new Error(`${contender.name} counted ${repetition.result} where ${expected} is right`);
      }
      if (round > plan.warmups) collect(question, repetition, size, samples);
    }
  }
  const summaries = entries.map(({ samples }) => summarize(samples));
  const reference = summaries[0]?.median ?? Number.NaN;
  return entries.map(({ contender, size }, position) => {
    const summary = summaries[position] ?? summarize([]);
    return { name: contender.name, ...summary, ratio: summary.median / reference, size };
  });
}

/** A latency question pools single operations; the others have one sample a repetition. */
function collect(question: Question, repetition: Repetition, size: number, samples: number[]): void {
  if (question.unit === "ns") {
    samples.push((repetition.elapsedMs * 1e6) / size);
    return;
  }
  const { latenciesUs } = repetition;
  if (latenciesUs?.length !== size) throw new Error(`${latenciesUs?.length ?? 0} latencies of ${size} operations`);
  for (const latencyUs of latenciesUs) samples.push(latencyUs);
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
