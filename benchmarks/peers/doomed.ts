/**
 * The runtime's actors in a thread that one of them holds: it is killed, or its thread is lost. Main tells when the crash
 * report with the stack is there, and when a supervised neighbour answers again, or its successor.
 */
import { setTimeout as afterMs } from "node:timers/promises";
import { type ChildSpec, type CrashReport, type MofaSystem, type Ref, startSystem } from "../../index.ts";
import { type Doom, doomed, echo, holds } from "../behaviours.ts";
import type { Contender } from "../harness.ts";
import { type Stopwatch, timeEach } from "./stopwatch.ts";

/** What is timed from the kill, or from the loss of the thread: the neighbour's next answer, or the report with the stack. */
export type Until = "answer" | "stack";

export interface DoomedOptions {
  readonly name: string;
  /** What holds the thread; "loss": nothing, the whole thread is ended. */
  readonly doom: Doom | "loss";
  /** Default "answer". */
  readonly until?: Until;
  /** Whether a warm spare thread stands by. Default true. */
  readonly spare?: boolean;
  readonly dividedBy?: number;
}

/** A thread that stands by has loaded by then what it can before it is needed. */
const warmMs = 500;

const there = { placement: { thread: 1 } } as const;

export function doomedContender({ name, dividedBy = 1, ...options }: DoomedOptions): Contender {
  let running: Promise<DoomedThread> | undefined;
  return {
    name,
    dividedBy,
    async run(size) {
      running ??= DoomedThread.start(options);
      const thread = await running;
      return await timeEach(size, (number, watch) => thread.play(number, watch));
    },
    async close() {
      const started = running;
      running = undefined;
      // A start that failed was reported by the run that asked for it, and has left nothing to stop.
      const thread = await started?.then(
        (one) => one,
        () => undefined,
      );
      await thread?.stop();
    },
  };
}

type Play = Omit<DoomedOptions, "name" | "dividedBy">;

class DoomedThread {
  readonly #system: MofaSystem;
  readonly #play: Play;
  readonly #neighbour: () => Promise<Ref>;
  readonly #held = new BroadcastChannel(holds);

  static async start(play: Play): Promise<DoomedThread> {
    const system = await startSystem({
      threads: 1,
      checks: false,
      spare: play.spare ?? true,
      turnLimitMs: Number.POSITIVE_INFINITY,
    });
    const child: ChildSpec = { id: "neighbour", start: [echo] };
    // Each loss of the thread is one restart, and there is no end of them.
    const tree = await system.supervise({ children: [child], intensity: 1_000_000, periodMs: 1 });
    const neighbour = async () => (await tree.whichChildren())[0]?.ref as Ref; // its only child, which is never left out
    return new DoomedThread(system, play, neighbour);
  }

  private constructor(system: MofaSystem, play: Play, neighbour: () => Promise<Ref>) {
    this.#system = system;
    this.#play = play;
    this.#neighbour = neighbour;
  }

  async stop(): Promise<void> {
    this.#held.close();
    await this.#system.stop();
  }

  /** One kill or loss, timed; gives the number back as the neighbour answered it. */
  async play(number: number, watch: Stopwatch): Promise<number> {
    const system = this.#system;
    const { doom, until = "answer" } = this.#play;
    const neighbour = await this.#neighbour();
    if (this.#play.spare !== false) await this.#spareStandsBy();
    const victim = doom === "loss" ? undefined : await this.#hold(doom);
    const report = until === "stack" ? this.#next("crashed") : undefined;
    const restarted = this.#next("restarted");
    watch.start();
    if (victim === undefined) void system.terminateThread(1);
    else system.exit(victim, "kill");
    // A thread that shall end may still answer: after its loss the successor alone is asked.
    const answer =
      victim === undefined
        ? this.#successorsAnswer(number, restarted.promise)
        : this.#answer(neighbour, number, restarted.promise);
    if (report === undefined) {
      const answered = await answer;
      watch.lap();
      restarted.forget();
      return answered;
    }
    const { stack } = (await report.promise) as CrashReport;
    watch.lap();
    restarted.forget();
    if (stack?.includes(doom) !== true) throw new Error(`the crash report's stack does not name ${doom}: ${stack}`);
    return answer;
  }

  async #answer(neighbour: Ref, number: number, restarted: Promise<unknown>): Promise<number> {
    try {
      return (await this.#system.call(neighbour, "echo", number)) as number;
    } catch (error) {
      const { code } = error as { code?: unknown };
      // Its thread was lost: the answer is its successor's.
      if (code !== "thread_lost" && code !== "noproc") throw error;
      return await this.#successorsAnswer(number, restarted);
    }
  }

  async #successorsAnswer(number: number, restarted: Promise<unknown>): Promise<number> {
    await restarted;
    return (await this.#system.call(await this.#neighbour(), "echo", number)) as number;
  }

  /** Resolves when code of the actor holds the thread. */
  async #hold(doom: Doom): Promise<Ref> {
    const held = new Promise((resolve) => {
      this.#held.onmessage = resolve;
    });
    const victim = await this.#system.spawn(doomed, undefined, there);
    victim.cast(doom);
    await held;
    return victim;
  }

  /** A thread that stands by has no place yet; it answers when it is up, and is warm a moment later. */
  async #spareStandsBy(): Promise<void> {
    while (!(await this.#system.stats()).threads.some(({ position }) => position < 0)) await afterMs(1);
    if (this.#play.doom === "loss") await afterMs(warmMs);
  }

  #next(type: "crashed" | "restarted") {
    let forget = (): void => undefined;
    const promise = new Promise((resolve) => {
      forget = this.#system.events.on(type, (event) => {
        forget();
        resolve(event);
      });
    });
    return { promise, forget };
  }
}
