/**
 * Accepted tasks in a store: a record for each, from before its submitter is told that it is accepted to when it has ended. What
 * an earlier run has left there is submitted again, as soon as the storage plugin has its name.
 */
import type { StoredEntry } from "../contracts/storage.ts";
import { bytesOfValue } from "../contracts/stored-value.ts";
import type { Settled, StoreLink, StoreWrite } from "../durable/store-link.ts";
import { wallOf } from "../durable/wall-time.ts";
import { type ErrorCode, type ErrorData, errorData } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { pluginActorName } from "../plugin.ts";
import type { TaskEntry } from "./task-entry.ts";
import type { CheckedTask } from "./task-request.ts";

/** A task as an earlier run has left it. */
export interface RecoveredTask {
  readonly id: string;
  readonly request: CheckedTask;
  /** On the system's clock of this run. */
  readonly deadlineMs: number;
  /** That have failed. */
  readonly attempts: number;
}

interface StoredTask {
  readonly id: string;
  readonly request: CheckedTask;
  /** By the clock on the wall. */
  readonly deadlineMs: number;
}

const taskKey = (id: string): string => `mofa.task ${id}`;
const triedKey = (id: string): string => `mofa.task-tried ${id}`;
/** Between two attempts to read what an earlier run has left, where submits ask for them. */
const readAgainMs = 1_000;
/** Of a failed read: the next one would find the same. */
const lastingFailures: readonly unknown[] = [
  "storage_corrupt",
  "storage_version",
  "version_conflict",
] satisfies ErrorCode[];
/** Digits of a task's number in its run: they are found in the order of their submits. */
const numberDigits = 12;

export class DurableTasks {
  readonly #kernel: Kernel;
  readonly #link: StoreLink;
  readonly #found: (tasks: readonly RecoveredTask[]) => void;
  #state: "unread" | "reading" | "read" = "unread";
  #readAtMs = Number.NEGATIVE_INFINITY;
  #lastTask = 0;
  /** What was told last of a failed read: the same is not told each second. */
  #toldFailure: string | undefined;

  /** @param found told once of what an earlier run has left */
  constructor(kernel: Kernel, link: StoreLink, found: (tasks: readonly RecoveredTask[]) => void) {
    this.#kernel = kernel;
    this.#link = link;
    this.#found = found;
  }

  /** The name of a new task: nobody has it in any other run. */
  newId(): string {
    return `${this.#link.run}-${String(++this.#lastTask).padStart(numberDigits, "0")}`;
  }

  /** @throws RuntimeError `not_cloneable`: the argument holds what means nothing in the next run. */
  bytesOf(id: string, request: CheckedTask, deadlineMs: number): Uint8Array {
    const stored: StoredTask = { id, request, deadlineMs: wallOf(this.#kernel, deadlineMs) };
    return bytesOfValue(stored, `submit of "${request.call}"`);
  }

  keep(id: string, bytes: Uint8Array, settled: Settled): void {
    if (this.#state === "unread" && this.#kernel.nowMs - this.#readAtMs > readAgainMs) this.#readAll();
    this.#link.demand([{ key: taskKey(id), value: bytes }], settled);
  }

  /** An attempt has failed. */
  attempted({ attempts, id }: TaskEntry): void {
    const value = bytesOfValue(attempts, "the attempts");
    this.#link.note([{ key: triedKey(id), value }]);
  }

  /** It has ended. */
  ended({ id, isTried }: Pick<TaskEntry, "id" | "isTried">, settled?: () => void): void {
    const writes: StoreWrite[] = [{ key: taskKey(id), value: undefined }];
    if (isTried) writes.push({ key: triedKey(id), value: undefined });
    this.#link.note(writes, settled);
  }

  /** Somebody has a name: it may be the store. */
  nameTaken(name: string): void {
    if (name === pluginActorName(this.#link.name)) this.#readUnread();
  }

  #readUnread(): void {
    if (this.#state === "unread") this.#readAll();
  }

  #readAll(): void {
    this.#state = "reading";
    this.#readAtMs = this.#kernel.readClock();
    this.#link.list(
      triedKey(""),
      (tried) => {
        this.#link.list(taskKey(""), (tasks) => this.#read(tasks, tried), this.#failed);
      },
      this.#failed,
    );
  }

  #read(tasks: readonly StoredEntry[], tried: readonly StoredEntry[]): void {
    let found: RecoveredTask[];
    try {
      const attempts = new Map(tried.map((entry) => [entry.key, this.#link.valueOf(entry) as number]));
      const sinceMs = this.#kernel.readClock() - wallOf(this.#kernel, this.#kernel.nowMs);
      found = tasks
        // Those of this run are in the table.
        .filter(({ key }) => !key.startsWith(taskKey(`${this.#link.run}-`)))
        .map((entry) => {
          const { deadlineMs, id, request } = this.#link.valueOf(entry) as StoredTask;
          return { id, request, deadlineMs: deadlineMs + sinceMs, attempts: attempts.get(triedKey(id)) ?? 0 };
        });
    } catch (error) {
      this.#failed(errorData(error));
      return;
    }
    this.#state = "read";
    this.#found(found);
  }

  /** It is tried again each second, unless only the next run, or a later submit, may find more; until then they are in the store. */
  readonly #failed = (error: ErrorData): void => {
    this.#state = "unread";
    if (!lastingFailures.includes(error.code)) this.#link.later(() => this.#readUnread());
    if (error.message === this.#toldFailure) return;
    this.#toldFailure = error.message;
    const kernel = this.#kernel;
    const ref = kernel.refOf(kernel.guest).toJSON();
    const message = "tasks of an earlier run could not be read";
    kernel.emit({ type: "log", ref, name: "system.scheduler", level: "error", message, data: { error } });
  };
}
