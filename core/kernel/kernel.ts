/**
 * The kernel of one thread: its actors, and the parts that serve them.
 *
 * It has no module state: everything that it needs from outside (time, chance, other threads, events) comes from its
 * `Host`, so that several kernels can run in one JavaScript thread under a simulated scheduler. Each part is one class
 * that knows the kernel; only the kernel's own parts may use its open fields.
 */

import { makeBehaviour } from "../actor/behaviour.ts";
import { behaviourName } from "../actor/behaviour-module.ts";
import { type Cell, Cell as CellClass, Flag } from "../actor/cell.ts";
import type { Context, Target } from "../actor/context.ts";
import { type ExitReason, reasonText } from "../actor/exit-reason.ts";
import {
  isRef,
  type Ref,
  type RefClass,
  type RefData,
  refClass,
  refKey,
  type SendOptions,
  type SendResult,
} from "../actor/ref.ts";
import { BusTable } from "../bus/kept/bus-table.ts";
import { Topics } from "../bus/topics.ts";
import { Stores } from "../durable/stores.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { Faults } from "../faults/faults.ts";
import { Agents } from "../registry/agents.ts";
import { Registry } from "../registry/registry.ts";
import { Streams } from "../streams/streams.ts";
import { Submissions } from "../tasks/submissions.ts";
import { TaskTable } from "../tasks/task-table.ts";
import { freezeMessage } from "../thread/message-check.ts";
import type { RefWire } from "../thread/ref-wire.ts";
import { ActivityCounts } from "./activity-counts.ts";
import { type ContextClass, contextClass } from "./actor-context.ts";
import { AsyncTurns } from "./async-turns.ts";
import { Births } from "./births.ts";
import { Budgets } from "./budgets.ts";
import { Calls } from "./calls.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Controls } from "./controls.ts";
import { Counter, type Counters } from "./counters.ts";
import { Crashes } from "./crashes.ts";
import { Cuts } from "./cuts.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Delivery } from "./delivery.ts";
import { Dispatch } from "./dispatch.ts";
import { EarlySignals } from "./early-signals.ts";
import { EventOutlet } from "./event-outlet.ts";
import type { DeadLetterWhy, RuntimeEvent } from "./events.ts";
import { FanOuts } from "./fan-outs.ts";
import { Groups } from "./groups.ts";
import type { Host } from "./host.ts";
import { Inbound } from "./inbound.ts";
import { InterruptedTurns } from "./interrupted-turns.ts";
import { Interrupts } from "./interrupts.ts";
import { Introduction } from "./introduction.ts";
import { Lifecycle } from "./lifecycle.ts";
import { Loads } from "./loads.ts";
import { Names } from "./names.ts";
import type { Observation } from "./observation.ts";
import { Outgoing } from "./outgoing.ts";
import { Peers } from "./peers.ts";
import { Replica } from "./replica.ts";
import { Retirement } from "./retirement.ts";
import { Scheduler } from "./scheduler.ts";
import { Signals } from "./signals.ts";
import { Slots } from "./slots.ts";
import { Spawner } from "./spawner.ts";
import { Starts } from "./starts.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { SystemMemory } from "./system-memory.ts";
import { Tasks } from "./tasks.ts";
import { Timers } from "./timer-service.ts";
import { Traces } from "./traces.ts";
import { assertAddress, assertHandlerName, transferOf } from "./verb-arguments.ts";

export interface KernelConfig {
  readonly thread: number;
  readonly memory: SystemMemory;
  readonly host: Host;
  /** Freeze messages. */
  readonly checks: boolean;
  /** Whether this thread ends with its last actor. */
  readonly isDedicated?: boolean;
  /** Enter every turn with a store for blame, not only those of async actors. */
  readonly hasBlameForAll?: boolean;
  /** Whether a watchdog may cut down turns of this thread. */
  readonly isCuttable?: boolean;
  /** How long a turn may take. Default 0: for ever. */
  readonly turnLimitMs?: number;
  /** How long an async turn may take after a cut that may have lost what it waits for. Default 5,000. */
  readonly asyncGraceMs?: number;
  /** How long a module's top level may hold the thread before it is cut down. Default: for ever. */
  readonly loadTimeoutMs?: number;
  /** How long what comes before an actor's `init` may take, on a shared thread and in one or a process of its own. Default: no time. */
  readonly beforeInitMs?: BeforeInitMs;
  /** What the guest (the program outside any actor) does with a message. False: it is nothing for it. */
  readonly guestReceives?: (message: unknown) => unknown;
  /** The storage plugin that keeps accepted tasks. Main only; default: none. */
  readonly taskStore?: string | undefined;
}

export interface BeforeInitMs {
  readonly shared: number;
  readonly own: number;
}

/** What one thread counts. */
export interface ThreadStats {
  readonly thread: number;
  /** Its place among the schedulers: 0 is main; -1 a dedicated thread. */
  readonly position: number;
  readonly actors: number;
  readonly spawned: number;
  readonly crashes: number;
  readonly turns: number;
  /** Actors with work. */
  readonly queued: number;
  /** Frames that wait for other threads. */
  readonly outbox: number;
  readonly timers: number;
  readonly openCalls: number;
  /** Ends of streams, those that are read and those that are written. */
  readonly openStreams: number;
  /** Messages that its actors have not taken: in mailboxes, put aside and held back. */
  readonly unread: number;
  /** Events that main never got, because it took fewer than the thread had to tell. */
  readonly eventsDropped: number;
  /** A cut may have left something of Node's own half done there: it gets no new actors while there is another. */
  readonly isTainted: boolean;
  readonly deadLetters: Readonly<Record<DeadLetterWhy, number>>;
}

/** Grace of an open async turn after a cut, unless told otherwise. */
export const asyncGraceMsDefault = 5_000;

/** Flags of a sender that want a look before it sends. */
const lookFlags = Flag.dead | Flag.traced;

/** Slot 0 of each thread stands for the code outside any actor. */
const guestSlot = 0;

export class Kernel {
  readonly thread: number;
  readonly memory: SystemMemory;
  readonly host: Host;
  readonly checks: boolean;
  readonly isDedicated: boolean;
  readonly hasBlameForAll: boolean;
  readonly turnLimitMs: number;
  readonly beforeInitMs: BeforeInitMs;
  /** By slot. */
  readonly cells: (Cell | undefined)[] = [];
  readonly guest: Cell;
  /** What this thread counts, in shared memory. */
  readonly counters: Counters;
  readonly scheduler: Scheduler;
  readonly dispatch: Dispatch;
  readonly asyncTurns: AsyncTurns;
  readonly checkpoint: Checkpoint;
  readonly cuts: Cuts;
  readonly budgets: Budgets;
  readonly subscriptions = new Subscriptions();
  readonly outgoing: Outgoing;
  readonly deadLetters: DeadLetters;
  readonly delivery: Delivery;
  readonly fanOuts: FanOuts;
  readonly births: Births;
  readonly lifecycle: Lifecycle;
  readonly crashes: Crashes;
  readonly signals: Signals;
  readonly starts: Starts;
  readonly spawner: Spawner;
  readonly loads: Loads;
  readonly early: EarlySignals;
  readonly calls: Calls;
  readonly streams: Streams;
  readonly names: Names;
  readonly replica: Replica;
  readonly groups: Groups;
  readonly topics: Topics;
  readonly agents: Agents;
  readonly controls: Controls;
  readonly interrupts: Interrupts;
  readonly interruptedTurns: InterruptedTurns;
  readonly activity: ActivityCounts;
  readonly introduction: Introduction;
  readonly traces: Traces;
  readonly peers: Peers;
  readonly slots: Slots;
  readonly inbound: Inbound;
  readonly eventOutlet: EventOutlet;
  readonly timers: Timers;
  readonly tasks: Tasks;
  readonly submissions: Submissions;
  /** The tasks of the system. Main's kernel alone. */
  readonly work: TaskTable | undefined;
  /** What the system's bus keeps. Main's kernel alone. */
  readonly bus: BusTable | undefined;
  /** Where durable topics and tasks are kept. Main's kernel alone. */
  readonly stores: Stores | undefined;
  /** What the system's registry knows of the tables of names and entries. Main's kernel alone. */
  readonly registry: Registry | undefined;
  readonly retirement: Retirement;
  /** For plugins that observe the system. Main's kernel alone, once the system is there. */
  observation: Observation | undefined;
  /** The plan of faults that is at work; undefined: none. */
  faults: Faults | undefined;
  /** How refs cross to other threads. */
  readonly refWire: RefWire;
  /** Time at the last look at the clock. */
  nowMs = 0;
  readonly #refClass: RefClass;
  readonly #contextClass: ContextClass;

  constructor(config: KernelConfig) {
    this.thread = config.thread;
    this.memory = config.memory;
    this.counters = config.memory.countersOf(config.thread);
    this.host = config.host;
    this.checks = config.checks;
    this.isDedicated = config.isDedicated ?? false;
    this.hasBlameForAll = config.hasBlameForAll ?? false;
    this.beforeInitMs = config.beforeInitMs ?? { shared: 0, own: 0 };
    this.turnLimitMs = config.turnLimitMs ?? 0;
    this.checkpoint = new Checkpoint(config.isCuttable ?? false);
    this.cuts = new Cuts(
      this,
      config.asyncGraceMs ?? asyncGraceMsDefault,
      config.loadTimeoutMs ?? Number.POSITIVE_INFINITY,
    );
    this.#refClass = refClass("", () => this.memory.creation, {
      call: (ref, name, argument, options) => this.calls.call(this.running(), ref, name, argument, options),
      cast: (ref, name, argument, options) => this.cast(this.running(), ref, name, argument, options),
      send: (ref, message, options) => this.send(this.running(), ref, message, options),
    });
    this.#contextClass = contextClass(this);
    this.refWire = {
      // One of another system would mean somebody else here.
      isRef: (value) => isRef(value) && value.creation === this.memory.creation,
      // Node 0 is this system; other nodes come with a cluster.
      toWire: (ref) => {
        const { thread, slot, generation } = ref as Ref;
        return { node: 0, thread, slot, generation };
      },
      fromWire: (_node, thread, slot, generation) => this.makeRef(thread, slot, generation),
    };
    const guestBehaviour = makeBehaviour<undefined, never>(
      { name: "guest", module: import.meta.url },
      {
        init: () => undefined,
        receive: (_state, message) => {
          if (config.guestReceives === undefined || config.guestReceives(message) === false)
            this.delivery.deadLetter(this.refOf(this.guest), undefined, message, "noproc");
        },
      },
    );
    this.guest = new CellClass(
      guestSlot,
      this.memory.generation(this.thread, guestSlot),
      Flag.trapping,
      guestBehaviour,
      undefined,
    );
    this.cells[guestSlot] = this.guest;
    this.scheduler = new Scheduler(this);
    this.dispatch = new Dispatch(this);
    this.asyncTurns = new AsyncTurns(this);
    this.budgets = new Budgets(this);
    this.outgoing = new Outgoing(this);
    this.deadLetters = new DeadLetters(this);
    this.delivery = new Delivery(this);
    this.fanOuts = new FanOuts(this);
    this.births = new Births(this);
    this.lifecycle = new Lifecycle(this);
    this.crashes = new Crashes(this);
    this.signals = new Signals(this);
    this.starts = new Starts(this);
    this.spawner = new Spawner(this);
    this.loads = new Loads(this);
    this.early = new EarlySignals(this);
    this.calls = new Calls(this);
    this.streams = new Streams(this);
    this.names = new Names(this);
    this.replica = new Replica(this);
    this.groups = new Groups(this);
    this.topics = new Topics(this);
    this.stores = config.thread === 0 ? new Stores(this) : undefined;
    this.bus = config.thread === 0 ? new BusTable(this, this.topics.interest) : undefined;
    this.agents = new Agents(this);
    this.controls = new Controls(this);
    this.interrupts = new Interrupts(this);
    this.interruptedTurns = new InterruptedTurns(this);
    this.activity = new ActivityCounts(this);
    this.introduction = new Introduction(this);
    this.traces = new Traces(this);
    this.peers = new Peers(this);
    this.slots = new Slots(this);
    this.inbound = new Inbound(this);
    this.eventOutlet = new EventOutlet(this);
    this.timers = new Timers(this);
    this.tasks = new Tasks(this);
    this.submissions = new Submissions(this);
    this.work = config.thread === 0 ? new TaskTable(this, config.taskStore) : undefined;
    this.registry = config.thread === 0 ? new Registry(this) : undefined;
    this.retirement = new Retirement(this);
    this.guest.ctx = new this.#contextClass(this.guest);
    this.readClock();
  }

  readClock(): number {
    this.nowMs = this.host.clock.nowMs();
    return this.nowMs;
  }

  /** The living cell that a ref of this thread names. */
  cellOf(ref: RefData): Cell | undefined {
    const cell = this.cells[ref.slot];
    return cell !== undefined && cell.generation === ref.generation && ref.thread === this.thread ? cell : undefined;
  }

  /** Whose code runs: the actor of the turn, of the async context, or the guest. */
  running(): Cell {
    if (this.cuts.isFalling) this.cuts.await();
    return this.scheduler.current ?? (this.host.blame?.owner() as Cell | undefined) ?? this.guest;
  }

  refOf(cell: Cell): Ref {
    cell.ownRef ??= new this.#refClass(this.thread, cell.slot, cell.generation);
    return cell.ownRef;
  }

  makeRef(thread: number, slot: number, generation: number): Ref {
    return new this.#refClass(thread, slot, generation);
  }

  /** A ref with methods from any ref data, also of another kernel. */
  adopt(ref: RefData): Ref {
    return ref instanceof this.#refClass ? (ref as Ref) : this.makeRef(ref.thread, ref.slot, ref.generation);
  }

  contextOf(cell: Cell): Context {
    cell.ctx ??= new this.#contextClass(cell);
    return cell.ctx;
  }

  /** Whether the code of an actor of this thread runs in another process. */
  isRemote(ref: RefData): boolean {
    return ((this.cellOf(ref)?.flags ?? 0) & Flag.remote) !== 0;
  }

  isAlive(ref: RefData): boolean {
    return ref.thread === this.thread
      ? this.cellOf(ref) !== undefined || this.early.expects(ref)
      : this.memory.isAlive(ref.thread, ref.slot, ref.generation);
  }

  /** A ref or name as a ref. @throws RuntimeError `noproc` when nobody holds the name; `bad_argument`. */
  resolve(target: Target, verb: string): RefData {
    if (typeof target === "string") {
      const ref = this.names.whereis(target);
      if (ref === undefined) throw new RuntimeError("noproc", `${verb}: nobody is registered as ${describe(target)}`);
      return ref;
    }
    if (target instanceof this.#refClass) return target;
    assertAddress(target, verb, this.memory.creation);
    return target;
  }

  /** A raw message from a cell of this thread to anybody. */
  send(sender: Cell, ref: RefData, message: unknown, options: SendOptions | undefined): SendResult {
    if ((sender.flags & lookFlags) !== 0) this.#look(sender, ref, "message", undefined, message);
    const transfer = options === undefined ? undefined : transferOf(options, "send");
    if (ref.thread === this.thread) {
      if (this.checks) freezeMessage(message);
      const cell = this.cells[ref.slot];
      if (cell !== undefined && cell.generation === ref.generation) {
        if ((cell.flags & Flag.remote) !== 0) this.outgoing.checkToProcess(message, ref, "send");
        return this.delivery.deliver(cell, undefined, message, sender);
      }
      this.scheduler.commit(() => this.delivery.deliverNowhere(ref, undefined, message, sender));
      return undefined;
    }
    if (transfer === undefined && this.peers.sendAtOnce(sender, ref, undefined, message)) return undefined;
    this.outgoing.check(message, transfer, ref, "send");
    return this.peers.send(sender, ref, undefined, message, transfer);
  }

  cast(sender: Cell, ref: RefData, name: string, argument: unknown, options: SendOptions | undefined): SendResult {
    assertHandlerName("cast", name);
    if ((sender.flags & lookFlags) !== 0) this.#look(sender, ref, "cast", name, argument);
    const transfer = options === undefined ? undefined : transferOf(options, "cast");
    if (ref.thread === this.thread) {
      if (this.checks) freezeMessage(argument);
      const cell = this.cells[ref.slot];
      if (cell !== undefined && cell.generation === ref.generation) {
        if ((cell.flags & Flag.remote) !== 0) this.outgoing.checkToProcess(argument, ref, name);
        return this.delivery.deliver(cell, name, argument, sender);
      }
      this.scheduler.commit(() => this.delivery.deliverNowhere(ref, name, argument, sender));
      return undefined;
    }
    if (transfer === undefined && this.peers.sendAtOnce(sender, ref, name, argument)) return undefined;
    this.outgoing.check(argument, transfer, ref, name);
    return this.peers.send(sender, ref, name, argument, transfer);
  }

  /** Of a sender that has ended, or is traced. */
  #look(sender: Cell, to: RefData, kind: "message" | "cast", name: string | undefined, payload: unknown): void {
    this.assertAlive(sender, kind === "cast" ? "cast" : "send");
    this.traces.sent(sender, to, kind, name, payload);
  }

  assertAlive(cell: Cell, verb: string): void {
    if ((cell.flags & Flag.dead) !== 0) {
      if (cell === this.guest) throw new RuntimeError("not_started", `${verb}: the system has stopped`);
      throw new RuntimeError("noproc", `${verb}: ${this.nameOf(this.refOf(cell))} has ended`);
    }
  }

  /** Counters of this thread since start. */
  stats(): ThreadStats {
    this.counters.countTaken();
    return {
      thread: this.thread,
      position: this.memory.position(this.thread),
      actors: this.lifecycle.living,
      spawned: this.births.count,
      crashes: this.counters.get(Counter.crashes),
      turns: this.counters.get(Counter.turns),
      queued: this.scheduler.queued,
      outbox: this.peers.waiting,
      timers: this.timers.running,
      openCalls: this.calls.open,
      openStreams: this.streams.open,
      unread: this.counters.unread,
      eventsDropped: this.counters.get(Counter.eventsDropped),
      isTainted: this.memory.isTainted(this.thread),
      deadLetters: this.counters.deadLetters,
    };
  }

  wants(bit: number): boolean {
    return (this.memory.interest & bit) !== 0;
  }

  emit(event: RuntimeEvent): void {
    this.scheduler.commit(() => this.eventOutlet.emit(event));
  }

  /** How an actor is called in messages to people: `counter "hits" <1.17.0>`. */
  nameOf(ref: RefData): string {
    const cell = this.cellOf(ref);
    if (cell === undefined) return `<${refKey(ref)}>`;
    const name = cell.extra?.name;
    return `${behaviourName(cell.behaviour)}${name === undefined ? "" : ` "${name}"`} <${refKey(ref)}>`;
  }

  /** Every actor has been told to end: what the program has asked by topic, or reads, comes to no end by that. */
  stopAsking(): void {
    this.scheduler.commit(() => {
      this.calls.close();
      this.streams.close();
    });
  }

  /** The end of main's kernel: whoever still lives ends, every promise settles, and the program can do nothing more. */
  close(reason: ExitReason): void {
    const text = `the system has ended (${reasonText(reason)})`;
    this.stores?.close({ name: "RuntimeError", code: "shutdown", message: text });
    this.work?.abandoned(reason);
    this.lifecycle.endAll(reason);
    while (this.scheduler.hasWork) this.scheduler.drain();
    this.guest.flags |= Flag.dead;
  }

  /** Main's kernel alone: whether its system has stopped. */
  get isClosed(): boolean {
    return (this.guest.flags & Flag.dead) !== 0;
  }
}
