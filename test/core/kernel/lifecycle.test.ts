/** Where an actor can go from where it is: every state and everything that is done to it. On one simulated thread: placements change nothing here. */
import { describe, expect, test } from "@jest/globals";
import type { LifecycleState } from "../../../core/actor/lifecycle-state.ts";
import { defineServer, type Ref } from "../../../core/index.ts";
import { SimulatedSystem } from "../../support/simulated-system.ts";

/** Opened by the test: what `init`, a turn and `terminate` wait for. */
let gate = Promise.withResolvers<void>();

export const staged = defineServer({
  init: async (waits: "init" | "turn" | "terminate", ctx) => {
    ctx.trapExit(true);
    if (waits === "init") await gate.promise;
    return { waits };
  },
  casts: {
    work: () => gate.promise,
  },
  terminate: ({ waits }) => (waits === "terminate" ? gate.promise : undefined),
});

type End = LifecycleState | "gone";

class Stage {
  readonly #system = new SimulatedSystem(1, 1);
  readonly #ref: Ref;

  private constructor(waits: "init" | "turn" | "terminate") {
    gate = Promise.withResolvers();
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

  do(deed: "pause" | "resume" | "stop" | "kill"): void {
    if (deed === "kill") this.#ctx.exit(this.#ref, "kill");
    else if (deed === "stop") void this.#ctx.stopActor(this.#ref, "shutdown").catch(() => undefined);
    else void this.#kernel.controls.ask(this.#kernel.guest, deed, this.#ref).catch(() => undefined);
  }

  /** Lets what it waits for come. */
  async open(): Promise<void> {
    gate.resolve();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) {
      this.#system.settle();
      await new Promise(setImmediate);
    }
  }
}

/** By state and deed: where it is once that has been received, and where when all that it waits for has come. */
const table: readonly (readonly [LifecycleState, Parameters<Stage["do"]>[0], End, End])[] = [
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
});
