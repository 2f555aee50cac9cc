/** The submitters of tasks that are not accepted yet (`whenNobody: "wait"`): such a task ends with its submitter. */
import type { Context } from "../actor/context.ts";
import type { TaskEntry } from "./task-entry.ts";

export class Submitters {
  readonly #ctx: Context;
  readonly #monitors = new Map<TaskEntry, number>();
  readonly #entries = new Map<number, TaskEntry>();

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  watch(entry: TaskEntry): void {
    if (this.#monitors.has(entry)) return;
    const { id } = this.#ctx.monitor(entry.caller);
    this.#monitors.set(entry, id);
    this.#entries.set(id, entry);
  }

  /** It is accepted, or has ended. */
  forget(entry: TaskEntry): void {
    const id = this.#monitors.get(entry);
    if (id === undefined) return;
    this.#monitors.delete(entry);
    this.#entries.delete(id);
    this.#ctx.demonitor(id);
  }

  /** Whose submitter has ended. */
  ended(monitor: number): TaskEntry | undefined {
    return this.#entries.get(monitor);
  }
}
