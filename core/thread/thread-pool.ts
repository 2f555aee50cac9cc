/**
 * The worker threads of a system, as main sees them.
 *
 * What is started here is `WorkerThread`s, in one `ThreadTable`. How they are ended, what their loss means, who follows
 * them and who watches them stand in files of their own: `thread-ends`, `thread-losses`, `succession`, `pool-watch`.
 */
import type { ResourceLimits } from "node:worker_threads";
import type { Blamed } from "../actor/exit-reason.ts";
import { errorData, RuntimeError } from "../errors.ts";
import type { FaultWork } from "../faults/plan.ts";
import type { DedicatedStart } from "../kernel/host.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { type SystemMemory, slotsPerThread, ThreadState } from "../kernel/system-memory.ts";
import { PoolWatch } from "./pool-watch.ts";
import type { PortHost } from "./port-host.ts";
import type { ProfileRequest } from "./profiler.ts";
import type { ThreadData } from "./protocol.ts";
import { type FirstThreads, type StartedWorker, schedulerLimits } from "./started-worker.ts";
import { Succession } from "./succession.ts";
import { ThreadEnds } from "./thread-ends.ts";
import { ThreadLosses } from "./thread-losses.ts";
import { ThreadTable } from "./thread-table.ts";
import { isInspectorAllowed } from "./watchdog.ts";
import { noPosition, type ThreadOwner, type ThreadSeat, WorkerThread } from "./worker-thread.ts";

const closedWhy = "system stopped";

export interface ThreadPoolOptions {
  /** Scheduler threads beside main. */
  readonly threads: number;
  readonly checks: boolean;
  readonly isManualClock: boolean;
  readonly hasSpare: boolean;
  /** URL of what the modules of behaviours import: a spare has loaded it before they are. */
  readonly frontDoor: string | undefined;
  readonly seed: number;
  readonly loadTimeoutMs: number;
  /** Whether the watchdog ends turns that do not end. */
  readonly isWatched: boolean;
  /** How long a turn on a scheduler thread may take; 0: for ever. */
  readonly turnLimitMs: number;
  readonly asyncGraceMs: number;
  readonly busyWaitUs: number;
  /** Time for a thread to say that it is ready. */
  readonly startTimeoutMs: number;
  /** Time for a thread that is ended to be gone. One in native code, or stuck at the limit of its heap, may never be. */
  readonly endTimeoutMs: number;
}

export class ThreadPool {
  readonly #kernel: Kernel;
  readonly #memory: SystemMemory;
  readonly #options: ThreadPoolOptions;
  readonly #threads: ThreadTable;
  readonly #succession: Succession;
  readonly #losses: ThreadLosses;
  readonly #watch: PoolWatch;
  readonly #ends: ThreadEnds;
  /** Slot regions of lost scheduler threads, for their successors. */
  readonly #regions: number[] = [];
  readonly #owner: ThreadOwner = {
    cameUp: (running) => this.#cameUp(running),
    toEnd: (running, why) => void this.#ends.terminate(running, why),
    exited: (running, why) => this.#exited(running, why),
    emit: (event) => this.#kernel.emit(event),
  };
  #faults: FaultWork | undefined;

  constructor(kernel: Kernel, host: PortHost, options: ThreadPoolOptions) {
    this.#kernel = kernel;
    this.#memory = kernel.memory;
    this.#options = options;
    this.#threads = new ThreadTable(kernel, host);
    this.#succession = new Succession(kernel, this.#threads, options.hasSpare, (position) =>
      this.#startScheduler(position),
    );
    this.#losses = new ThreadLosses(kernel, host, this.#threads, this.#succession);
    this.#watch = new PoolWatch(kernel, this.#threads, (running, why, blame) =>
      this.#ends.giveUpNow(running, why, blame),
    );
    this.#ends = new ThreadEnds(this.#threads, this.#watch, options.endTimeoutMs, (running, why, blame) =>
      this.#lost(running, why, blame),
    );
  }

  /**
   * Starts the scheduler threads, with workers that run already as far as there are some.
   * @throws RuntimeError `thread_failed`; then none is left running.
   */
  async start(first?: FirstThreads): Promise<void> {
    const starts: Promise<void>[] = [];
    for (let position = 1; position <= this.#options.threads; position++)
      starts.push(this.#startScheduler(position, first?.take()));
    const results = await Promise.allSettled(starts);
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) {
      const stuck = await this.#endAll();
      if (stuck === undefined) throw failed.reason;
      throw new RuntimeError("thread_failed", `${errorData(failed.reason).message}; ${stuck}`, {
        cause: failed.reason,
      });
    }
    // Behind the threads, so that it holds up no start; and nobody waits for it.
    if (this.#options.isWatched) this.#watch.start();
    this.#succession.begin();
  }

  /**
   * Ends the thread at a scheduler position, and resolves when it is lost: gone, or stuck.
   * @throws RuntimeError `invalid_placement`.
   */
  async terminate(position: number, why: string): Promise<void> {
    await this.#ends.terminate(this.#workerAt(position), why);
  }

  /** Has the thread at a scheduler position take a profile. @throws RuntimeError `invalid_placement`, and as `WorkerThread.profile`. */
  async profile(position: number, request: ProfileRequest): Promise<void> {
    await this.#workerAt(position).profile(request);
  }

  #workerAt(position: number): WorkerThread {
    const running = this.#threads.at(position);
    if (running === undefined) {
      const last = this.#memory.schedulers - 1;
      const what = this.#succession.isVacant(position)
        ? "is lost already and not replaced yet"
        : `does not exist (1 to ${last} do)`;
      throw new RuntimeError("invalid_placement", `the worker thread at position ${position} ${what}`);
    }
    return running;
  }

  /** Ends a thread by its id, if it is up. */
  async end(thread: number, why: string): Promise<void> {
    const running = this.#threads.get(thread);
    if (running !== undefined) await this.#ends.terminate(running, why);
  }

  /** Whether a worker thread runs at a scheduler position, and was not told to end. */
  isAt(position: number): boolean {
    const running = this.#threads.at(position);
    return running !== undefined && running.why === undefined;
  }

  /** Whether turns that do not end are ended. */
  get isWatched(): boolean {
    return this.#options.isWatched;
  }

  /** Why turns cannot be cut down; undefined: they can. */
  get limitedBy(): string | undefined {
    return this.#watch.limitedBy;
  }

  /** See Host. */
  askCut(request: CutRequest): void {
    this.#watch.cut(request);
  }

  /** Threads lost since the start. */
  get lost(): number {
    return this.#losses.count;
  }

  /** Threads that run, by kind, for views. */
  get running(): readonly { readonly thread: number; readonly position: number; readonly isDedicated: boolean }[] {
    return this.#threads.all.map(({ thread, position, isDedicated }) => ({ thread, position, isDedicated }));
  }

  /**
   * Every thread takes a plan of faults, or none any more, and so does each that is started later. Resolves when they have.
   * @returns the threads that did not answer within `endTimeoutMs`, which take it when they come to it
   */
  async setFaults(work: FaultWork | undefined): Promise<readonly number[]> {
    this.#faults = work;
    const silent: number[] = [];
    await Promise.all(
      this.#threads.all.map(async (running) => {
        if (!(await running.takeFaults(work, this.#options.endTimeoutMs))) silent.push(running.thread);
      }),
    );
    return silent;
  }

  /** Ends every thread. Idempotent. @throws RuntimeError `thread_stuck` when one does not end in time. */
  async close(): Promise<void> {
    const stuck = await this.#endAll();
    if (stuck !== undefined) throw new RuntimeError("thread_stuck", stuck);
  }

  async #endAll(): Promise<string | undefined> {
    this.#threads.isClosing = true;
    this.#succession.end();
    const stuck = await this.#ends.endAll(closedWhy);
    this.#watch.end();
    return stuck;
  }

  // Starts --------------------------------------------------------------------------------------------------------

  async #startScheduler(position: number, first?: StartedWorker): Promise<void> {
    const base = this.#regions.pop() ?? this.#memory.newRegion(slotsPerThread);
    const thread = base === undefined ? undefined : this.#memory.newThread(position, base, slotsPerThread);
    if (base === undefined || thread === undefined) {
      if (base !== undefined) this.#regions.push(base);
      throw new RuntimeError("system_limit", "this system has started as many threads as it can");
    }
    if (position !== noPosition) this.#memory.setThreadAt(position, thread);
    await this.#launch({ thread, base, position, start: undefined }, schedulerLimits, first);
  }

  /** A dedicated thread whose id was reserved by the spawner, maybe on another thread. */
  startDedicated(start: DedicatedStart): void {
    const { thread, heapMb } = start;
    const seat: ThreadSeat = { thread, base: this.#memory.base(thread), position: noPosition, start };
    if (this.#threads.isClosing) {
      this.#losses.tell({ ...seat, isDedicated: true, isReady: false }, closedWhy);
      return;
    }
    this.#launch(seat, heapMb === undefined ? {} : { maxOldGenerationSizeMb: heapMb }).catch(() => {
      // Told already: the thread is lost, and its actor's spawner gets that reason.
    });
  }

  async #launch(seat: ThreadSeat, limits: ResourceLimits, first?: StartedWorker): Promise<void> {
    let running: WorkerThread;
    try {
      running = new WorkerThread(seat, this.#dataFor(seat), limits, this.#options.startTimeoutMs, this.#owner, first);
    } catch (error) {
      const isDedicated = seat.start !== undefined;
      if (!isDedicated) this.#regions.push(seat.base);
      const { cause } = error as RuntimeError; // it throws no other
      this.#losses.tell({ ...seat, isDedicated, isReady: false }, errorData(cause).message);
      throw error;
    }
    this.#threads.add(running);
    await running.started;
  }

  #dataFor({ thread, position, start }: ThreadSeat): ThreadData {
    const options = this.#options;
    const isDedicated = start !== undefined;
    return {
      thread,
      buffers: this.#memory.buffers,
      checks: options.checks,
      isDedicated,
      isManualClock: options.isManualClock,
      seed: options.seed + thread,
      loadTimeoutMs: options.loadTimeoutMs,
      beforeInitMs: this.#kernel.beforeInitMs,
      isCuttable: options.isWatched && isInspectorAllowed(),
      isOwnerTold: options.isWatched && !isInspectorAllowed(),
      // A dedicated thread holds up nobody else: only its actor's own limit counts there.
      turnLimitMs: isDedicated ? 0 : options.turnLimitMs,
      asyncGraceMs: options.asyncGraceMs,
      busyWaitUs: options.busyWaitUs,
      frontDoor: position === noPosition && !isDedicated ? options.frontDoor : undefined,
      faults: this.#faults,
    };
  }

  // What a thread says --------------------------------------------------------------------------------------------

  #cameUp(running: WorkerThread): void {
    const { thread, position, isDedicated } = running;
    this.#watch.watch(running);
    this.#memory.setState(thread, ThreadState.alive);
    // It may have got a place meanwhile.
    if (position !== noPosition || isDedicated) this.#kernel.emit({ type: "threadStarted", thread, position });
  }

  #exited(running: WorkerThread, why: string): void {
    if (!running.isDedicated) this.#regions.push(running.base);
    if (!this.#ends.hadGivenUp(running)) this.#lost(running, why, running.blame);
  }

  #lost(running: WorkerThread, why: string, blame?: Blamed): void {
    this.#watch.ended(running);
    this.#losses.tell(running, why, blame);
  }
}
