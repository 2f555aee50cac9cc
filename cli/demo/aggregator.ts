/**
 * Adds up what agents counted, each task once: whatever was handed out twice changes nothing the second time.
 *
 * Every pass over a slice comes to the same aggregator, which holds the hash against that of the first. Aggregators run
 * on main, where no thread can be lost under them: what they know is nowhere else.
 */
import { defineServer, type Ref, RuntimeError } from "../../index.ts";
import { coordinatorName, type DoneMessage, type ResultMessage } from "./conversation.ts";
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
  /** Slices of the whole corpus: tasks with smaller numbers are the first pass. */
  readonly slices: number;
}

interface AggregatorState {
  readonly slices: number;
  readonly counted: TaskSet;
  readonly hashes: Map<number, string>;
  totals: Totals;
  coordinator: Ref | undefined;
}

const nothing: TextCount = { lines: 0, words: 0, bytes: 0 };

export const aggregator = defineServer({
  name: "aggregator",
  init: ({ slices }: AggregatorSetup): AggregatorState => ({
    slices,
    counted: new TaskSet(),
    hashes: new Map(),
    totals: { tasks: 0, duplicates: 0, mismatches: 0, firstPass: nothing, all: nothing },
    coordinator: undefined,
  }),
  casts: {
    result(state, result: ResultMessage, ctx) {
      state.totals = state.counted.has(result.task)
        ? { ...state.totals, duplicates: state.totals.duplicates + 1 }
        : counted(state, result);
      state.coordinator ??= ctx.whereis(coordinatorName);
      if (state.coordinator === undefined) throw new RuntimeError("noproc", `no ${coordinatorName} to acknowledge to`);
      // Also for what came again: the first acknowledgement may have crossed with the second hand-out.
      state.coordinator.cast("done", { task: result.task, attempt: result.attempt } satisfies DoneMessage);
    },
  },
  calls: {
    totals: (state) => state.totals,
  },
  format: ({ totals }) => totals,
});

function counted(state: AggregatorState, { task, sliceNumber, count, hash }: ResultMessage): Totals {
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
