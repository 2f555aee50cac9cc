/**
 * Spawning, here or on another thread.
 *
 * The ref exists at once: the slot comes from this thread's own, or from a block that this thread has reserved in the
 * other's. Whatever is sent to it stands behind the spawn in the same outbox.
 */
import { type Behaviour, type BehaviourReference, isBehaviour } from "../actor/behaviour.ts";
import { type BehaviourModule, behaviourModule, behaviourName } from "../actor/behaviour-module.ts";
import { type Cell, extraOf, type StartAck } from "../actor/cell.ts";
import type { Monitor, SpawnLinkOptions, StartResult } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import type { Api, Ref, RefData } from "../actor/ref.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { noConfiguration } from "./births.ts";
import { FrameKind } from "./frame-kind.ts";
import type { DedicatedStart } from "./host.ts";
import type { Kernel } from "./kernel.ts";
import { addLink, addWatcher } from "./links.ts";
import { loading } from "./loads.ts";
import type { Deferred } from "./outbox.ts";
import { threadFor } from "./placement.ts";
import { assertNoServiceName } from "./service.ts";
import { assertSpawnOptions, type BirthOptions, hasOwnHeap, plainOptions } from "./spawn-options.ts";
import { slotsPerDedicated } from "./system-memory.ts";

/** Time for another thread to say itself that a start took too long. */
const heldGraceMs = 1_000;

/** How a spawn crosses to another thread. */
export interface SpawnPayload extends BehaviourModule {
  readonly argument: unknown;
  readonly options: BirthOptions | undefined;
  readonly isLinked: boolean;
  readonly isAwaited: boolean;
  readonly initTimeoutMs: number | undefined;
}

/** What ties the spawner to its new actor. */
export interface SpawnTies {
  readonly link?: boolean;
  readonly monitor?: boolean;
  /** Await `init`: by message, or by this function. */
  readonly await?: "message" | ((result: StartResult) => void);
  /** Time for `init`, where the options do not say how long the start may take. */
  readonly initTimeoutMs?: number;
}

export type Spawnable = Behaviour<never, Api> | BehaviourReference;

export class Spawner {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** @throws RuntimeError `bad_argument`, `invalid_placement`, `system_limit`, `not_cloneable`. */
  spawn(
    parent: Cell,
    spawnable: Spawnable,
    argument: unknown,
    options: SpawnLinkOptions | undefined,
    ties: SpawnTies,
  ): { ref: Ref; monitor: Monitor | undefined } {
    const kernel = this.#kernel;
    kernel.assertAlive(parent, "spawn");
    assertSpawnable(spawnable);
    const isOfActor = assertSpawnOptions(options);
    if (options?.name !== undefined) assertNoServiceName(options.name, "spawn", spawnable);
    const born = isOfActor ? this.#birthOptions(parent, spawnable, options) : undefined;
    const isDedicated = options?.isolation === "thread";
    const isProcess = options?.isolation === "process";
    // The cell of an actor in a process is on main, where the gateway is.
    const chosen = isDedicated
      ? undefined
      : isProcess
        ? kernel.memory.threadAt(0)
        : threadFor(kernel, options?.placement);
    if (chosen !== kernel.thread || isProcess)
      kernel.outgoing.check(argument, undefined, undefined, argumentOf(spawnable));
    else if (kernel.checks) freezeMessage(argument);
    kernel.scheduler.enter();
    try {
      if (chosen === kernel.thread) return this.#spawnHere(parent, spawnable, argument, born, ties);
      const spawned = this.#spawnThere(chosen ?? this.#newDedicated(), parent, spawnable, argument, born, ties);
      if (chosen === undefined) this.#startDedicated(spawned.ref, spawnable, options?.heapMb);
      return spawned;
    } finally {
      kernel.scheduler.commits--;
    }
  }

  /** What a child of a supervisor was told by `reconfigure` in its former lives goes on in this one. */
  #birthOptions(parent: Cell, spawnable: Spawnable, options: SpawnLinkOptions | undefined): BirthOptions | undefined {
    if (options === undefined) return undefined;
    const { declaration, configuration, childId, life } = options;
    const { outgoing } = this.#kernel;
    if (declaration !== undefined) outgoing.check(declaration, undefined, undefined, "spawn: declaration");
    if (configuration !== undefined) {
      if (isBehaviour(spawnable) && spawnable.handlers.configuration === undefined) throw noConfiguration(spawnable);
      outgoing.check(configuration, undefined, undefined, "spawn: configuration");
    }
    const kept = parent.extra?.childChanges;
    if (kept === undefined || childId === undefined || life === undefined) return options;
    if (life === "first") kept.delete(childId);
    const changes = kept.get(childId);
    return changes === undefined ? options : { ...options, changes };
  }

  #spawnHere(
    parent: Cell,
    spawnable: Spawnable,
    argument: unknown,
    options: BirthOptions | undefined,
    ties: SpawnTies,
  ): { ref: Ref; monitor: Monitor | undefined } {
    const kernel = this.#kernel;
    const slot = kernel.slots.take();
    const generation = kernel.memory.generation(kernel.thread, slot);
    const parentRef = kernel.refOf(parent);
    const initTimeoutMs = options?.startTimeoutMs === undefined ? ties.initTimeoutMs : undefined;
    const ack: StartAck | undefined = ties.await === undefined ? undefined : { to: parentRef, initTimeoutMs };
    const isProcess = options?.isolation === "process";
    const known = isBehaviour(spawnable) ? spawnable : kernel.loads.known(spawnable);
    const behaviour = isProcess ? undefined : known;
    const cell = kernel.births.create(slot, generation, behaviour ?? loading, argument, parentRef, options, ack);
    kernel.memory.addActors(kernel.thread, 1);
    const ref = kernel.refOf(cell);
    if (ties.link === true) {
      addLink(parent, ref);
      addLink(cell, parentRef);
    }
    if (ties.await !== undefined) this.#await(parent, ref, ties.await);
    const monitor = ties.monitor === true ? kernel.signals.monitor(parent, ref, undefined) : undefined;
    if (isProcess)
      kernel.loads.inProcess(cell, isBehaviour(spawnable) ? behaviourModule(spawnable) : moduleOf(spawnable), options);
    else if (behaviour === undefined) kernel.loads.here(cell, spawnable as BehaviourReference);
    else kernel.scheduler.schedule(cell);
    return { ref, monitor };
  }

  #spawnThere(
    thread: number,
    parent: Cell,
    spawnable: Spawnable,
    argument: unknown,
    options: BirthOptions | undefined,
    ties: SpawnTies,
  ): { ref: Ref; monitor: Monitor | undefined } {
    const kernel = this.#kernel;
    const slot = kernel.slots.takeOf(thread);
    const generation = kernel.memory.generation(thread, slot);
    const ref = kernel.makeRef(thread, slot, generation);
    kernel.memory.reservations.announce(thread, slot);
    const initTimeoutMs = options?.startTimeoutMs === undefined ? ties.initTimeoutMs : undefined;
    if (ties.await !== undefined) {
      const { shared, own } = kernel.beforeInitMs;
      const beforeMs = hasOwnHeap(options?.isolation) ? own : shared;
      const wholeMs = initTimeoutMs === undefined ? options?.startTimeoutMs : beforeMs + initTimeoutMs;
      this.#await(parent, ref, ties.await, wholeMs);
    }
    if (ties.link === true && addLink(parent, ref)) kernel.peers.relate(parent, thread, 1);
    const monitor = ties.monitor === true ? kernel.signals.spawnMonitor(parent, ref) : undefined;
    const payload = {
      argument,
      options: plainOptions(options),
      isLinked: ties.link === true,
      isAwaited: ties.await !== undefined,
      initTimeoutMs,
    };
    const id = monitor?.id ?? 0;
    if (!isBehaviour(spawnable)) {
      kernel.peers.push(thread, FrameKind.spawn, ref, parent, id, {
        ...payload,
        ...moduleOf(spawnable),
      });
      return { ref, monitor };
    }
    const deferred = this.#deferSpawn(parent, ref, id, spawnable, payload);
    kernel.peers.push(thread, FrameKind.spawn, ref, parent, id, deferred);
    return { ref, monitor };
  }

  /** The frame waits in the outbox until the behaviour's module is known; what is sent later stands behind it. */
  #deferSpawn(
    parent: Cell,
    ref: Ref,
    id: number,
    behaviour: Behaviour<never, Api>,
    payload: Omit<SpawnPayload, keyof BehaviourModule>,
  ): Deferred | SpawnPayload {
    const kernel = this.#kernel;
    const known = behaviourModule(behaviour);
    if (!(known instanceof Promise)) return { ...payload, ...known };
    let failure: unknown;
    const deferred: Deferred = {
      isDeferred: true,
      state: "waiting",
      payload: undefined,
      fail: () => {
        this.failed(kernel.refOf(parent), ref, id, { error: errorData(failure) });
      },
    };
    kernel.scheduler.outside++;
    const ended = (state: "ready" | "failed") => {
      deferred.state = state;
      kernel.scheduler.outside--;
      kernel.scheduler.wake();
    };
    kernel.subscriptions.subscribe(
      known,
      (module) => {
        deferred.payload = { ...payload, ...module };
        ended("ready");
      },
      (error) => {
        failure = error;
        ended("failed");
      },
    );
    return deferred;
  }

  /** A spawn that could not be sent: its ref is dead, its spawner learns it, a thread that waits for it need not. */
  failed(parent: RefData, ref: Ref, monitorId: number, reason: ExitReason): void {
    const kernel = this.#kernel;
    const { thread, slot, generation } = ref;
    // The slots of a lost thread are its successor's.
    if (kernel.memory.isThreadUp(thread)) {
      kernel.memory.reservations.withdraw(thread, slot);
      kernel.memory.killSlot(thread, slot, generation);
    }
    kernel.slots.freeOf(thread, [slot]);
    kernel.peers.push(thread, FrameKind.spawnFailed, ref, kernel.guest, 0, undefined);
    kernel.peers.push(thread, FrameKind.abandon, { slot: 0, generation: 0 }, kernel.guest, 0, undefined);
    kernel.starts.spawnFailed(parent, ref, monitorId, reason);
  }

  /** A spawn from another thread. */
  received(to: RefData, from: Ref, monitorId: number, payload: SpawnPayload): void {
    const kernel = this.#kernel;
    // What comes for the actor meanwhile waits as for any that is still to come.
    if (kernel.introduction.holds("spawns", () => this.received(to, from, monitorId, payload))) return;
    kernel.memory.reservations.arrived(kernel.thread, to.slot);
    // Its spawner gets `noproc` with the news of this thread's end.
    if (kernel.retirement.isSaid) return;
    if (kernel.checks) freezeMessage(payload.argument);
    const reference = moduleOf(payload);
    const isProcess = payload.options?.isolation === "process";
    const behaviour = isProcess ? undefined : kernel.loads.known(reference);
    const ack: StartAck | undefined = payload.isAwaited
      ? { to: from, initTimeoutMs: payload.initTimeoutMs }
      : undefined;
    const cell = kernel.births.create(
      to.slot,
      to.generation,
      behaviour ?? loading,
      payload.argument,
      from,
      payload.options,
      ack,
    );
    if (payload.isLinked && addLink(cell, from)) kernel.peers.relate(cell, from.thread, 1);
    if (monitorId !== 0) addWatcher(cell, from, monitorId);
    if (isProcess) kernel.loads.inProcess(cell, reference, payload.options);
    else if (behaviour === undefined) kernel.loads.here(cell, reference);
    else kernel.scheduler.schedule(cell);
    kernel.early.release(to.slot);
  }

  /** @param timeoutMs of an actor on another thread, whose thread may be held and unable to keep the time itself. */
  #await(parent: Cell, ref: Ref, how: "message" | ((result: StartResult) => void), timeoutMs?: number): void {
    const kernel = this.#kernel;
    extraOf(parent).hasStarts = true;
    const deadlineMs =
      timeoutMs === undefined ? Number.POSITIVE_INFINITY : kernel.readClock() + timeoutMs + heldGraceMs;
    kernel.starts.expect(parent, ref, how === "message" ? undefined : how, deadlineMs);
  }

  #newDedicated(): number {
    const kernel = this.#kernel;
    const base = kernel.memory.newRegion(slotsPerDedicated);
    const thread = base === undefined ? undefined : kernel.memory.newThread(-1, base, slotsPerDedicated, kernel.thread);
    if (thread === undefined)
      throw new RuntimeError("system_limit", "this system has started as many dedicated threads as it can");
    return thread;
  }

  /** The thread of an actor that is on its way there. */
  #startDedicated({ thread, slot, generation }: Ref, spawnable: Spawnable, heapMb: number | undefined): void {
    const kernel = this.#kernel;
    const start: DedicatedStart = { thread, slot, generation, behaviour: nameOf(spawnable), heapMb };
    if (kernel.thread === 0) kernel.host.startDedicated?.(start);
    else kernel.peers.push(0, FrameKind.startThread, { slot: 0, generation: 0 }, kernel.guest, 0, start);
  }
}

/** Of a reference or a frame, what says where the behaviour is. */
function moduleOf({ url, exportName, site }: BehaviourModule): BehaviourModule {
  return { url, ...(exportName !== undefined && { exportName }), ...(site !== undefined && { site }) };
}

/** What is refused, for people. */
function argumentOf(spawnable: Spawnable): string {
  return `spawn, argument of ${nameOf(spawnable)}`;
}

function nameOf(spawnable: Spawnable): string {
  return isBehaviour(spawnable) ? behaviourName(spawnable) : (spawnable.exportName ?? spawnable.url);
}

function assertSpawnable(value: Spawnable): void {
  const { kind, url } = ((value as unknown) ?? {}) as { readonly kind?: unknown; readonly url?: unknown };
  if (isBehaviour(value) || (kind === "behaviourRef" && typeof url === "string")) return;
  throw new RuntimeError(
    "bad_argument",
    `spawn wants a behaviour (defineActor, defineServer …), got ${describe(value)}`,
  );
}
