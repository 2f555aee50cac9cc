/** The cells that have work, in order. A circular array whose fields are open to the kernel (see mailbox.ts for why). */
import type { Cell } from "../actor/cell.ts";

export class RunQueue {
  items: (Cell | undefined)[] = new Array(1_024).fill(undefined);
  mask = 1_023;
  head = 0;
  size = 0;

  /** Makes room for one more cell. Call it before the first write of a commit. */
  makeRoom(): void {
    if (this.size <= this.mask) return;
    const items: (Cell | undefined)[] = new Array(this.items.length * 2).fill(undefined);
    for (let i = 0; i < this.size; i++) items[i] = this.items[(this.head + i) & this.mask];
    this.items = items;
    this.head = 0;
    this.mask = items.length - 1;
  }

  push(cell: Cell): void {
    this.makeRoom();
    this.items[(this.head + this.size) & this.mask] = cell;
    this.size++;
  }

  shift(): Cell | undefined {
    if (this.size === 0) return undefined;
    const cell = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & this.mask;
    this.size--;
    return cell;
  }
}
