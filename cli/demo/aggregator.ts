/**
 * Adds up what agents counted, each task once: whatever was done twice changes nothing the second time.
 *
 * Every pass over a slice comes to the same aggregator, which holds the hash against that of the first. Aggregators run
 * on main, where no thread can be lost under them: what they know is nowhere else.
 */
import { type Context, defineServer, type Envelope } from "../../index.ts";
import { type CountedMessage, resultTopic } from "./conversation.ts";
import { TaskSet } from "./task-set.ts";
import type { TextCount } from "./text-count.ts";

export interface Totals {
  /** Tasks counted. */
  readonly tasks: number;
  /** Results that came again. */
  readonly duplicates: number;
  /** Results whose hash was not that of the first pass over the slice. */
  readonly mismatches: number;
  /** Of the first pass. */
  readonly firstPass: TextCount;
  /** Of all passes. */
  readonly all: TextCount;
}

export interface AggregatorSetup {
  readonly aggregator: number;
  /** Slices of the whole corpus: tasks with smaller numbers are the first pass. */
  readonly slices: number;
}

interface AggregatorState {
  readonly slices: number;
  readonly counted: TaskSet;
  readonly hashes: Map<number, string>;
  totals: Totals;
}

const nothing: TextCount = { lines: 0, words: 0, bytes: 0 };

export const aggregator = defineServer({
  name: "aggregator",
  async init({ aggregator, slices }: AggregatorSetup, ctx: Context): Promise<AggregatorState> {
    // Its start has ended when every thread knows of it: nothing is published before.
    await ctx.subscribe(resultTopic(aggregator));
    return {
      slices,
      counted: new TaskSet(),
      hashes: new Map(),
      totals: { tasks: 0, duplicates: 0, mismatches: 0, firstPass: nothing, all: nothing },
    };
  },
  calls: {
    totals: (state) => state.totals,
  },
  info(state, envelope: unknown) {
    const result = (envelope as Envelope).message as CountedMessage; // nothing else is published under its topic
    state.totals = state.counted.has(result.task)
      ? { ...state.totals, duplicates: state.totals.duplicates + 1 }
      : counted(state, result);
  },
  format: ({ totals }) => totals,
});

function counted(state: AggregatorState, { task, sliceNumber, count, hash }: CountedMessage): Totals {
  const { totals } = state;
  state.counted.add(task);
  const first = state.hashes.get(sliceNumber) ?? hash;
  state.hashes.set(sliceNumber, first);
  return {
    ...totals,
    tasks: totals.tasks + 1,
    mismatches: totals.mismatches + (first === hash ? 0 : 1),
    firstPass: task < state.slices ? sumOf(totals.firstPass, count) : totals.firstPass,
    all: sumOf(totals.all, count),
  };
}

export function sumOf(a: TextCount, b: TextCount): TextCount {
  return { lines: a.lines + b.lines, words: a.words + b.words, bytes: a.bytes + b.bytes };
}
