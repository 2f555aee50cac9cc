/** `submit` on every thread: the request goes to main's table, which answers two questions, whether it is kept and what it came to. */
import { isTaskCount } from "../actor/behaviour.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { describe, type ErrorData, RuntimeError } from "../errors.ts";
import { errorOfAnswer } from "../kernel/calls.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { Outcome, type Task, TaskHandle } from "./task-handle.ts";
import { type CheckedTask, checkTask, type TaskRequest } from "./task-request.ts";

const owner = 0;
const toTable = { slot: 0, generation: 0 };

/** What crosses: the question for the result, and the task. The frame's own question is whether it is kept. */
export type SubmitPayload = readonly [resultId: number, task: CheckedTask];

/** Both sides know it at once, so a cancel needs no answer first. */
export function taskId(thread: number, resultId: number): string {
  return `${thread}.${resultId}`;
}

export class Submissions {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.replica.checkedBy(Table.concurrency, (_key, value) =>
      isTaskCount(value) ? undefined : `it may have ${describe(value)} tasks in hand`,
    );
  }

  /** @throws RuntimeError `bad_argument`, `not_cloneable`, `noproc`. */
  submit(cell: Cell, request: TaskRequest): Task {
    const kernel = this.#kernel;
    kernel.assertAlive(cell, "submit");
    const task = this.checked(request);
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "submit");
    return kernel.scheduler.commit(() => this.#begin(cell, task));
  }

  /** @throws RuntimeError `bad_argument`, `not_cloneable`. */
  checked(request: TaskRequest): CheckedTask {
    const kernel = this.#kernel;
    const task = checkTask(request, this.#kernel.memory.creation);
    // Who does it may be anywhere when its turn comes.
    kernel.outgoing.check(task.argument, undefined, undefined, `submit of "${task.call}"`);
    const { to } = task;
    return typeof to === "string" || "capability" in to ? task : { ...task, to: kernel.adopt(to) };
  }

  /** A task of an actor in a process of its own, which knows it by a number. */
  submitAs(cell: Cell, number: number, request: TaskRequest): Promise<string> {
    const task = this.submit(cell, request);
    const extra = extraOf(cell);
    extra.remoteTasks ??= new Map();
    extra.remoteTasks.set(number, task);
    return task.accepted();
  }

  /** Asked for once, at its submit; then it is forgotten. */
  async resultOf(cell: Cell, number: number): Promise<unknown> {
    const task = cell.extra?.remoteTasks?.get(number);
    if (task === undefined) throw new RuntimeError("noproc", "submit: the task was not submitted");
    try {
      return await task.result();
    } finally {
      cell.extra?.remoteTasks?.delete(number);
    }
  }

  async cancelOf(cell: Cell, number: number): Promise<boolean> {
    return (await cell.extra?.remoteTasks?.get(number)?.cancel()) ?? false;
  }

  #begin(cell: Cell, task: CheckedTask): Task {
    const kernel = this.#kernel;
    const main = kernel.makeRef(owner, kernel.guest.slot, 0);
    const accepted = new Outcome(kernel, cell);
    const result = new Outcome(kernel, cell);
    const { calls, work } = kernel;
    const resultId = calls.expectThen(cell, main, task.call, result.succeed, result.fail);
    if (work === undefined) {
      const acceptedId = calls.expectThen(cell, main, "submit", accepted.succeed, accepted.fail);
      kernel.peers.push(owner, FrameKind.submit, toTable, cell, acceptedId, [resultId, task]);
    } else {
      // Later, and so by the drain.
      const later = work.isForLater(task)
        ? {
            accepted: (id: string) => kernel.scheduler.settle(cell, accepted.succeed, id),
            failed: (error: ErrorData) => kernel.scheduler.settle(cell, accepted.fail, errorOfAnswer(error)),
          }
        : undefined;
      const refusal = work.submit(task, kernel.refOf(cell), resultId, later);
      if (refusal === undefined) {
        if (later === undefined) accepted.succeed(taskId(owner, resultId));
      } else {
        accepted.fail(errorOfAnswer(refusal));
        calls.failed(resultId, refusal);
      }
    }
    return new TaskHandle(accepted, result, () => this.#cancel(cell, taskId(kernel.thread, resultId)));
  }

  #cancel(cell: Cell, id: string): Promise<boolean> {
    const kernel = this.#kernel;
    try {
      kernel.assertAlive(cell, "cancel");
      return kernel.scheduler.commit(() => {
        const main = kernel.makeRef(owner, kernel.guest.slot, 0);
        const question = kernel.calls.expect(cell, main, "cancel", Number.POSITIVE_INFINITY);
        if (kernel.work !== undefined) kernel.work.cancel(id, kernel.refOf(cell), question.id);
        else kernel.peers.push(owner, FrameKind.cancelTask, toTable, cell, question.id, id);
        return question.promise as Promise<boolean>; // as the table answers
      });
    } catch (error) {
      return kernel.tasks.rejection(cell, error);
    }
  }
}
