/**
 * The record of a microtask checkpoint: actors whose code may stand in the microtasks behind the present drain.
 *
 * A cut that falls into a microtask drops all that stands behind it in the same checkpoint. Who that can concern is
 * written down here: async turns that began in this drain, and those whose promise of the kernel it resolved. A drain ends
 * when the record is full, so that one cut can take few with it.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";

/** Unsettled members at which a drain ends: 80-100 % of the speed of 64, half the victims (test/stress/kill). */
const membersMax = 16;

/** They begin again so that they stay small whole numbers. */
const numberMask = 0x1fff_ffff;

export class Checkpoint {
  readonly #max: number;
  /** Which checkpoint this is: each member has its number, so that to write one down and to strike it out are a store. */
  #number = 1;
  #members = 0;
  /** Whether code goes on behind the present drain: an async turn began in it, or a promise was resolved that somebody awaits. */
  goesOn = false;

  /** @param isCuttable whether turns of this thread can be cut at all; else nothing is recorded. */
  constructor(isCuttable: boolean) {
    this.#max = isCuttable ? membersMax : 0;
  }

  get isFull(): boolean {
    return this.#max > 0 && this.#members >= this.#max;
  }

  /** An async turn of this actor began or goes on in this checkpoint. */
  note(cell: Cell): void {
    this.goesOn = true;
    if (this.#max === 0 || (cell.flags & Flag.open) === 0) return;
    const extra = extraOf(cell);
    if (extra.checkpoint === this.#number) return;
    extra.checkpoint = this.#number;
    this.#members++;
  }

  /** The turn settled, or its actor died. */
  leave(cell: Cell): void {
    const { extra } = cell;
    if (extra?.checkpoint !== this.#number) return;
    extra.checkpoint = 0;
    this.#members--;
  }

  has(cell: Cell): boolean {
    return cell.extra?.checkpoint === this.#number;
  }

  /** The next drain begins: whoever is unsettled waits for something that is still to come. */
  close(): void {
    this.goesOn = false;
    if (this.#members === 0) return;
    this.#number = (this.#number & numberMask) + 1;
    this.#members = 0;
  }
}
