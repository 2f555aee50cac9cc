/** A publish whose publisher wants to know that main has kept it: what main says, and room where it has to wait for some. */
import type { Cell } from "../actor/cell.ts";
import type { PublishReceipt } from "../actor/context.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Outcome } from "../tasks/task-handle.ts";

const owner = 0;

export class AckedPublish {
  readonly #outcome: Outcome;
  /** What is still to come. */
  #left = 1;
  #receipt: unknown;
  /** What main answers. */
  readonly question: number;

  constructor(kernel: Kernel, sender: Cell) {
    this.#outcome = new Outcome(kernel, sender);
    const main = kernel.makeRef(owner, kernel.guest.slot, 0);
    const kept = (receipt: unknown) => {
      this.#receipt = receipt;
      this.#came();
    };
    this.question = kernel.calls.expectThen(sender, main, "publish", kept, this.#outcome.fail);
  }

  /** It waits for room, too: then `hasRoom` is called. */
  awaitRoom(): void {
    this.#left++;
  }

  readonly hasRoom = (): void => this.#came();

  #came(): void {
    this.#left--;
    if (this.#left === 0) this.#outcome.succeed(this.#receipt);
  }

  get promise(): Promise<PublishReceipt> {
    return this.#outcome.promise as Promise<PublishReceipt>; // as `BusTable.record` answers
  }
}
