/**
 * Turns and time of the actors of a thread, by slot: since somebody looked first.
 *
 * In one array of numbers, since a run of an actor that finds one message takes less time than a look into a Map.
 */
import type { Cell } from "../actor/cell.ts";

const slotsMin = 64;
/** Numbers of a slot, as a power of two: which actor of its slot it is (the next one begins anew), its turns, its milliseconds. */
const width = 2;
const turnsAt = 1;
const busyAt = 2;

export class CountTable {
  #numbers = new Float64Array(0);

  add(cell: Cell, turns: number, ms: number): void {
    const at = cell.slot << width;
    if (at >= this.#numbers.length) this.#grow(cell.slot);
    const numbers = this.#numbers;
    if (numbers[at] === cell.generation) {
      numbers[at + turnsAt] = (numbers[at + turnsAt] as number) + turns;
      numbers[at + busyAt] = (numbers[at + busyAt] as number) + ms;
      return;
    }
    numbers[at] = cell.generation;
    numbers[at + turnsAt] = turns;
    numbers[at + busyAt] = ms;
  }

  /** What an actor has done since a copy of this was made. */
  since(before: CountTable, { slot, generation }: Cell): { readonly turns: number; readonly busyMs: number } {
    const at = slot << width;
    const now = this.#numbers;
    if (before === this || now[at] !== generation) return { turns: 0, busyMs: 0 };
    const then = before.#numbers;
    const isIn = then[at] === generation;
    return {
      turns: (now[at + turnsAt] as number) - (isIn ? (then[at + turnsAt] as number) : 0),
      busyMs: (now[at + busyAt] as number) - (isIn ? (then[at + busyAt] as number) : 0),
    };
  }

  /** Of all cells, by slot, those that may have been counted. */
  cellsOf(cells: readonly (Cell | undefined)[]): (Cell | undefined)[] {
    return cells.slice(0, this.#numbers.length >> width);
  }

  copy(): CountTable {
    const copy = new CountTable();
    copy.#numbers = this.#numbers.slice();
    return copy;
  }

  #grow(slot: number): void {
    const slots = Math.max(slotsMin, 2 ** Math.ceil(Math.log2(slot + 1)));
    const numbers = new Float64Array(slots << width);
    numbers.set(this.#numbers);
    this.#numbers = numbers;
  }
}
