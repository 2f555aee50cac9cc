/**
 * The host of a kernel on a real thread, main or worker: ports to the other threads, rings made when first needed,
 * modules, and whose code is running.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { getHeapStatistics } from "node:v8";
import { MessageChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Behaviour } from "../actor/behaviour.ts";
import type { BehaviourModule } from "../actor/behaviour-module.ts";
import type { Blamed } from "../actor/exit-reason.ts";
import { type Clock, loopWorkedMs } from "../clock.ts";
import type { RuntimeError } from "../errors.ts";
import type { RuntimeEvent } from "../kernel/events.ts";
import type { Blame, Host, Idle } from "../kernel/host.ts";
import type { CutRequest } from "../kernel/interrupt-request.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Random } from "../random.ts";
import { BusyWait } from "./busy-wait.ts";
import { ChannelReader, ChannelWriter } from "./channel.ts";
import type { TransferableObject } from "./frame.ts";
import { ModuleLoader } from "./module-loader.ts";
import type { Bell } from "./protocol.ts";
import { createRing } from "./ring.ts";
import { Note, SelfPort } from "./self-port.ts";
import { ValueDecoder, ValueEncoder } from "./value-codec.ts";

const resolved = Promise.resolve();
/** Before anybody puts another in its place. */
const { nextTick } = process;

export interface PortHostOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly loadTimeoutMs: number;
  /** How long the thread stays awake for an answer. */
  readonly busyWaitUs: number;
  /** Main: takes the events of all threads. */
  emit(event: RuntimeEvent): void;
  /** Main: a behaviour that the program itself has defined. */
  findDefinition?(module: BehaviourModule): Behaviour<never> | undefined;
  /** Main: starts a dedicated thread. */
  startDedicated?: Host["startDedicated"];
  /** Main: starts the process of an actor. */
  startProcess?: Host["startProcess"];
  loadProcesses?: Host["loadProcesses"];
  /** Dedicated thread: its last actor is gone. */
  retire?(): void;
  /** Worker: see Host. */
  tellNow?(event: RuntimeEvent): void;
  loseThread?(why: string): never;
  failed?(): void;
  askCut?(request: CutRequest): void;
  /** Main: see Host. */
  isThreadAt?(position: number): boolean;
  endThreadAt?(position: number, why: string): void;
}

export class PortHost implements Host {
  readonly clock: Clock;
  readonly random: Random;
  readonly blame: Blame;
  readonly emit: (event: RuntimeEvent) => void;
  readonly findDefinition?: (module: BehaviourModule) => Behaviour<never> | undefined;
  readonly startDedicated?: NonNullable<Host["startDedicated"]>;
  readonly startProcess?: NonNullable<Host["startProcess"]>;
  readonly loadProcesses?: NonNullable<Host["loadProcesses"]>;
  startService?: NonNullable<Host["startService"]>;
  readonly retire?: () => void;
  readonly tellNow?: (event: RuntimeEvent) => void;
  readonly loseThread?: (why: string) => never;
  readonly failed?: () => void;
  readonly askCut?: (request: CutRequest) => void;
  readonly isThreadAt?: (position: number) => boolean;
  readonly endThreadAt?: (position: number, why: string) => void;
  readonly #ports = new Map<number, MessagePort>();
  readonly #self: SelfPort;
  readonly #loader: ModuleLoader;
  #kernel: Kernel | undefined;
  readonly #busyWaitUs: number;
  #busyWait: BusyWait | undefined;
  #behind = (): void => {};
  readonly #askForTick = (): void => nextTick(this.#behind);
  readonly #hasNews = () => this.#kernel?.peers.hasNews === true;

  constructor(options: PortHostOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.#busyWaitUs = options.busyWaitUs;
    this.emit = (event) => options.emit(event);
    if (options.findDefinition !== undefined) this.findDefinition = options.findDefinition;
    if (options.startDedicated !== undefined) this.startDedicated = options.startDedicated;
    if (options.startProcess !== undefined) this.startProcess = options.startProcess;
    if (options.loadProcesses !== undefined) this.loadProcesses = options.loadProcesses;
    if (options.retire !== undefined) this.retire = options.retire;
    if (options.tellNow !== undefined) this.tellNow = options.tellNow;
    if (options.loseThread !== undefined) this.loseThread = options.loseThread;
    if (options.failed !== undefined) this.failed = options.failed;
    if (options.askCut !== undefined) this.askCut = options.askCut;
    if (options.isThreadAt !== undefined) this.isThreadAt = options.isThreadAt;
    if (options.endThreadAt !== undefined) this.endThreadAt = options.endThreadAt;
    this.blame = asyncBlame();
    this.#self = new SelfPort((note) => this.#take(note));
    this.#loader = new ModuleLoader(options.loadTimeoutMs);
  }

  attach(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#busyWait = new BusyWait(kernel.memory, kernel.thread, this.#busyWaitUs);
  }

  #take(note: Note): void {
    const kernel = this.#kernel;
    if (note === Note.recover) kernel?.cuts.recover();
    else if (note === Note.judge) kernel?.cuts.judge();
    else kernel?.scheduler.drain();
  }

  post(): void {
    this.#self.post();
  }

  /** A tick that is asked for by a microtask comes behind all of them; one that is asked for here would come before. */
  behind(run: () => void): void {
    this.#behind = run;
    void resolved.then(this.#askForTick);
  }

  postRecovery(): void {
    this.#self.post(Note.recover);
  }

  postJudgement(): void {
    this.#self.post(Note.judge);
  }

  usage(): { readonly heapBytes: number; readonly workedMs: number } {
    return {
      heapBytes: getHeapStatistics().used_heap_size,
      workedMs: loopWorkedMs(),
    };
  }

  idle(hasRun: boolean): Idle {
    return this.#busyWait?.next(this.#ports.keys(), this.#hasNews, hasRun) ?? "rest";
  }

  rested(): void {
    this.#self.rest();
  }

  importModule(url: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#loader.load(url);
  }

  loadCutDown(url: string, error: RuntimeError): void {
    this.#loader.cutDown(url, error);
  }

  /** A way to another thread: main made the channel. */
  addPeer(thread: number, port: MessagePort): void {
    this.#ports.set(thread, port);
    port.on("message", (bell: Bell) => {
      if (bell !== null) this.#openReader(thread, bell);
      this.#kernel?.scheduler.drain();
    });
    port.unref();
    // Frames for it may be waiting.
    this.#kernel?.scheduler.wake();
  }

  openWriter(thread: number): ChannelWriter | undefined {
    const port = this.#ports.get(thread);
    const kernel = this.#kernel;
    if (port === undefined || kernel === undefined) return undefined;
    const ring = createRing();
    const { port1: ownSide, port2: theirSide } = new MessageChannel();
    const bell: Bell = { ring, side: theirSide };
    port.postMessage(bell, [theirSide]);
    ownSide.unref();
    return new ChannelWriter(ring, new ValueEncoder(kernel.refWire), {
      post: (objects) => ownSide.postMessage(objects, objects as TransferableObject[]),
    });
  }

  #openReader(thread: number, bell: Exclude<Bell, null>): void {
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    bell.side.unref();
    const reader = new ChannelReader(bell.ring, new ValueDecoder(kernel.refWire), {
      receive: () => receiveMessageOnPort(bell.side)?.message as readonly unknown[] | undefined,
    });
    kernel.peers.attachReader(thread, reader);
  }

  ringBell(thread: number): void {
    this.#ports.get(thread)?.postMessage(null);
  }

  /** A thread is gone: a ring that it handed over at the last moment is taken first. */
  threadLost(thread: number, why: string, wasUp: boolean, blame?: Blamed): void {
    const port = this.#ports.get(thread);
    if (port !== undefined) {
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        const bell = next.message as Bell;
        if (bell !== null) this.#openReader(thread, bell);
      }
    }
    this.#kernel?.peers.threadLost(thread, why, wasUp, blame);
    this.#ports.delete(thread);
    port?.close();
    // A dedicated thread may have waited for an actor from there.
    this.#kernel?.scheduler.wake();
  }

  /** On main: nothing of the host keeps the process alive. */
  unref(): void {
    this.#self.unref();
  }

  close(): void {
    this.#self.close();
    this.clock.cancelWake();
    for (const port of this.#ports.values()) port.close();
    this.#ports.clear();
  }
}

/** Owner by async context: one AsyncResource for each actor, made once inside the store (28 ns a turn; `run` costs 445). */
function asyncBlame(): Blame {
  const storage = new AsyncLocalStorage<object>();
  return {
    scope: (owner) => storage.run(owner, () => new AsyncResource("mofa.actor")),
    owner: () => storage.getStore(),
  };
}
