/**
 * What a kernel needs from the place it runs in. Real threads, main and the simulation each bring their own.
 */
import type { Behaviour } from "../actor/behaviour.ts";
import type { BehaviourModule } from "../actor/behaviour-module.ts";
import type { Cell } from "../actor/cell.ts";
import type { SpawnOptions } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import type { Clock } from "../clock.ts";
import type { RuntimeError } from "../errors.ts";
import type { DeedKind, DeedTerms } from "../faults/deeds.ts";
import type { Random } from "../random.ts";
import type { ChannelWriter } from "../thread/channel.ts";
import type { RuntimeEvent } from "./events.ts";
import type { CutRequest } from "./interrupt-request.ts";
import type { Service } from "./service.ts";

/** A dedicated thread to start, and the actor that it is for. */
export interface DedicatedStart {
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
  /** The actor's behaviour, for reports. */
  readonly behaviour: string;
  readonly heapMb: number | undefined;
}

/** `round`: it looks again in a drain to come. `news`: some have come, and nothing else stands before them. */
export type Idle = "rest" | "round" | "news";

export interface Host {
  readonly clock: Clock;
  readonly random: Random;
  /** Asks for one `scheduler.drain()` soon, from a MessagePort callback. */
  post(): void;
  /**
   * Calls that in the same callback, once no microtask is left: what is cut down there takes nothing with it, as in a message of
   * the port. Absent: it cannot.
   */
  behind?(run: () => void): void;
  /** A turn is cut down: asks for `kernel.cuts.recover()`, and that for `kernel.cuts.judge()`, from the same port. */
  postRecovery?(): void;
  postJudgement?(): void;
  /** The writing end towards another thread; undefined while there is no way to it yet (then `post` follows when there is). */
  openWriter(thread: number): ChannelWriter | undefined;
  /** Wakes another thread: its ring has news, or has room again. */
  ringBell(thread: number): void;
  /** Imports a behaviour's module. Rejects with RuntimeError `load_timeout` or `deadlocked_load`. */
  importModule(url: string): Promise<Readonly<Record<string, unknown>>>;
  /** A behaviour that this thread has defined itself, without an import. Main only. */
  findDefinition?(module: BehaviourModule): Behaviour<never> | undefined;
  /** The top level of a module was cut down: whoever waits for it gets this error, and so does whoever asks again. */
  loadCutDown?(url: string, error: RuntimeError): void;
  /** Takes an event: main's stream. Other threads' kernels send theirs to main as frames. */
  emit(event: RuntimeEvent): void;
  /** Takes an event to main past the rings, at once: the thread may not come to the end of its drain. Not on main. */
  tellNow?(event: RuntimeEvent): void;
  /** Ends this thread, as if it were lost; does not come back. Not on main. */
  loseThread?(why: string): never;
  /** An error has escaped the kernel: ends the thread where all to come would fail as well. Not on main. */
  failed?(): void;
  /** Whether a worker thread runs at a scheduler's position, and its end. Main only. */
  isThreadAt?(position: number): boolean;
  endThreadAt?(position: number, why: string): void;
  /** Starts a dedicated thread under an id that was reserved. Main only. */
  startDedicated?(start: DedicatedStart): void;
  /**
   * Starts a service under the system's own supervisor, which starts it again whenever it ends. Asked once for each, when it
   * is first needed; services end in reverse order. When that supervisor gives up, the system ends. Main only, given by a
   * front door that knows supervisors; absent: no service ever runs.
   */
  startService?(service: Service): void;
  /** Asks the watchdog to cut down a turn when its grace is over. Absent: nobody can. */
  askCut?(request: CutRequest): void;
  /** Starts the process that runs an actor's code. Main only. */
  /** Main: before the first process; undefined: it can be started at once. */
  loadProcesses?(): Promise<void> | undefined;
  startProcess?(cell: Cell, module: BehaviourModule, options: SpawnOptions | undefined): RemoteActor | undefined;
  /** Bytes of this thread's heap that are in use, and how long its event loop has been at work since it began. */
  usage?(): { readonly heapBytes: number; readonly workedMs: number };
  /**
   * Whether the thread, which has nothing to do, goes on to look for news from other threads. Absent: it rests.
   * @param hasRun whether code of actors has run in the drain that ends, and may have made more of it ready
   */
  idle?(hasRun: boolean): Idle;
  /** The thread came to rest. */
  rested?(): void;
  /** The last actor of a dedicated thread is gone. */
  retire?(): void;
  /** Runs async turns with a store that tells whose they are, so that what they leave behind can be blamed. Absent: no blame after an await. */
  readonly blame?: Blame;
}

/** An actor whose code runs in another process. */
export interface RemoteActor {
  /** Its behaviour, once its process has loaded it. */
  readonly loaded: Promise<Behaviour<never>>;
  /** The cell is dead: so shall the process be. */
  ended(reason: ExitReason): void;
  /** Ends the process at once (SIGKILL), and its actor with it. */
  kill(): void;
  /** @param what is sent, for the message to people. @throws RuntimeError `message_too_large`: the process could never be given it. */
  assertFits(message: unknown, what: string): void;
  /** Runs the deed of an injected fault as a turn of the process. */
  strike(kind: DeedKind, terms: DeedTerms): Promise<unknown>;
  /** Reads the actor's state, or puts another in its place, by a turn of the process. */
  inspect(verb: "getState" | "replaceState", value: unknown): Promise<unknown>;
  /** Tells the turn that runs there to end, by its signal. */
  interrupt(reason: string): void;
}

/** Who is running, also after an `await`. */
export interface Blame {
  /** A scope for one actor, made once. */
  scope(owner: object): { runInAsyncScope<T>(run: () => T): T };
  /** The owner of the running code, or undefined. */
  owner(): object | undefined;
}
