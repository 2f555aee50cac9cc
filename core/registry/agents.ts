/**
 * Actors that have declared what they are and can do, as every thread finds them: a read of its own copy (`replica.ts`),
 * and of a word in shared memory for each, in which its thread tells how much waits for it and in what state it is.
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
}

/** At least so long between two times that a busy thread tells the loads of its actors. */
const tellEveryMs = 5;
/** Where more declare something, the loads of those that were not served meanwhile are told as much more rarely. */
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
  /** Of those, who was served since loads were told last. */
  readonly #ran = new Set<Cell>();
  #toldMs = Number.NEGATIVE_INFINITY;
  #toldAllMs = Number.NEGATIVE_INFINITY;

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
    cell.flags |= Flag.agent;
    this.#tell(cell);
    extra.agentChange = this.#kernel.replica.put(Table.agents, key, cell, entry);
  }

  #entryOf(cell: Cell): AgentEntry | undefined {
    return this.#kernel.replica.valueOf(Table.agents, key, this.#kernel.refOf(cell)) as AgentEntry | undefined;
  }

  /** One that has declared something, or watches, has ended. */
  ended(cell: Cell): void {
    this.#own.delete(cell);
    this.#ran.delete(cell);
    for (const id of cell.extra?.agentWatches ?? []) this.#watches.delete(id);
  }

  /** Those that are free come first: able to take a message, with the least waiting; then the cheaper, then the faster. */
  find(query: AgentQuery): Agent[] {
    const found: { agent: Agent; by: Capability | true; standing: number }[] = [];
    for (const { holder, value } of this.#declared(query)) {
      const entry = value as AgentEntry;
      const by = meets(entry.declaration, query);
      if (by === undefined) continue;
      // Who has ended goes from this thread's copy at once: no watch that begins now is told of it.
      if (!this.#kernel.replica.isHeldBy(holder)) continue;
      const word = this.#wordOf(holder);
      const agent = { ref: holder, ...entry, state: stateIn(word), load: word & loadMax };
      if (query.state === undefined || agent.state === query.state)
        found.push({ agent, by, standing: standingIn(word) });
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
    return this.#kernel.memory.loadOf(ref.thread, ref.slot);
  }

  /** State and load as one number, the better the less: the first two things by which `find` orders. */
  standingOf(ref: Ref): number {
    return standingIn(this.#wordOf(ref));
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

  /** The actor gets the thread: what waits for it is told at the end of the drain. */
  ran(cell: Cell): void {
    this.#ran.add(cell);
  }

  /** The end of a drain, or rest: tells what waits for the actors of this thread. */
  tellLoads(nowMs: number, isAtRest: boolean): void {
    if (this.#own.size === 0 || (!isAtRest && nowMs - this.#toldMs < tellEveryMs)) return;
    this.#toldMs = nowMs;
    const isTimeForAll = nowMs - this.#toldAllMs >= tellEveryMs * Math.floor(this.#own.size / tellStep);
    if (isTimeForAll) this.#toldAllMs = nowMs;
    for (const cell of isTimeForAll ? this.#own : this.#ran) this.#tell(cell);
    this.#ran.clear();
  }

  #tell(cell: Cell): void {
    const { memory, scheduler, thread } = this.#kernel;
    const isInTurn = scheduler.current === cell;
    const isBusy = isInTurn || (cell.flags & Flag.open) !== 0;
    const held = (cell.mailbox?.size ?? 0) + (cell.extra?.heldMail?.size ?? 0);
    const waiting = held + (isBusy ? 1 : 0);
    const isCrowded = (cell.flags & Flag.bounded) !== 0 && held > (cell.extra?.capacity || mailboxCapacityDefault) / 2;
    const state = lifecycleStates.indexOf(lifecycleStateOf(cell, isInTurn));
    memory.setLoad(thread, cell.slot, (isCrowded ? crowdedBit : 0) | (state << loadBits) | Math.min(waiting, loadMax));
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

function standingIn(word: number): number {
  return rankIn(word) * rankStep + (word & loadMax);
}

/** 0: it can take a message. 1: it starts, or will soon refuse what comes. 2: it is paused or stops. */
function rankIn(word: number): number {
  const state = stateIn(word);
  if (state === "ready" || state === "running") return (word & crowdedBit) === 0 ? 0 : 1;
  return state === "created" || state === "initializing" ? 1 : 2;
}

function costOf(by: Capability | true): number {
  return by === true ? 0 : (by.cost ?? 0);
}

function latencyOf(by: Capability | true): number {
  return by === true ? 0 : (by.latencyMs ?? 0);
}
