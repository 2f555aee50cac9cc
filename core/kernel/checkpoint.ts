/**
 * The record of a microtask checkpoint: actors whose code may stand in the microtasks behind the present drain.
 *
 * A cut that falls into a microtask drops all that stands behind it in the same checkpoint. Who that can concern is
 * written down here: async turns that began in this drain, and those whose promise of the kernel it resolved. A drain ends
 * when the record is full, so that one cut can take few with it.
 */
import { type Cell, Flag } from "../actor/cell.ts";

/** Unsettled members at which a drain ends: 80-100 % of the speed of 64, half the victims (test/stress/kill). */
const membersMax = 16;

export class Checkpoint {
  readonly #max: number;
  readonly #members = new Set<Cell>();

  /** @param isCuttable whether turns of this thread can be cut at all; else nothing is recorded. */
  constructor(isCuttable: boolean) {
    this.#max = isCuttable ? membersMax : 0;
  }

  get isFull(): boolean {
    return this.#max > 0 && this.#members.size >= this.#max;
  }

  /** An async turn of this actor began or goes on in this checkpoint. */
  note(cell: Cell): void {
    if (this.#max > 0 && (cell.flags & Flag.open) !== 0) this.#members.add(cell);
  }

  /** The turn settled, or its actor died. */
  leave(cell: Cell): void {
    this.#members.delete(cell);
  }

  has(cell: Cell): boolean {
    return this.#members.has(cell);
  }

  /** The next drain begins: whoever is unsettled waits for something that is still to come. */
  close(): void {
    if (this.#members.size > 0) this.#members.clear();
  }
}
