/**
 * What the actors of a thread do while somebody looks: turns and time of each, from one reading to the next.
 *
 * When nobody looks the scheduler has none of this, and asks for it once after each run of an actor. Who looks has counts of
 * its own, which end when they are not read for a while: a looker that goes away says nothing.
 */
import type { Cell } from "../actor/cell.ts";
import { Flag } from "../actor/cell.ts";
import type { RefData } from "../actor/ref.ts";
import { stopwatchMs } from "../clock.ts";
import type { ActorInfo } from "./controls.ts";
import { Counter } from "./counters.ts";
import type { Kernel } from "./kernel.ts";

/** Counts that are not read for so long end. */
const leaseMs = 15_000;

export const activityColumns = ["messages", "turns", "busyMs"] as const;
export type ActivityColumn = (typeof activityColumns)[number];

/** Which actors are wanted: those with the most of a column, or these. */
export interface ActivityQuestion {
  readonly sort: ActivityColumn;
  readonly limit: number;
  readonly of: readonly RefData[] | undefined;
}

export interface ActorActivity extends ActorInfo {
  /** Turns since the last reading. */
  readonly turns: number;
  /** How long they took; what runs behind an `await` is not in it. */
  readonly busyMs: number;
  /** About how many bytes the messages that wait for it hold on to, judged by the oldest of them. */
  readonly heldBytes: number;
}

/** What a thread answers. */
export interface ActivityAnswer {
  /** The most first. */
  readonly actors: readonly ActorActivity[];
  /** Bytes of its heap that are in use, and how long its event loop has been at work since it began. */
  readonly heapBytes: number;
  readonly workedMs: number;
}

interface Count {
  turns: number;
  busyMs: number;
}

const none: Count = { turns: 0, busyMs: 0 };

export class ActivityCounts {
  readonly #kernel: Kernel;
  /** By looker: what was counted since its last reading, and when that was. */
  readonly #lookers = new Map<number, { readonly counts: Map<Cell, Count>; readonly readMs: number }>();
  /** When the actor before ended its run, and how many turns the thread had counted by then. */
  #lastMs = 0;
  #lastTurns = 0;

  readonly #nowMs: () => number;

  /** @param nowMs time in milliseconds from an arbitrary start, to the microsecond. */
  constructor(kernel: Kernel, nowMs: () => number = stopwatchMs) {
    this.#kernel = kernel;
    this.#nowMs = nowMs;
  }

  /** Runs of actors begin now. */
  begin(): void {
    this.#beginCount();
    for (const [looker, { readMs }] of this.#lookers) if (this.#lastMs - readMs > leaseMs) this.#lookers.delete(looker);
    if (this.#lookers.size === 0) this.#kernel.scheduler.activity = undefined;
  }

  #beginCount(): void {
    const { counters } = this.#kernel;
    counters.countTaken();
    this.#lastMs = this.#nowMs();
    this.#lastTurns = counters.get(Counter.turns);
  }

  /** An actor has run, from the end of the one before it until now. */
  ran(cell: Cell): void {
    const nowMs = this.#nowMs();
    const nowTurns = this.#kernel.counters.get(Counter.turns);
    const [busyMs, turns] = [nowMs - this.#lastMs, nowTurns - this.#lastTurns];
    this.#lastMs = nowMs;
    this.#lastTurns = nowTurns;
    for (const { counts } of this.#lookers.values()) {
      const count = counts.get(cell);
      if (count === undefined) counts.set(cell, { turns, busyMs });
      else {
        count.turns += turns;
        count.busyMs += busyMs;
      }
    }
  }

  /** What was counted for a looker since it last asked; from now on it is counted anew. */
  read(looker: number, question: ActivityQuestion): ActivityAnswer {
    const kernel = this.#kernel;
    const counts = this.#lookers.get(looker)?.counts ?? new Map<Cell, Count>();
    this.#lookers.set(looker, { counts: new Map(), readMs: this.#nowMs() });
    if (kernel.scheduler.activity === undefined) this.#beginCount();
    kernel.scheduler.activity = this;
    const rows = this.#cellsOf(question, counts).map((cell) => {
      const { turns, busyMs } = counts.get(cell) ?? none;
      return { ...kernel.controls.infoOf(cell), turns, busyMs, heldBytes: kernel.controls.heldBytesOf(cell) };
    });
    const { heapBytes, workedMs } = kernel.host.usage?.() ?? { heapBytes: 0, workedMs: 0 };
    return { actors: rows, heapBytes, workedMs };
  }

  #cellsOf({ sort, limit, of }: ActivityQuestion, counts: ReadonlyMap<Cell, Count>): readonly Cell[] {
    const { cells, controls, guest } = this.#kernel;
    if (of !== undefined) return of.map((ref) => this.#kernel.cellOf(ref)).filter((cell) => cell !== undefined);
    const valueOf =
      sort === "messages"
        ? (cell: Cell) => controls.messagesOf(cell)
        : (cell: Cell) => (counts.get(cell) ?? none)[sort];
    const values = new Map<Cell, number>();
    for (const cell of sort === "messages" ? cells : counts.keys()) {
      if (cell === undefined || cell === guest || (cell.flags & Flag.dead) !== 0) continue;
      const value = valueOf(cell);
      if (value > 0) values.set(cell, value);
    }
    return [...values]
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit)
      .map(([cell]) => cell);
  }
}
