/**
 * Actors that have declared what they are and can do, as every thread finds them: a read of its own copy (`replica.ts`),
 * and of a few words in shared memory for each, in which its thread tells how it stands with it.
 */

import { mailboxCapacityDefault } from "../actor/behaviour.ts";
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { AgentMessage } from "../actor/context.ts";
import { type LifecycleState, lifecycleStateOf, lifecycleStates } from "../actor/lifecycle-state.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { type Ref, refKey } from "../actor/ref.ts";
import { describe } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { ValueBytes } from "../thread/value-bytes.ts";
import { type AgentQuery, meets } from "./agent-query.ts";
import { type Configuration, isData } from "./configuration.ts";
import { type Capability, type Declaration, declarationFault } from "./declaration.ts";

/** One that was found. */
export interface Agent {
  readonly ref: Ref;
  readonly declaration: Declaration;
  /** The configuration that it has now; undefined: its behaviour declares none. */
  readonly configuration: Configuration<unknown> | undefined;
  readonly state: LifecycleState;
  /** Messages that wait for it, and the one in its hands, as its thread has told last. */
  readonly load: number;
  /** Why it is found behind others that have more to do. */
  readonly trouble: AgentTrouble | undefined;
}

/**
 * `held`: one turn, its own or another actor's, has held its thread for 500 ms. `slow`: an asynchronous turn of its has been under
 * way for 5 s, as long as who calls waits by default. `restarted`: its supervisor has put it in the place of one that failed, less
 * than 10 s ago. `crowded`: its mailbox is more than half full of the bound that it has. Of several the first in this order.
 */
export type AgentTrouble = "held" | "slow" | "restarted" | "crowded";

const heldMsMin = 500;
const slowMsMin = 5_000;
const restartMsMax = 10_000;

/** At least so long between two times that a busy thread tells the loads of its actors. */
const tellEveryMs = 5;
/** Of all, whether anything has happened with them or not, as much more rarely where more declare something. */
const tellStep = 1_000;
const loadBits = 24;
const loadMax = 2 ** loadBits - 1;
const rankStep = 2 ** loadBits;
/** Beside the state: the mailbox is more than half full, of those that have a bound of their own. */
const crowdedBit = 2 ** 30;
const stateMask = 2 ** (30 - loadBits) - 1;
/** All entries of the table stand under it: they are found by what they are. */
const key = "";

/** What the copies hold of one actor. */
interface AgentEntry {
  readonly declaration: Declaration;
  readonly configuration: Configuration<unknown> | undefined;
}

interface Declared {
  readonly holder: Ref;
  readonly value: unknown;
}

interface Watch {
  readonly cell: Cell;
  readonly query: AgentQuery;
}

export class Agents {
  readonly #kernel: Kernel;
  /** Of this thread. */
  readonly #own = new Set<Cell>();
  /** By the name of a capability and their ref keys: those that have declared it. */
  readonly #able = new Map<string, Map<string, Declared>>();
  readonly #watches = new Map<number, Watch>();
  #nextWatch = 1;
  /** Of those, with whom something has happened since they were told of last: mail, a turn, a pause. */
  readonly #touched = new Set<Cell>();
  #toldMs = Number.NEGATIVE_INFINITY;
  #toldAllMs = Number.NEGATIVE_INFINITY;
  /** When all are to be told of, also by a thread that is at rest until then. */
  #allDueMs = Number.POSITIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.replica.checkedBy(Table.agents, (_key, value) => entryFault(value));
    kernel.replica.onChange(Table.agents, (_key, changes) => {
      for (const { holder, value, former } of changes)
        this.#changed(holder, value as AgentEntry | undefined, former as AgentEntry | undefined);
    });
  }

  /** What the actor had declared before is gone. */
  declare(cell: Cell, declaration: Declaration): void {
    const copy = this.#copyOf(declaration, "declare");
    this.#put(cell, { declaration: copy, configuration: this.#entryOf(cell)?.configuration });
  }

  /** The actor has this configuration now. What others see of it is returned. */
  configured(cell: Cell, configuration: Configuration<unknown>): Configuration<unknown> {
    const copy = this.#copyOf(configuration, "configuration");
    this.#put(cell, { declaration: this.#entryOf(cell)?.declaration ?? {}, configuration: copy });
    return copy;
  }

  /** What an actor does to its own is not seen by others of its thread alone. */
  #copyOf<T>(value: T, verb: string): T {
    const bytes = new ValueBytes(this.#kernel.refWire);
    return bytes.decode(bytes.encode(value, verb)) as T; // as it was encoded
  }

  #put(cell: Cell, entry: AgentEntry): void {
    this.#own.add(cell);
    const extra = extraOf(cell);
    extra.isAgent = true;
    this.#tell(cell);
    // The turn that it declares in began before it was an agent, and is what has just been told.
    this.touched(cell);
    extra.agentChange = this.#kernel.replica.put(Table.agents, key, cell, entry);
  }

  #entryOf(cell: Cell): AgentEntry | undefined {
    return this.#kernel.replica.valueOf(Table.agents, key, this.#kernel.refOf(cell)) as AgentEntry | undefined;
  }

  /** One that has declared something, or watches, has ended. */
  ended(cell: Cell): void {
    this.#own.delete(cell);
    this.#touched.delete(cell);
    for (const id of cell.extra?.agentWatches ?? []) this.#watches.delete(id);
  }

  /** What an actor declares; undefined: nothing. */
  declarationOf(ref: Ref): Declaration | undefined {
    return (this.#kernel.replica.valueOf(Table.agents, key, ref) as AgentEntry | undefined)?.declaration;
  }

  /** Those that are free come first: able to take a message, with the least waiting; then the cheaper, then the faster. */
  find(query: AgentQuery): Agent[] {
    const found: { agent: Agent; by: Capability | true; standing: number }[] = [];
    const nowMs = this.#kernel.readClock();
    for (const { holder, value } of this.#declared(query)) {
      const { declaration, configuration } = value as AgentEntry;
      const by = meets(declaration, query);
      if (by === undefined) continue;
      // Who has ended goes from this thread's copy at once: no watch that begins now is told of it.
      if (!this.#kernel.replica.isHeldBy(holder)) continue;
      const word = this.#wordOf(holder);
      const trouble = this.#troubleOf(holder, word, nowMs);
      const state = stateIn(word);
      if (query.state !== undefined && state !== query.state) continue;
      const agent = { ref: holder, declaration, configuration, state, load: word & loadMax, trouble };
      found.push({ agent, by, standing: standingIn(word, trouble) });
    }
    found.sort((a, b) => a.standing - b.standing || costOf(a.by) - costOf(b.by) || latencyOf(a.by) - latencyOf(b.by));
    return found.map(({ agent }) => agent);
  }

  /** Whoever may meet the query. */
  #declared({ capability }: AgentQuery): Iterable<Declared> {
    return capability === undefined
      ? this.#kernel.replica.entries(Table.agents, key)
      : (this.#able.get(capability)?.values() ?? []);
  }

  #wordOf(ref: Ref): number {
    const cell = this.#kernel.cellOf(ref);
    // Of its own thread the truth.
    if (cell !== undefined) this.#tell(cell);
    return this.#kernel.memory.agentLoad(ref.thread, ref.slot);
  }

  /** Of an actor of this thread its thread's turn is no trouble: who looks is in it. */
  #troubleOf({ thread, slot }: Ref, word: number, nowMs: number): AgentTrouble | undefined {
    const { memory, thread: here } = this.#kernel;
    if (thread !== here && memory.heldMs(thread, nowMs) >= heldMsMin) return "held";
    if ((memory.agentTurnAgeMs(thread, slot, nowMs) ?? 0) >= slowMsMin) return "slow";
    const restartMs = memory.agentRestartAgeMs(thread, slot, nowMs);
    if (restartMs !== undefined && restartMs >= 0 && restartMs < restartMsMax) return "restarted";
    return (word & crowdedBit) === 0 ? undefined : "crowded";
  }

  /** State, trouble and load as one number, the better the less: the first things by which `find` orders. */
  standingOf(ref: Ref): number {
    const word = this.#wordOf(ref);
    return standingIn(word, this.#troubleOf(ref, word, this.#kernel.readClock()));
  }

  #index(ref: Ref, now: AgentEntry | undefined, former: AgentEntry | undefined): void {
    const who = refKey(ref);
    for (const { name } of former?.declaration.capabilities ?? []) {
      const able = this.#able.get(name);
      if (able?.delete(who) === true && able.size === 0) this.#able.delete(name);
    }
    for (const { name } of now?.declaration.capabilities ?? []) {
      const able = this.#able.get(name);
      const declared = { holder: ref, value: now };
      if (able === undefined) this.#able.set(name, new Map([[who, declared]]));
      else able.set(who, declared);
    }
  }

  /** How it stands with the actor is told at the end of a drain; until then nothing need be noted of it again. */
  touched(cell: Cell): void {
    this.#touched.add(cell);
    cell.flags &= ~Flag.agent;
  }

  /** The end of a drain, or rest: tells how it stands with the actors of this thread. */
  tellLoads(nowMs: number, isAtRest: boolean): void {
    if (this.#own.size === 0 || (!isAtRest && nowMs - this.#toldMs < tellEveryMs)) return;
    this.#toldMs = nowMs;
    const allDueMs = this.#toldAllMs + tellEveryMs * Math.ceil(this.#own.size / tellStep);
    const isTimeForAll = nowMs >= allDueMs;
    if (isTimeForAll) this.#toldAllMs = nowMs;
    for (const cell of isTimeForAll ? this.#own : this.#touched) this.#tell(cell);
    for (const cell of this.#touched) cell.flags |= Flag.agent;
    this.#touched.clear();
    if (isTimeForAll) this.#allDueMs = Number.POSITIVE_INFINITY;
    else if (isAtRest && this.#allDueMs === Number.POSITIVE_INFINITY) {
      // Whatever has changed with others by then is not told yet, and there may be no drain after this one.
      this.#allDueMs = allDueMs;
      this.#kernel.timers.sweepBy(allDueMs);
    }
  }

  /** The drain that this is called in may be to tell of all, at its end. When to look again. */
  expire(nowMs: number): number {
    if (this.#allDueMs <= nowMs) this.#allDueMs = Number.POSITIVE_INFINITY;
    return this.#allDueMs;
  }

  #tell(cell: Cell): void {
    const { memory, scheduler, thread } = this.#kernel;
    const isInTurn = scheduler.current === cell;
    const isBusy = isInTurn || (cell.flags & Flag.open) !== 0;
    const held = (cell.mailbox?.size ?? 0) + (cell.extra?.heldMail?.size ?? 0);
    const waiting = held + (isBusy ? 1 : 0);
    const isCrowded = (cell.flags & Flag.bounded) !== 0 && held > (cell.extra?.capacity || mailboxCapacityDefault) / 2;
    const state = lifecycleStates.indexOf(lifecycleStateOf(cell, isInTurn));
    const load = (isCrowded ? crowdedBit : 0) | (state << loadBits) | Math.min(waiting, loadMax);
    const turnBeganMs = (cell.flags & Flag.open) === 0 ? undefined : cell.extra?.turnBeganMs;
    memory.tellAgent(thread, cell.slot, load, cell.extra?.restartedMs, turnBeganMs);
  }

  /** From now on the actor gets a message when one that meets the query appears, declares something else, or goes. */
  watch(cell: Cell, query: AgentQuery): { id: number; agents: Agent[] } {
    const agents = this.find(query);
    const id = this.#nextWatch++;
    this.#watches.set(id, { cell, query });
    const extra = extraOf(cell);
    extra.agentWatches ??= new Set();
    extra.agentWatches.add(id);
    return { id, agents };
  }

  unwatch(cell: Cell, id: number): boolean {
    if (cell.extra?.agentWatches?.delete(id) !== true) return false;
    this.#watches.delete(id);
    this.#kernel.delivery.withdraw(
      cell,
      (meta) => meta instanceof Meta && meta.kind === MetaKind.agent && meta.id === id,
    );
    return true;
  }

  #changed(ref: Ref, now: AgentEntry | undefined, former: AgentEntry | undefined): void {
    // All of this thread read it, also without `checks`: what one does to it would be there for the others.
    freezeMessage(now);
    this.#index(ref, now, former);
    this.#kernel.work?.declared(ref, now?.declaration, former?.declaration);
    for (const [id, { cell, query }] of this.#watches) {
      const isMet = now !== undefined && meets(now.declaration, query) !== undefined;
      const wasMet = former !== undefined && meets(former.declaration, query) !== undefined;
      if (!isMet && !wasMet) continue;
      const change = !wasMet ? "appeared" : isMet ? "changed" : "gone";
      const { declaration, configuration } = isMet ? now : { declaration: undefined, configuration: undefined };
      const message: AgentMessage = { type: "agent", watch: id, change, ref, declaration, configuration };
      this.#kernel.delivery.deliverSystem(cell, new Meta(MetaKind.agent, "", id, ref), message);
    }
  }
}

function stateIn(word: number): LifecycleState {
  return lifecycleStates[(word >>> loadBits) & stateMask] ?? "created";
}

/** Paused, or about to end: no good choice, however little waits for it. */
export function isUnable(standing: number): boolean {
  return standing >= 2 * rankStep;
}

function entryFault(value: unknown): string | undefined {
  if (!isData(value)) return `it says ${describe(value)}`;
  const { declaration, configuration } = value as { readonly [K in keyof AgentEntry]?: unknown };
  if (configuration !== undefined && !(isData(configuration) && "value" in configuration))
    return `its configuration is ${describe(configuration)}`;
  return declarationFault(declaration);
}

function standingIn(word: number, trouble: AgentTrouble | undefined): number {
  return rankIn(word, trouble) * rankStep + (word & loadMax);
}

/** 0: it can take a message. 1: it starts, or is in some trouble. 2: it is paused or stops. */
function rankIn(word: number, trouble: AgentTrouble | undefined): number {
  const state = stateIn(word);
  if (state === "ready" || state === "running") return trouble === undefined ? 0 : 1;
  return state === "created" || state === "initializing" ? 1 : 2;
}

function costOf(by: Capability | true): number {
  return by === true ? 0 : (by.cost ?? 0);
}

function latencyOf(by: Capability | true): number {
  return by === true ? 0 : (by.latencyMs ?? 0);
}
