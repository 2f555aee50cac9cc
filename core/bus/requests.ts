/**
 * Request and reply by topic: a publish whose envelope says to whom an answer goes. The answer is that of a call, found by
 * its id in the asker's table of open calls; the first one ends the request, and later ones find nothing there.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import type { RequestOptions } from "../actor/context.ts";
import { errorData } from "../errors.ts";
import { callTimeoutMs } from "../kernel/calls.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertKeys } from "../known-keys.ts";
import { checkedExtras } from "./publish-options.ts";
import { cancelled, checkedSignal, checkedTime, requestKeys } from "./request-options.ts";

export class Requests {
  readonly #kernel: Kernel;
  /** Of actors in processes, by their cell and their own number: how each is given up. */
  readonly #numbered = new WeakMap<Cell, Map<number, AbortController>>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  request(cell: Cell, topic: string, message: unknown, options: RequestOptions = {}): Promise<unknown> {
    try {
      return this.#begin(cell, topic, message, options);
    } catch (error) {
      return this.#kernel.tasks.rejection(cell, error);
    }
  }

  #begin(cell: Cell, topic: string, message: unknown, options: RequestOptions): Promise<unknown> {
    const kernel = this.#kernel;
    kernel.assertAlive(cell, "request");
    assertKeys("request: options", options, requestKeys);
    const timeoutMs = checkedTime(options.timeoutMs, "request wants timeoutMs") ?? callTimeoutMs;
    const signal = checkedSignal(options.signal, "request");
    const extras = checkedExtras({ deadlineMs: timeoutMs, trace: cell.current?.trace, ...options }, kernel, "request");
    if (signal?.aborted === true) throw cancelled(topic);
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "request");
    const { id, promise } = kernel.scheduler.commit(() => kernel.calls.expect(cell, undefined, topic, timeoutMs));
    try {
      kernel.topics.ask(cell, topic, message, { ...extras, replyTo: { caller: kernel.refOf(cell), id } });
    } catch (error) {
      kernel.scheduler.commit(() => kernel.calls.forget(id));
      throw error;
    }
    if (signal !== undefined) this.#follow(signal, id, topic);
    return promise;
  }

  /** An abort may come from anybody's frames. The signal may outlive the request by far, and keeps nothing of it. */
  #follow(signal: AbortSignal, id: number, topic: string): void {
    const { calls, scheduler } = this.#kernel;
    const abort = () => scheduler.commit(() => calls.failed(id, errorData(cancelled(topic))));
    signal.addEventListener("abort", abort, { once: true });
    calls.whenEnded(id, () => signal.removeEventListener("abort", abort));
  }

  /** A request of an actor in a process of its own, which gives it up by a number. */
  requestAs(cell: Cell, number: number, topic: string, message: unknown, options: RequestOptions): Promise<unknown> {
    const controller = new AbortController();
    const numbered = this.#numbered.get(cell) ?? new Map<number, AbortController>();
    this.#numbered.set(cell, numbered.set(number, controller));
    const promise = this.request(cell, topic, message, { ...options, signal: controller.signal });
    const ended = () => void numbered.delete(number);
    promise.then(ended, ended);
    return promise;
  }

  cancelAs(cell: Cell, number: number): void {
    this.#numbered.get(cell)?.get(number)?.abort();
  }
}
