/**
 * Several kernels in one JavaScript thread under a seeded scheduler.
 *
 * The scheduler chooses which kernel drains next, when a new ring becomes known to its reader, and which thread dies and
 * at which point, also with frames half published. Rings, codecs and kernels are the real ones; only ports, workers and
 * time are not. The same seed gives the same run.
 */
import { retiredWhy } from "../../core/actor/exit-reason.ts";
import { EventStream } from "../../core/kernel/event-stream.ts";
import type { RuntimeEvent } from "../../core/kernel/events.ts";
import type { Host } from "../../core/kernel/host.ts";
import { Kernel } from "../../core/kernel/kernel.ts";
import { SystemMemory, ThreadState } from "../../core/kernel/system-memory.ts";
import { SeededRandom } from "../../core/random.ts";
import { ChannelReader, ChannelWriter, type SideInlet, type SidePort } from "../../core/thread/channel.ts";
import type { FrameSink } from "../../core/thread/frame.ts";
import { createRing } from "../../core/thread/ring.ts";
import { ValueDecoder, ValueEncoder } from "../../core/thread/value-codec.ts";

/** Slots of a simulated thread. */
export const simulatedSlots = 4_096;
/** Threads beside the first that a run may bring up on new slots; the successor of a lost thread takes over its slots. */
const successorsMax = 8;
/** Share of looks into a ring that come just before its writer publishes. */
const overlapShare = 0.3;
/** Share of wakes by the clock that come this much too early, as those of Node's timers may. */
const earlyShare = 0.3;
const earlyMs = 0.5;
/** Steps after which a run that does not settle is a failure. */
const stepsMax = 200_000;

export interface SimulationOptions {
  /** Bytes of each ring. Default 4,096, so that larger messages are cut into pieces. */
  readonly ringBytes?: number;
  /** Resolves behaviours' modules. Default: Node's own import. */
  readonly importModule?: (url: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Memory to use, all zero. Default: new memory. */
  readonly memory?: SystemMemory;
}

interface Pending {
  readonly to: number;
  readonly from: number;
  readonly reader: ChannelReader;
}

class SimulatedThread {
  readonly kernel: Kernel;
  readonly position: number;
  isPosted = false;
  isDraining = false;
  /** What the lost thread has published stands there since its end: no look comes before it. */
  isTakingLoss = false;
  /** It is dead already, and nobody has noticed: nothing that it does from here on reaches anybody. */
  isDoomed = false;
  /** What it had counted when it was doomed. */
  counted: { readonly row: Float64Array; readonly unread: number } | undefined;
  dueMs = Number.POSITIVE_INFINITY;
  wake: (() => void) | undefined;

  constructor(
    system: SimulatedSystem,
    thread: number,
    position: number,
    options: SimulationOptions,
    guestReceives: (message: unknown) => void,
    isDedicated: boolean,
  ) {
    this.position = position;
    const host: Host = {
      clock: {
        nowMs: () => system.nowMs,
        wakeAt: (dueMs, wake) => {
          this.dueMs = dueMs;
          this.wake = wake;
        },
        cancelWake: () => {
          this.dueMs = Number.POSITIVE_INFINITY;
        },
      },
      random: system.random,
      post: () => {
        this.isPosted = true;
      },
      openWriter: (to) => system.openRing(thread, to),
      ringBell: (to) => system.threads.get(to)?.kernel.scheduler.wake(),
      importModule: options.importModule ?? ((url) => import(url) as Promise<Record<string, unknown>>),
      emit: (event) => system.events.emit(event),
      retire: () => system.retired.push(thread),
    };
    this.kernel = new Kernel({ thread, memory: system.memory, host, checks: true, isDedicated, guestReceives });
    const { peers } = this.kernel;
    const threadLost = peers.threadLost.bind(peers);
    peers.threadLost = (...loss) => {
      this.isTakingLoss = true;
      threadLost(...loss);
      this.isTakingLoss = false;
    };
  }
}

/** The writing end of a thread that may die in the middle of a drain: what it writes afterwards is never shown. */
class MortalWriter extends ChannelWriter {
  readonly #isDoomed: () => boolean;

  constructor(ring: SharedArrayBuffer, encoder: ValueEncoder, side: SidePort, isDoomed: () => boolean) {
    super(ring, encoder, side);
    this.#isDoomed = isDoomed;
  }

  override publish(): boolean {
    return this.#isDoomed() ? false : super.publish();
  }
}

/**
 * The reading end of a thread whose drain may overlap with the writer's: it has looked before the writer published, and
 * finds the frames in its next drain. Without it one of any two drains would see all that the other did.
 */
class OverlappedReader extends ChannelReader {
  readonly #hasLooked: () => boolean;

  constructor(ring: SharedArrayBuffer, decoder: ValueDecoder, side: SideInlet, hasLooked: () => boolean) {
    super(ring, decoder, side);
    this.#hasLooked = hasLooked;
  }

  override read(sink: FrameSink, framesMax: number): number {
    return this.#hasLooked() ? 0 : super.read(sink, framesMax);
  }
}

export class SimulatedSystem {
  readonly random: SeededRandom;
  readonly memory: SystemMemory;
  readonly events: EventStream;
  readonly threads = new Map<number, SimulatedThread>();
  /** What the guests got. */
  readonly guestMessages: { thread: number; message: unknown }[] = [];
  readonly seen: RuntimeEvent[] = [];
  /** Dedicated threads that have said that they end. */
  readonly retired: number[] = [];
  nowMs = 0;
  /** Of its own, so that a look at the clock moves no other choice of the run. */
  readonly #clockRandom: SeededRandom;
  readonly #pending: Pending[] = [];
  readonly #options: SimulationOptions;
  /** Slot regions of lost threads, for their successors. */
  readonly #regions: number[] = [];

  constructor(seed: number, threads: number, options: SimulationOptions = {}) {
    this.random = new SeededRandom(seed);
    this.#clockRandom = new SeededRandom(seed + 1);
    this.#options = options;
    this.memory = options.memory ?? SystemMemory.create(threads + successorsMax, simulatedSlots, 0);
    this.events = new EventStream((bits) => {
      this.memory.interest = bits;
    });
    this.events.on("*", (event) => this.seen.push(event));
    for (let position = 0; position < threads; position++) this.addThread(position);
  }

  /** A thread comes up at a position, where one was lost or where none was yet, and main tells it the names and entries. */
  addThread(position: number, { isDedicated = false } = {}): Kernel {
    const base = this.#regions.pop() ?? (this.memory.newRegion(simulatedSlots) as number);
    const thread = this.memory.newThread(position, base, simulatedSlots) as number;
    this.memory.setThreadAt(position, thread);
    this.memory.setState(thread, ThreadState.alive);
    const told = (message: unknown) => this.guestMessages.push({ thread, message });
    const simulated = new SimulatedThread(this, thread, position, this.#options, told, isDedicated);
    this.threads.set(thread, simulated);
    if (thread !== 0) this.kernel(0).introduction.begin(thread);
    return simulated.kernel;
  }

  kernel(thread: number): Kernel {
    return (this.threads.get(thread) as SimulatedThread).kernel;
  }

  openRing(from: number, to: number): ChannelWriter | undefined {
    const sender = this.threads.get(from);
    const ring = createRing(this.#options.ringBytes ?? 4_096);
    const wireFrom = this.kernel(from).refWire;
    const receiver = this.threads.get(to);
    if (receiver === undefined) return undefined;
    const moved: (readonly unknown[])[] = [];
    const side: SidePort = {
      post: (objects) => moved.push(structuredClone([...objects], { transfer: [...objects] as ArrayBuffer[] })),
    };
    const writer = new MortalWriter(ring, new ValueEncoder(wireFrom), side, () => sender?.isDoomed === true);
    const inlet: SideInlet = { receive: () => moved.shift() };
    const reader = new OverlappedReader(
      ring,
      new ValueDecoder(receiver.kernel.refWire),
      inlet,
      () => receiver.isDraining && !receiver.isTakingLoss && this.random.next() < overlapShare,
    );
    this.#pending.push({ to, from, reader });
    return writer;
  }

  /** A thread dies in the middle of its drain: what it has not published by now is lost with it. */
  doom(thread: number): void {
    const simulated = this.threads.get(thread);
    if (simulated === undefined) return;
    if (simulated.isDraining) {
      simulated.isDoomed = true;
      const { row, unread } = simulated.kernel.counters;
      simulated.counted ??= { row: row.slice(), unread };
    } else this.killThread(thread, "died between two drains");
  }

  /** A dedicated thread that has said that it ends is ended. */
  endRetired(thread: number): void {
    this.killThread(thread, retiredWhy, ThreadState.retired);
  }

  /** A thread dies here and now; the others learn of it one by one, in any order. */
  killThread(thread: number, why: string, state: Parameters<SystemMemory["setState"]>[1] = ThreadState.lost): void {
    this.memory.setState(thread, state);
    this.#regions.push(this.memory.base(thread));
    const simulated = this.threads.get(thread);
    if (simulated?.counted !== undefined) {
      const { counters } = simulated.kernel;
      counters.row.set(simulated.counted.row);
      counters.addUnread(simulated.counted.unread - counters.unread);
    }
    this.threads.delete(thread);
    // Rings that were handed over before the death are found by who drains the dead thread's traffic.
    for (const pending of this.#pending.filter((p) => p.from === thread || p.to === thread)) this.#attach(pending);
    this.#losses = this.#losses.filter((loss) => loss.at.kernel.thread !== thread);
    for (const other of this.threads.values()) {
      this.memory.tellLoss(other.kernel.thread);
      this.#losses.push({ at: other, thread, why });
    }
  }

  /** Told after each drain. */
  drained: ((kernel: Kernel, isDoomed: boolean) => void) | undefined;
  #losses: { at: SimulatedThread; thread: number; why: string }[] = [];

  #attach(pending: Pending): void {
    const index = this.#pending.indexOf(pending);
    if (index >= 0) this.#pending.splice(index, 1);
    this.threads.get(pending.to)?.kernel.peers.attachReader(pending.from, pending.reader);
  }

  /** Whether `step` has something to do. */
  get isBusy(): boolean {
    if (this.#pending.length > 0 || this.#losses.length > 0) return true;
    for (const thread of this.threads.values()) if (thread.isPosted) return true;
    return false;
  }

  /** What `step` could do now, for a report. */
  work(): string {
    const work: string[] = [];
    for (const [thread, { isPosted }] of this.threads) if (isPosted) work.push(`thread ${thread} drains`);
    for (const { from, to } of this.#pending) work.push(`the ring from ${from} becomes known to ${to}`);
    for (const { at, thread } of this.#losses) work.push(`the loss of ${thread} becomes known to ${at.kernel.thread}`);
    return work.join(", ");
  }

  /** One step of the seeded scheduler. False when nothing is left to do but to let time pass. */
  step(): boolean {
    const choices: (() => void)[] = [];
    for (const thread of this.threads.values()) {
      if (thread.isPosted) {
        choices.push(() => {
          thread.isPosted = false;
          thread.isDraining = true;
          thread.kernel.scheduler.drain();
          thread.isDraining = false;
          if (thread.isDoomed) this.killThread(thread.kernel.thread, "died in a turn");
          this.drained?.(thread.kernel, thread.isDoomed);
        });
      }
    }
    for (const pending of this.#pending) choices.push(() => this.#attach(pending));
    if (this.#losses.length > 0) {
      choices.push(() => {
        const [loss] = this.#losses.splice(this.random.below(this.#losses.length), 1);
        if (loss !== undefined && this.threads.has(loss.at.kernel.thread))
          loss.at.kernel.peers.threadLost(loss.thread, loss.why);
      });
    }
    if (choices.length === 0) return false;
    this.random.pick(choices)();
    return true;
  }

  /** Runs until nothing is left to do, without letting time pass. */
  settle(): void {
    for (let steps = 0; this.step(); steps++) {
      if (steps > stepsMax) throw new Error(`the simulation did not settle within ${stepsMax} steps`);
    }
  }

  /** Time passes; threads with something due are woken, in what order they then run is open. */
  passTime(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (const thread of this.threads.values()) if (thread.dueMs <= untilMs) this.#wakeEarly(thread);
    this.nowMs = untilMs;
    for (const thread of this.threads.values()) {
      if (thread.dueMs > this.nowMs) continue;
      thread.dueMs = Number.POSITIVE_INFINITY;
      thread.wake?.();
    }
  }

  /** By chance wakes a thread that has nothing else to do before what it waits for is due: it must come back. */
  #wakeEarly(thread: SimulatedThread): void {
    const earlierMs = thread.dueMs - earlyMs;
    if (this.isBusy || earlierMs <= this.nowMs || this.#clockRandom.next() >= earlyShare) return;
    this.nowMs = earlierMs;
    thread.dueMs = Number.POSITIVE_INFINITY;
    thread.wake?.();
    thread.isPosted = false;
    thread.kernel.scheduler.drain();
  }

  /** When something is due next in any thread; Infinity: nothing is. */
  get nextDueMs(): number {
    return Math.min(...[...this.threads.values()].map((thread) => thread.dueMs));
  }

  /** Lets time pass, timer by timer, and settles in between. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      this.settle();
      let next: SimulatedThread | undefined;
      for (const thread of this.threads.values())
        if (thread.dueMs < (next?.dueMs ?? Number.POSITIVE_INFINITY)) next = thread;
      if (next === undefined || next.dueMs > untilMs) break;
      this.#wakeEarly(next);
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.dueMs = Number.POSITIVE_INFINITY;
      next.wake?.();
    }
    this.nowMs = untilMs;
    this.settle();
  }
}
