/**
 * Several kernels in one JavaScript thread under a seeded scheduler.
 *
 * The scheduler chooses which kernel drains next, when a new ring becomes known to its reader, and which thread dies and
 * at which point, also with frames half published. Rings, codecs and kernels are the real ones; only ports, workers and
 * time are not. The same seed gives the same run.
 */
import { EventStream, type RuntimeEvent } from "../../core/kernel/events.ts";
import type { Host } from "../../core/kernel/host.ts";
import { Kernel } from "../../core/kernel/kernel.ts";
import { SystemMemory, ThreadState } from "../../core/kernel/system-memory.ts";
import { SeededRandom } from "../../core/random.ts";
import { ChannelReader, ChannelWriter } from "../../core/thread/channel.ts";
import { createRing } from "../../core/thread/ring.ts";
import { ValueDecoder, ValueEncoder } from "../../core/thread/value-codec.ts";

/** Slots of a simulated thread. */
const simulatedSlots = 4_096;
/** Steps after which a run that does not settle is a failure. */
const stepsMax = 200_000;

interface Pending {
  readonly to: number;
  readonly from: number;
  readonly reader: ChannelReader;
}

class SimulatedThread {
  readonly kernel: Kernel;
  isPosted = false;
  dueMs = Number.POSITIVE_INFINITY;
  wake: (() => void) | undefined;

  constructor(system: SimulatedSystem, thread: number, guestReceives: (message: unknown) => void) {
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
      importModule: (url) => import(url) as Promise<Record<string, unknown>>,
      emit: (event) => system.events.emit(event),
    };
    this.kernel = new Kernel({ thread, memory: system.memory, host, checks: true, guestReceives });
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
  nowMs = 0;
  readonly #pending: Pending[] = [];
  readonly #ringBytes: number;

  constructor(seed: number, threads: number, ringBytes = 4_096) {
    this.random = new SeededRandom(seed);
    this.#ringBytes = ringBytes;
    this.memory = SystemMemory.create(threads, simulatedSlots);
    this.events = new EventStream((bits) => {
      this.memory.interest = bits;
    });
    this.events.on("*", (event) => this.seen.push(event));
    for (let position = 0; position < threads; position++) this.addThread(position);
  }

  addThread(position: number): Kernel {
    const base = this.memory.newRegion(simulatedSlots) as number;
    const thread = this.memory.newThread(position, base, simulatedSlots) as number;
    this.memory.setThreadAt(position, thread);
    this.memory.setState(thread, ThreadState.alive);
    const simulated = new SimulatedThread(this, thread, (message) => this.guestMessages.push({ thread, message }));
    this.threads.set(thread, simulated);
    return simulated.kernel;
  }

  kernel(thread: number): Kernel {
    return (this.threads.get(thread) as SimulatedThread).kernel;
  }

  openRing(from: number, to: number): ChannelWriter | undefined {
    const ring = createRing(this.#ringBytes);
    const wireFrom = this.kernel(from).refWire;
    const receiver = this.threads.get(to);
    if (receiver === undefined) return undefined;
    const moved: (readonly unknown[])[] = [];
    const writer = new ChannelWriter(ring, new ValueEncoder(wireFrom), {
      post: (objects) => moved.push(structuredClone([...objects], { transfer: [...objects] as ArrayBuffer[] })),
    });
    const reader = new ChannelReader(ring, new ValueDecoder(receiver.kernel.refWire), { receive: () => moved.shift() });
    this.#pending.push({ to, from, reader });
    return writer;
  }

  /** A thread dies here and now; the others learn of it one by one, in any order. */
  killThread(thread: number, why: string): void {
    this.memory.setState(thread, ThreadState.lost);
    this.threads.delete(thread);
    // Rings that were handed over before the death are found by who drains the dead thread's traffic.
    for (const pending of this.#pending.filter((p) => p.from === thread)) this.#attach(pending);
    for (const other of this.threads.values()) this.#losses.push({ at: other, thread, why });
  }

  readonly #losses: { at: SimulatedThread; thread: number; why: string }[] = [];

  #attach(pending: Pending): void {
    const index = this.#pending.indexOf(pending);
    if (index >= 0) this.#pending.splice(index, 1);
    this.threads.get(pending.to)?.kernel.peers.attachReader(pending.from, pending.reader);
  }

  /** One step of the seeded scheduler. False when nothing is left to do but to let time pass. */
  step(): boolean {
    const choices: (() => void)[] = [];
    for (const thread of this.threads.values()) {
      if (thread.isPosted) {
        choices.push(() => {
          thread.isPosted = false;
          thread.kernel.drain();
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

  /** Lets time pass, timer by timer, and settles in between. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      this.settle();
      let next: SimulatedThread | undefined;
      for (const thread of this.threads.values())
        if (thread.dueMs < (next?.dueMs ?? Number.POSITIVE_INFINITY)) next = thread;
      if (next === undefined || next.dueMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, next.dueMs);
      next.dueMs = Number.POSITIVE_INFINITY;
      next.wake?.();
    }
    this.nowMs = untilMs;
    this.settle();
  }
}
