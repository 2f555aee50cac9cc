/**
 * One worker thread as main sees it, from its start to its exit: what it has said, why it ends, and whose doing that is.
 *
 * It takes what the worker says and tells its owner. It ends nothing by itself, since others must know before a thread
 * is ended: the watchdog, and whoever waits for it.
 */
import type { MessagePort, ResourceLimits, Worker } from "node:worker_threads";
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { byDeadline } from "../clock.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { FaultWork } from "../faults/plan.ts";
import type { RuntimeEvent } from "../kernel/events.ts";
import type { DedicatedStart } from "../kernel/host.ts";
import { type ProfileRequest, profileError } from "./profiler.ts";
import { type FromThread, type ThreadData, type ToThread, wordOf } from "./protocol.ts";
import { StartedWorker } from "./started-worker.ts";

/** `position` of a thread that holds none. */
export const noPosition = -1;

/** Time for a thread to begin a profile, and to write it when its time is over. */
const profileBeginMs = 5_000;
const profileEndMs = 120_000;

type Settler = PromiseWithResolvers<void>;

/** What a thread is started as. */
export interface ThreadSeat {
  readonly thread: number;
  /** Where its slots begin. */
  readonly base: number;
  readonly position: number;
  /** Of a dedicated thread: its actor. */
  readonly start: DedicatedStart | undefined;
}

/** Who has a thread, and hears of it. */
export interface ThreadOwner {
  /** It has said that it is ready. */
  cameUp(thread: WorkerThread): void;
  /** It is to be ended: it did not come up, has no actor any more, or wants to be lost. */
  toEnd(thread: WorkerThread, why: string): void;
  /** Its worker is gone. */
  exited(thread: WorkerThread, why: string): void;
  emit(event: RuntimeEvent): void;
}

export class WorkerThread {
  readonly thread: number;
  readonly base: number;
  readonly start: DedicatedStart | undefined;
  readonly worker: Worker;
  /** A spare gets one later. */
  position: number;
  /** Why it ends, where main asked for it, or it has said so. */
  why: string | undefined;
  /** Whose doing that is, where it is an actor's. */
  blame: Blamed | undefined;
  /** It said that it is ready. */
  isReady = false;
  /** Its worker was asked to end. */
  isEnding = false;
  readonly #owner: ThreadOwner;
  readonly #name: string;
  readonly #started = Promise.withResolvers<void>();
  readonly #exited = Promise.withResolvers<void>();
  readonly #cancelDeadline: () => void;
  /** Profiles that it was asked for. */
  readonly #profiles = new Map<number, { readonly begun: Settler; readonly done: Settler }>();
  #lastProfile = 0;
  /** Who waits for it to have taken a plan of faults, in the order in which it was told. */
  readonly #faultsTaken: (() => void)[] = [];

  /**
   * @param first its worker, where that runs already
   * @throws RuntimeError `thread_failed`: there is no such worker; the owner hears nothing then.
   */
  constructor(
    seat: ThreadSeat,
    data: ThreadData,
    resourceLimits: ResourceLimits,
    startTimeoutMs: number,
    owner: ThreadOwner,
    first?: StartedWorker,
  ) {
    this.thread = seat.thread;
    this.base = seat.base;
    this.start = seat.start;
    this.position = seat.position;
    this.#owner = owner;
    this.#name = `${this.isDedicated ? "dedicated" : "scheduler"} thread ${this.thread}`;
    let started: StartedWorker;
    try {
      started = first ?? new StartedWorker(this.#name, resourceLimits, data);
    } catch (error) {
      throw this.#failure(`could not be started: ${errorData(error).message}`, error);
    }
    this.worker = started.worker;
    if (first !== undefined) this.tell({ type: "begin", data });
    this.#cancelDeadline = byDeadline(startTimeoutMs, () => {
      const why = `not ready within ${startTimeoutMs} ms`;
      this.#started.reject(this.#failure(`was ${why}`));
      owner.toEnd(this, why);
    });
    started.listen({
      message: (said) => {
        const word = wordOf(said);
        if (word !== undefined) this.#take(word);
        else owner.emit({ type: "unattributedError", thread: this.thread, error: errorData(toNobody(said)) });
      },
      error: (error) => this.#failed(error),
      exit: (code) => this.#ended(code),
    });
  }

  get isDedicated(): boolean {
    return this.start !== undefined;
  }

  /** Resolves when it is ready. Rejects with RuntimeError `thread_failed`: it ended, or was to end, before. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Resolves when its worker is gone and the owner has heard of it. */
  get exited(): Promise<void> {
    return this.#exited.promise;
  }

  tell(word: ToThread, ports: readonly MessagePort[] = []): void {
    this.worker.postMessage(word, ports);
  }

  /** Has it take a plan of faults, or none any more. False: it did not answer in time, and takes it when it comes to it. */
  async takeFaults(work: FaultWork | undefined, withinMs: number): Promise<boolean> {
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    this.#faultsTaken.push(resolve);
    let isSilent = false;
    const cancel = byDeadline(withinMs, () => {
      isSilent = true;
      resolve();
    });
    this.tell({ type: "faults", work });
    await Promise.race([answered, this.exited]);
    cancel();
    return !isSilent;
  }

  /** Has it take a profile. @throws RuntimeError `profile_failed`, `thread_lost`, `timeout`. */
  async profile(request: ProfileRequest): Promise<void> {
    const id = ++this.#lastProfile;
    const begun = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    this.#profiles.set(id, { begun, done });
    this.tell({ type: "profile", id, request });
    try {
      await this.#within(begun.promise, profileBeginMs, "take a profile: something holds it");
      await this.#within(done.promise, request.ms + profileEndMs, "come to the end of its profile");
    } finally {
      this.#profiles.delete(id);
    }
  }

  async #within(promise: Promise<void>, ms: number, what: string): Promise<void> {
    const late = Promise.withResolvers<never>();
    const cancel = byDeadline(ms, () => late.reject(new RuntimeError("timeout", `${this.#name} did not ${what}`)));
    const lost = this.exited.then(() => {
      throw new RuntimeError("thread_lost", `${this.#name} has ended`);
    });
    try {
      await Promise.race([promise, late.promise, lost]);
    } finally {
      cancel();
    }
  }

  #take(word: FromThread): void {
    const owner = this.#owner;
    switch (word.type) {
      case "ready":
        this.#cancelDeadline();
        this.isReady = true;
        owner.cameUp(this);
        this.#started.resolve();
        return;
      case "failed":
        owner.toEnd(this, word.error.message);
        this.#started.reject(this.#failure(`failed to start: ${word.error.message}`, word.error));
        return;
      case "retired":
        owner.toEnd(this, retiredWhy);
        return;
      case "faultsTaken":
        this.#faultsTaken.shift()?.();
        return;
      case "profileBegun":
        this.#profiles.get(word.id)?.begun.resolve();
        return;
      case "profiled":
        if (word.error === undefined) this.#profiles.get(word.id)?.done.resolve();
        else this.#profiles.get(word.id)?.done.reject(profileError(word.error));
        return;
      case "event":
        owner.emit(word.event);
        return;
      case "loseMe":
        owner.toEnd(this, word.why);
        return;
    }
  }

  #failed(error: unknown): void {
    if (this.why !== undefined) return;
    const { code, message } = errorData(error);
    this.why = message;
    if (code === "ERR_WORKER_OUT_OF_MEMORY") this.blame = heapBlame(this.start);
  }

  #ended(code: number): void {
    const why = this.why ?? `exit code ${code}`;
    this.#cancelDeadline();
    this.#owner.exited(this, why);
    this.#started.reject(this.#failure(`ended before it was ready: ${why}`));
    this.#exited.resolve();
  }

  #failure(what: string, cause?: unknown): RuntimeError {
    return new RuntimeError("thread_failed", `${this.#name} ${what}`, cause === undefined ? {} : { cause });
  }
}

/** The heap of a dedicated thread is full: its actor had been given so much, or nobody is to blame. */
function heapBlame(start: DedicatedStart | undefined): Blamed | undefined {
  if (start?.heapMb === undefined) return undefined;
  const { slot, generation, heapMb } = start;
  return { slot, generation, reason: { budget: { heapMb } } };
}

/** What a program posted to its `parentPort`, which leads to nobody. */
function toNobody(said: unknown): RuntimeError {
  return new RuntimeError(
    "bad_argument",
    `a message to parentPort reaches nobody on a thread of the runtime: send to an actor, got ${describe(said)}`,
  );
}
