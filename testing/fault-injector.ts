/**
 * Faults by plan: which task meets which fault is a function of the seed and the task's number alone, never of time,
 * so that a run can be made again and two runs can be compared.
 *
 * The plan only says what shall happen; whoever runs the tasks does it. `planHash` tells two plans apart in a report.
 */
import { describe, RuntimeError, SeededRandom } from "../core/index.ts";

/**
 * `throw`: the task's handler throws. `endThread`: the scheduler thread that runs it ends. `poison`: a message that crashes
 * its reader is sent along. `loop`, `loopAfterAwait`, `regex`: the turn does not end. `exit`: it calls `process.exit`.
 */
export type FaultKind = "throw" | "endThread" | "poison" | "loop" | "loopAfterAwait" | "regex" | "exit";

export interface FaultPlanOptions {
  /** A whole number. */
  readonly seed: number;
  /** Number of tasks; they are numbered from 0. */
  readonly tasks: number;
  /** How many tasks get each kind of fault. A kind left out gets none. */
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
}

export interface PlannedFault {
  readonly task: number;
  readonly kind: FaultKind;
}

/** The order in which kinds draw their tasks: part of the plan's meaning, so it is written down. */
const kinds: readonly FaultKind[] = ["throw", "endThread", "poison", "loop", "loopAfterAwait", "regex", "exit"];

export class FaultPlan {
  /** All faults, by task number. */
  readonly faults: readonly PlannedFault[];
  readonly #byTask: ReadonlyMap<number, FaultKind>;

  /**
   * @throws RuntimeError `bad_argument`: a seed, a number of tasks or of faults that is no whole number, a kind that there is
   * not, or more faults than tasks (no task gets two).
   */
  constructor(options: FaultPlanOptions) {
    const { seed, tasks, faults } = checked(options);
    const wanted = kinds.flatMap((kind) => Array.from({ length: faults[kind] ?? 0 }, () => kind));
    const chosen = sample(new SeededRandom(seed), tasks, wanted.length);
    this.#byTask = new Map(wanted.map((kind, at) => [chosen[at] ?? 0, kind]));
    this.faults = [...this.#byTask].map(([task, kind]) => ({ task, kind })).sort((a, b) => a.task - b.task);
  }

  /** The fault of a task, if it gets one. */
  faultOf(task: number): FaultKind | undefined {
    return this.#byTask.get(task);
  }

  /** The plan as 16 hexadecimal digits: equal for equal plans (FNV-1a over its text, 64 bits). */
  get planHash(): string {
    let hash = 0xcbf29ce484222325n;
    for (const letter of this.faults.map(({ task, kind }) => `${task}:${kind};`).join("")) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(letter.charCodeAt(0))) * 0x100000001b3n);
    }
    return hash.toString(16).padStart(16, "0");
  }
}

function checked(options: FaultPlanOptions): FaultPlanOptions {
  if (
    typeof options !== "object" ||
    options === null ||
    typeof options.faults !== "object" ||
    options.faults === null
  ) {
    throw refused("it wants { seed, tasks, faults: { throw: 3 } }", options);
  }
  const { seed, tasks, faults } = options;
  if (!Number.isSafeInteger(seed)) throw refused("seed is a whole number", seed);
  if (!isCount(tasks)) throw refused("tasks is a whole number from 0", tasks);
  let total = 0;
  for (const [kind, count] of Object.entries(faults)) {
    if (!(kinds as readonly string[]).includes(kind)) throw refused(`faults are ${kinds.join(", ")}`, kind);
    if (count !== undefined && !isCount(count)) throw refused(`faults.${kind} is a whole number from 0`, count);
    total += count ?? 0;
  }
  if (total > tasks) throw refused(`faults are at most one a task, so ${tasks} together`, total);
  return options;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function refused(wanted: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `a fault plan: ${wanted}, got ${describe(got)}`);
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
