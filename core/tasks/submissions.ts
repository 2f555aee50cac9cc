/** `submit` on every thread: the request goes to main's table, which answers two questions, whether it is kept and what it came to. */
import { isTaskCount } from "../actor/behaviour.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import type { Ref } from "../actor/ref.ts";
import { describe, type ErrorData, RuntimeError } from "../errors.ts";
import { errorOfAnswer, openCallKey } from "../kernel/calls.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import { Outcome, type Task, TaskHandle } from "./task-handle.ts";
import { type CheckedTask, checkTask, type TaskRequest } from "./task-request.ts";

const owner = 0;
const toTable = { slot: 0, generation: 0 };

/**
 * What crosses: the question for the result, the task, and who has it in hand already. The frame's own question is whether it is
 * kept.
 */
export type SubmitPayload = readonly [resultId: number, task: CheckedTask, begunBy: Ref | undefined];

/** Who has one of these gets its tasks from main alone. */
const unreadyFlags =
  Flag.waiting |
  Flag.unborn |
  Flag.initializing |
  Flag.held |
  Flag.bounded |
  Flag.stopping |
  Flag.terminating |
  Flag.dead |
  Flag.remote |
  Flag.faulty |
  Flag.traced;
/** What is larger could be refused on its way to main. */
const argumentBytesMax = 2 ** 20;
const textMax = 2 ** 18;

/** Both sides know it at once, so a cancel needs no answer first. */
export function taskId(thread: number, resultId: number): string {
  return `${thread}.${resultId}`;
}

/** An actor of this thread that may begin a task at once, with an argument of its own. */
interface StartHere {
  readonly agent: Cell;
  readonly ref: Ref;
  readonly argument: unknown;
  /** The same for main, for another attempt. */
  readonly kept: unknown;
}

export class Submissions {
  readonly #kernel: Kernel;
  /** Tasks that main is still to accept or to refuse: none that is submitted later comes before them. */
  #underWay = 0;

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
    const task = handedOn(cell, this.checked(request));
    if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "submit");
    const here = this.#startHere(task);
    return kernel.scheduler.commit(() => this.#begin(cell, task, here));
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

  #begin(cell: Cell, task: CheckedTask, here: StartHere | undefined): Task {
    const kernel = this.#kernel;
    const main = kernel.makeRef(owner, kernel.guest.slot, 0);
    const accepted = new Outcome(kernel, cell);
    const result = new Outcome(kernel, cell);
    const { calls, work } = kernel;
    const resultId = calls.expectThen(cell, main, task.call, result.succeed, result.fail);
    if (work === undefined) {
      const acceptedId = calls.expectThen(cell, main, "submit", accepted.succeed, accepted.fail);
      const isBegun = here !== undefined && this.#mayBegin(here);
      const payload: SubmitPayload = isBegun
        ? [resultId, { ...task, argument: here.kept }, here.ref]
        : [resultId, task, undefined];
      kernel.peers.push(owner, FrameKind.submit, toTable, cell, acceptedId, payload);
      if (!isBegun) {
        this.#underWay++;
        calls.whenEnded(acceptedId, () => this.#underWay--);
      } else {
        // Main hears of it before it hears of its answer.
        const callId = openCallKey(kernel.thread, resultId);
        const meta = new Meta(MetaKind.call, task.call, callId, main, Number.POSITIVE_INFINITY);
        void kernel.delivery.deliver(here.agent, meta, here.argument, undefined);
      }
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

  /**
   * Who may begin it at once, because main could decide nothing else: an actor of this thread that has no task, where no task waits
   * anywhere. A turn that holds the thread before main has heard of it could not be told to make way.
   */
  #startHere({
    argument,
    call,
    deadlineMs,
    durable,
    isPreemptible,
    key = "",
    to,
    trace,
  }: CheckedTask): StartHere | undefined {
    const kernel = this.#kernel;
    const { faults, memory, names, thread } = kernel;
    if (!memory.areTasksOpen || this.#underWay > 0 || thread === owner || faults !== undefined) return undefined;
    if (
      isPreemptible ||
      durable === true ||
      deadlineMs === 0 ||
      trace !== undefined ||
      call.length + key.length > textMax
    )
      return undefined;
    if (typeof to === "object" && "capability" in to) return undefined;
    const ref = typeof to === "string" ? names.whereis(to) : to;
    if (ref === undefined || ref.thread !== thread) return undefined;
    const agent = kernel.cellOf(ref);
    if (agent === undefined || (agent.flags & unreadyFlags) !== 0) return undefined;
    if (typeof argument === "string" && argument.length > textMax) return undefined;
    if (typeof argument !== "object" || argument === null) return { agent, ref, argument, kept: argument };
    // What the submitter changes behind its submit would be another argument for main, or none that can get there.
    const bytes = new ValueBytes(kernel.refWire);
    const encoded = bytes.encode(argument, call);
    if (encoded.length > argumentBytesMax) return undefined;
    return { agent, ref, argument: bytes.decode(encoded), kept: bytes.decode(encoded) };
  }

  /** False: it has ended meanwhile, or main is giving it another in this moment. */
  #mayBegin({ agent, ref }: StartHere): boolean {
    return this.#underWay === 0 && (agent.flags & unreadyFlags) === 0 && this.#kernel.memory.beginTask(ref);
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

/** With the trace context of the call in hand, where it says none. */
function handedOn({ current }: Cell, task: CheckedTask): CheckedTask {
  const trace = current?.extras?.trace;
  return trace === undefined || task.trace !== undefined ? task : { ...task, trace };
}
