/** Where an actor can go from where it is: every state and everything that is done to it. On one simulated thread: placements change nothing here. */
import { describe, expect, test } from "@jest/globals";
import { isOrderly } from "../../../core/actor/exit-reason.ts";
import { type LifecycleState, lifecycleStates } from "../../../core/actor/lifecycle-state.ts";
import { defineServer, type Ref } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

/** Opened by the test: what `init`, a turn and `terminate` wait for. */
let gate = Promise.withResolvers<void>();
/** Looks at the actor's state, from within its own code. */
let look = () => {};

export const staged = defineServer({
  init: async (waits: "init" | "turn" | "terminate", ctx) => {
    look();
    ctx.trapExit(true);
    if (waits === "init") await gate.promise;
    return { waits };
  },
  casts: {
    work: () => {
      look();
      return gate.promise;
    },
  },
  terminate: ({ waits }) => {
    look();
    return waits === "terminate" ? gate.promise : undefined;
  },
});

type End = LifecycleState | "gone";
type Deed = "pause" | "resume" | "stop" | "kill" | "work";

/** With the two ends, which only the reason tells. */
const lives = [...lifecycleStates, "stopped", "failed"] as const;
type Life = (typeof lives)[number];

class Stage {
  /** Where it has been, from the beginning. */
  readonly way: Life[] = [];
  readonly #system = new SimulatedSystem(1, 1);
  readonly #ref: Ref;

  private constructor(waits: "init" | "turn" | "terminate") {
    gate = Promise.withResolvers();
    gate.promise.catch(() => undefined); // where nothing waits for it
    look = () => this.#look();
    this.#system.events.on("exited", ({ reason }) => this.#pass(isOrderly(reason) ? "stopped" : "failed"));
    this.#ref = this.#ctx.spawn(staged, waits);
  }

  /** An actor in that state of its life, with an open way out of it. */
  static async in(state: LifecycleState): Promise<Stage> {
    const stage = new Stage(state === "initializing" ? "init" : state === "stopping" ? "terminate" : "turn");
    if (state === "created") return stage;
    await stage.settle();
    if (state === "running") stage.#ctx.cast(stage.#ref, "work");
    if (state === "paused") stage.do("pause");
    if (state === "stopping") stage.do("stop");
    await stage.settle();
    return stage;
  }

  get #kernel() {
    return this.#system.kernel(0);
  }

  get #ctx() {
    const { ctx } = this.#kernel.guest;
    if (ctx === undefined) throw new Error("the guest has a context");
    return ctx;
  }

  get state(): End {
    return this.#kernel.controls.actors()[0]?.state ?? "gone";
  }

  /** Notes where it is, if that is elsewhere than it was. */
  #look(): void {
    const { state } = this;
    if (state !== "gone") this.#pass(state);
  }

  #pass(state: Life): void {
    if (this.way.at(-1) !== state) this.way.push(state);
  }

  do(deed: Deed): void {
    this.#look();
    if (deed === "work") this.#ctx.cast(this.#ref, "work");
    else if (deed === "kill") this.#ctx.exit(this.#ref, "kill");
    else if (deed === "stop") void this.#ctx.stopActor(this.#ref, "shutdown").catch(() => undefined);
    else void this.#kernel.controls.ask(this.#kernel.guest, deed, this.#ref).catch(() => undefined);
  }

  /** Lets what it waits for come, or fail. */
  async open(fails = false): Promise<void> {
    if (fails) gate.reject(new Error("not today"));
    else gate.resolve();
    await this.settle();
  }

  async settle(): Promise<void> {
    this.#look();
    for (let i = 0; i < 10; i++) {
      while (this.#system.step()) this.#look();
      await new Promise(setImmediate);
      this.#look();
    }
  }
}

/** By state and deed: where it is once that has been received, and where when all that it waits for has come. */
const table: readonly (readonly [LifecycleState, Deed, End, End])[] = [
  ["created", "pause", "paused", "paused"],
  ["created", "resume", "ready", "ready"],
  ["created", "stop", "gone", "gone"],
  ["created", "kill", "gone", "gone"],
  ["initializing", "pause", "initializing", "paused"],
  ["initializing", "resume", "initializing", "ready"],
  ["initializing", "stop", "initializing", "gone"],
  ["initializing", "kill", "gone", "gone"],
  ["ready", "pause", "paused", "paused"],
  ["ready", "resume", "ready", "ready"],
  ["ready", "stop", "gone", "gone"],
  ["ready", "kill", "gone", "gone"],
  ["running", "pause", "running", "paused"],
  ["running", "resume", "running", "ready"],
  ["running", "stop", "running", "gone"],
  ["running", "kill", "gone", "gone"],
  ["paused", "pause", "paused", "paused"],
  ["paused", "resume", "ready", "ready"],
  ["paused", "stop", "gone", "gone"],
  ["paused", "kill", "gone", "gone"],
  ["stopping", "pause", "stopping", "gone"],
  ["stopping", "resume", "stopping", "gone"],
  ["stopping", "stop", "stopping", "gone"],
  ["stopping", "kill", "gone", "gone"],
];

/**
 * By state: where it may go from there, as it is seen from outside. Where nothing is to be done between two of them an actor is
 * `ready` only in between: its next turn, or its end, follows at once.
 */
const ways: readonly (readonly [from: Life, ...to: Life[]])[] = [
  ["created", "initializing", "failed"],
  ["initializing", "ready", "running", "paused", "stopping", "failed"],
  ["ready", "running", "paused", "stopping", "failed"],
  ["running", "ready", "paused", "stopping", "failed"],
  ["paused", "ready", "stopping", "failed"],
  ["stopping", "stopped", "failed"],
  ["stopped"],
  ["failed"],
];

describe("the life of an actor", () => {
  test.each(table)("%s, then %s: %s, and in the end %s", async (state, deed, then, end) => {
    const stage = await Stage.in(state);
    expect(stage.state).toBe(state);
    stage.do(deed);
    await stage.settle();
    expect(stage.state).toBe(then);
    await stage.open();
    expect(stage.state).toBe(end);
  });

  test("goes from a state to those that it may go to, and to no other, whatever is done to it", async () => {
    const deeds: readonly Deed[] = ["pause", "resume", "stop", "kill", "work"];
    const seen = new Set<string>();
    for (const state of lifecycleStates) {
      for (const first of deeds) {
        for (const second of deeds) {
          for (const fails of [false, true]) {
            const stage = await Stage.in(state);
            stage.do(first);
            stage.do(second);
            await stage.settle();
            await stage.open(fails);
            for (const [at, to] of stage.way.entries()) if (at > 0) seen.add(`${stage.way[at - 1]} -> ${to}`);
          }
        }
      }
    }
    const pairs = lives.flatMap((from) => lives.map((to) => `${from} -> ${to}`));
    const allowed = ways.flatMap(([from, ...to]) => to.map((next) => `${from} -> ${next}`));
    expect(pairs.filter((pair) => seen.has(pair)).sort()).toEqual(allowed.sort());
    expect(seen.size).toBe(allowed.length);
  });
});
