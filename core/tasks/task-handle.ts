/** A task in the hands of whoever submitted it. */
import type { Cell } from "../actor/cell.ts";
import type { Kernel } from "../kernel/kernel.ts";

/** A task that was submitted. Its promises are made when they are asked for: one that fails unasked ends nobody. */
export interface Task {
  /** Its id, once it is kept: from then on it ends exactly once. @throws RuntimeError `noproc` where it was refused, `system_limit`. */
  accepted(): Promise<string>;
  /**
   * The answer of the agent that did it. @throws RuntimeError what its last attempt failed with; `deadline`, `cancelled`,
   * `shutdown` with the system's end; what `accepted` throws.
   */
  result(): Promise<unknown>;
  /**
   * Gives it up with code `cancelled`. False: it has ended. An agent that has it in hand is interrupted where the task is
   * preemptible, and has no room for another before it has answered.
   */
  cancel(): Promise<boolean>;
}

/** What something comes to, as a promise for who asks. */
export class Outcome {
  readonly #kernel: Kernel;
  readonly #cell: Cell;
  #promise: Promise<unknown> | undefined;
  #settle: Omit<PromiseWithResolvers<unknown>, "promise"> | undefined;
  #error: Error | undefined;
  #value: unknown;
  isKnown = false;

  /** @param cell whose failure it is where nobody awaits it */
  constructor(kernel: Kernel, cell: Cell) {
    this.#kernel = kernel;
    this.#cell = cell;
  }

  readonly succeed = (value: unknown): void => {
    this.isKnown = true;
    this.#value = value;
    this.#settle?.resolve(value);
  };

  readonly fail = (thrown: unknown): void => {
    const error = thrown as Error; // of `calls.ts`
    this.isKnown = true;
    this.#error = error;
    if (this.#settle !== undefined) this.#kernel.calls.failPromise(error, this.#settle.resolve, this.#settle.reject);
  };

  get promise(): Promise<unknown> {
    this.#promise ??= this.#made();
    return this.#promise;
  }

  #made(): Promise<unknown> {
    if (this.#error !== undefined) return this.#kernel.tasks.rejection(this.#cell, this.#error);
    if (this.isKnown) return Promise.resolve(this.#value);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#settle = { resolve, reject };
    return promise;
  }
}

export class TaskHandle implements Task {
  readonly #accepted: Outcome;
  readonly #result: Outcome;
  readonly #cancel: () => Promise<boolean>;

  constructor(accepted: Outcome, result: Outcome, cancel: () => Promise<boolean>) {
    this.#accepted = accepted;
    this.#result = result;
    this.#cancel = cancel;
  }

  accepted(): Promise<string> {
    return this.#accepted.promise as Promise<string>; // as main answers
  }

  result(): Promise<unknown> {
    return this.#result.promise;
  }

  cancel(): Promise<boolean> {
    return this.#result.isKnown ? Promise.resolve(false) : this.#cancel();
  }
}
