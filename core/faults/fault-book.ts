/** Whether a fault may strike now, and what is told of it: the one place where injections are counted. */
import type { Cell } from "../actor/cell.ts";
import type { RefData } from "../actor/ref.ts";
import { eventBit, type FaultInjectedEvent } from "../kernel/events.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { comesUp, mixed, textHash } from "./chance.ts";
import type { CheckedFault, FaultWork, SelectorRole } from "./plan.ts";
import type { Identity } from "./selector.ts";
import { FaultTally } from "./tally.ts";

/** A thread that may not come to the end of its drain says it past the rings. */
const takesThread: ReadonlySet<string> = new Set(["loop", "loopAfterAwait", "regex", "allocate", "threadLoss"]);

export class FaultBook {
  readonly #kernel: Kernel;
  readonly #work: FaultWork;
  readonly #tally: FaultTally;

  constructor(kernel: Kernel, work: FaultWork) {
    this.#kernel = kernel;
    this.#work = work;
    this.#tally = new FaultTally(work.tally);
  }

  identityOf(cell: Cell): Identity {
    const { extra, slot, generation } = cell;
    return {
      // Before its birth it has the name that it is going to claim.
      name: extra?.name ?? cell.start?.name,
      childId: cell.childId,
      thread: this.#kernel.thread,
      slot,
      generation,
    };
  }

  /** Who an actor is to chance. Never 0, which stands for a sender that no plan means. */
  keyOf(cell: Cell, { name, childId }: Identity): number {
    const { guest, memory, thread } = this.#kernel;
    if (cell === guest) return mixed(textHash("guest"), memory.position(thread)) || 1;
    const label = textHash(name !== undefined ? `name ${name}` : `child ${childId}`);
    return mixed(label, this.#tally.life(label)) || 1;
  }

  /**
   * Whether a fault strikes: counted if it does.
   * @param who by its key, and `count` how many chances of the fault it has had before
   */
  mayStrike({ atMs, index, probability, times }: CheckedFault, who: number, count: number): boolean {
    if (atMs > 0 && this.#kernel.readClock() < this.#work.beganMs + atMs) return false;
    return comesUp(probability, this.#work.plan.seed, index, who, count) && this.#tally.take(index, times);
  }

  /** @param struck the actor, or the thread, and `from` the sender of a message to it */
  tell({ index, kind }: CheckedFault, struck: Cell | number, from?: RefData): void {
    const kernel = this.#kernel;
    if (!kernel.wants(eventBit("faultInjected"))) return;
    const event = {
      type: "faultInjected",
      fault: index,
      kind,
      ...this.#about(struck),
      from: from === undefined ? undefined : kernel.adopt(from).toJSON(),
    } as const;
    if (takesThread.has(kind) && kernel.host.tellNow !== undefined) kernel.host.tellNow(event);
    else kernel.emit(event);
  }

  /** Somebody is there whom a selector of the fault means. */
  meet({ index }: CheckedFault, role: SelectorRole): void {
    this.#tally.meet(index, role);
  }

  /**
   * A fault was meant for somebody whom it cannot strike.
   * @param missed the actor, or the position at which no thread is
   */
  skip({ index, kind }: CheckedFault, missed: Cell | number, why: string): void {
    this.#tally.skip(index);
    if (this.#kernel.wants(eventBit("faultSkipped")))
      this.#kernel.emit({ type: "faultSkipped", fault: index, kind, ...this.#about(missed), why });
  }

  #about(who: Cell | number): Pick<FaultInjectedEvent, "thread" | "ref" | "name"> {
    if (typeof who === "number") return { thread: who, ref: undefined, name: undefined };
    const { thread } = this.#kernel;
    return { thread, ref: this.#kernel.refOf(who).toJSON(), name: this.identityOf(who).name };
  }
}
