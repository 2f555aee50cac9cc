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
import { CountTable } from "./count-table.ts";
import type { Kernel } from "./kernel.ts";
import { TimeShares } from "./time-shares.ts";

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

/** What an actor has done in a time. */
interface Count {
  readonly turns: number;
  readonly busyMs: number;
}

/** A looker's last reading: what the table said then, and when that was. */
interface Reading {
  readonly table: CountTable;
  readonly readMs: number;
}

export class ActivityCounts {
  readonly #kernel: Kernel;
  readonly #lookers = new Map<number, Reading>();
  readonly #shares: TimeShares;
  #table = new CountTable();

  /** @param nowMs time in milliseconds from an arbitrary start, to the microsecond. */
  constructor(kernel: Kernel, nowMs: () => number = stopwatchMs) {
    this.#kernel = kernel;
    this.#shares = new TimeShares(this.#table, nowMs);
  }

  /** Runs of actors begin now. */
  begin(): void {
    this.#kernel.counters.countTaken();
    const nowMs = this.#shares.begin();
    for (const [looker, { readMs }] of this.#lookers) if (nowMs - readMs > leaseMs) this.#lookers.delete(looker);
    if (this.#lookers.size > 0) return;
    this.#kernel.scheduler.activity = undefined;
    this.#table = new CountTable();
    this.#shares.renew(this.#table);
  }

  /** An actor has run, from the end of the one before it until now. */
  ran(cell: Cell, turns: number): void {
    this.#shares.ran(cell, turns);
  }

  /** No other runs for now. */
  end(): void {
    this.#shares.end();
  }

  /** What was counted for a looker since it last asked; from now on it is counted anew. */
  read(looker: number, question: ActivityQuestion): ActivityAnswer {
    const kernel = this.#kernel;
    const { scheduler } = kernel;
    if (scheduler.activity === undefined) {
      kernel.counters.countTaken();
      this.#shares.begin();
    }
    // Who asks in the middle of runs has those before it.
    this.#shares.end();
    const table = this.#table;
    const before = this.#lookers.get(looker)?.table ?? table;
    const countOf = (cell: Cell) => table.since(before, cell);
    const rows = this.#cellsOf(question, countOf).map((cell) => ({
      ...kernel.controls.infoOf(cell),
      ...countOf(cell),
      heldBytes: kernel.controls.heldBytesOf(cell),
    }));
    this.#lookers.set(looker, { table: table.copy(), readMs: this.#shares.nowMs() });
    scheduler.activity = this;
    const { heapBytes, workedMs } = kernel.host.usage?.() ?? { heapBytes: 0, workedMs: 0 };
    return { actors: rows, heapBytes, workedMs };
  }

  #cellsOf({ sort, limit, of }: ActivityQuestion, countOf: (cell: Cell) => Count): readonly Cell[] {
    const { cells, controls, guest } = this.#kernel;
    if (of !== undefined) return of.map((ref) => this.#kernel.cellOf(ref)).filter((cell) => cell !== undefined);
    const values = new Map<Cell, number>();
    for (const cell of sort === "messages" ? cells : this.#table.cellsOf(cells)) {
      if (cell === undefined || cell === guest || (cell.flags & Flag.dead) !== 0) continue;
      const value = sort === "messages" ? controls.messagesOf(cell) : countOf(cell)[sort];
      if (value > 0) values.set(cell, value);
    }
    return [...values]
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit)
      .map(([cell]) => cell);
  }
}
