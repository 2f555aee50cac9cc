/**
 * Runs one suite in every place that an actor may run: on the main thread, on another scheduler thread, on a thread of
 * its own, and in a process of its own. Semantics hold everywhere or they do not hold (Comedy's idea: one suite, every mode).
 *
 * The suite asks its place for actors. An actor that is not where it was asked to be fails the test, and so does a
 * suite that never asked: it would have run four times on main.
 */
import {
  type Api,
  type Behaviour,
  defineActor,
  type Ref,
  type RefData,
  type SpawnOptions,
  sameRef,
} from "../core/index.ts";
import type { TestedSystem } from "./tested-system.ts";

/** `main`: the test's own thread. `scheduler`: the first scheduler thread. `dedicated`: a thread of its own for each actor. `process`: a process of its own for each. */
export type PlaceName = "main" | "scheduler" | "dedicated" | "process";

/** Scheduler threads that a suite needs beside main: the second is where `elsewhere` puts an actor's partner. */
export const placementThreads = 2;

const spawnOptions: Readonly<Record<PlaceName, SpawnOptions>> = {
  main: { placement: { thread: 0 } },
  scheduler: { placement: { thread: 1 } },
  dedicated: { isolation: "thread" },
  process: { isolation: "process" },
};

const titles: Readonly<Record<PlaceName, string>> = {
  main: "on the main thread",
  scheduler: "on another scheduler thread",
  dedicated: "on a dedicated thread",
  process: "in a process of its own",
};

/** Every place, in the order of the suites. */
export const placeNames = Object.keys(titles) as readonly PlaceName[];

/** Says where it is by its ref. */
const anchor = defineActor({ name: "anchor", module: import.meta.url, receive: () => undefined });

export { anchor as placementAnchor };

export class Place {
  readonly name: PlaceName;
  #isUsed = false;

  constructor(name: PlaceName) {
    this.name = name;
  }

  /** Whether the suite asked for it at all. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Whether each actor here has a thread or process to start and to end: a suite makes few of them. */
  get isAlone(): boolean {
    return this.name === "dedicated" || this.name === "process";
  }

  /** The options that put an actor here, for a spawn that the test makes in another way. */
  get options(): SpawnOptions {
    this.#isUsed = true;
    return spawnOptions[this.name];
  }

  /** Starts an actor here, and checks that it is here. */
  async spawn<A, P extends Api>(
    system: TestedSystem,
    behaviour: Behaviour<A, P>,
    argument: A,
    options: Omit<SpawnOptions, "placement" | "isolation"> = {},
  ): Promise<Ref<P>> {
    const ref = await system.spawn(behaviour, argument, { ...options, ...this.options });
    await this.verify(system, ref);
    return ref;
  }

  /** @throws Error when the actor is not here. */
  async verify(system: TestedSystem, ref: RefData): Promise<void> {
    this.#isUsed = true;
    const threads: number[] = [];
    for (let thread = 0; thread <= placementThreads; thread += 1) {
      const there = await system.spawn(anchor, undefined, { placement: { thread } });
      threads.push(there.thread);
      system.exit(there, "kill");
    }
    const [main, scheduler] = threads;
    const isRemote = system.processes().some((process) => sameRef(process.ref, ref));
    const isHere =
      this.name === "process" || isRemote
        ? this.name === "process" && isRemote
        : this.name === "main"
          ? ref.thread === main
          : this.name === "scheduler"
            ? ref.thread === scheduler && ref.thread !== main
            : !threads.includes(ref.thread);
    if (isHere) return;
    throw new Error(`an actor asked for ${titles[this.name]} is on thread ${ref.thread} (of ${threads.join(", ")})`);
  }
}

/** The two functions of a test runner that are needed; Jest's own fit, and are taken from the globals if not given. */
export interface Runner {
  describe(title: string, suite: () => void): void;
  afterAll(check: () => void): void;
}

/**
 * Describes a suite once for each place. The system under test needs `placementThreads` threads.
 *
 * @param places all four by default; fewer for a run that leaves out the slow ones, which another run makes up for.
 */
export function describePlacements(
  title: string,
  suite: (place: Place) => void,
  runner: Runner = globalThis as unknown as Runner, // a test runner that puts its functions there, or we throw
  places: readonly PlaceName[] = placeNames,
): void {
  if (typeof runner.describe !== "function" || typeof runner.afterAll !== "function") {
    throw new Error(
      "describePlacements needs a test runner with `describe` and `afterAll`: pass them as its third argument",
    );
  }
  for (const name of places) {
    const place = new Place(name);
    runner.describe(`${title}, ${titles[name]}`, () => {
      suite(place);
      runner.afterAll(() => {
        if (!place.isUsed) throw new Error(`the suite "${title}" asked for no actor ${titles[name]}`);
      });
    });
  }
}
