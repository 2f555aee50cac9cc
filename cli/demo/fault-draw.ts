/**
 * Which tasks of a stretch meet which fault: a function of the seed and the task's number alone, so that two runs of the
 * demo can be compared. A task meets one fault at most.
 */
import { SeededRandom } from "../../index.ts";

/**
 * `throw`: the task's handler throws. `endThread`: the scheduler thread that runs it ends. `poison`: a message that crashes
 * its reader is sent along. `loop`, `loopAfterAwait`, `regex`: the turn does not end. `exit`: it calls `process.exit`.
 */
export type DrawnFault = "throw" | "endThread" | "poison" | "loop" | "loopAfterAwait" | "regex" | "exit";

/** How many tasks meet each fault; none of a kind that is left out. */
export type FaultCounts = Readonly<Partial<Record<DrawnFault, number>>>;

/** The order in which kinds draw their tasks: part of what a seed means, so it is written down. */
const kinds: readonly DrawnFault[] = ["throw", "endThread", "poison", "loop", "loopAfterAwait", "regex", "exit"];

export class FaultDraw {
  readonly #byTask: ReadonlyMap<number, DrawnFault>;

  /** @param counts together at most all of the tasks */
  constructor(seed: number, tasks: number, counts: FaultCounts) {
    const wanted = kinds.flatMap((kind) => Array.from({ length: counts[kind] ?? 0 }, () => kind));
    const chosen = sample(new SeededRandom(seed), tasks, wanted.length);
    this.#byTask = new Map(wanted.map((kind, at) => [chosen[at] as number, kind]));
  }

  /** The fault of a task, if it gets one. */
  faultOf(task: number): DrawnFault | undefined {
    return this.#byTask.get(task);
  }
}

/** `count` different whole numbers below `bound`: a Fisher-Yates shuffle that keeps only the places it moved. */
function sample(random: SeededRandom, bound: number, count: number): number[] {
  const moved = new Map<number, number>();
  return Array.from({ length: count }, (_, at) => {
    const other = at + random.below(bound - at);
    const picked = moved.get(other) ?? other;
    moved.set(other, moved.get(at) ?? at);
    return picked;
  });
}
