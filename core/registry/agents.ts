/**
 * Actors that have declared what they are and can do, as every thread finds them: a read of its own copy (`replica.ts`),
 * and of a word in shared memory for each, in which its thread tells how much waits for it and in what state it is.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { AgentMessage } from "../actor/context.ts";
import { type LifecycleState, lifecycleStateOf, lifecycleStates } from "../actor/lifecycle-state.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import type { Ref } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { type AgentQuery, meets } from "./agent-query.ts";
import { type Capability, type Declaration, declarationFault } from "./declaration.ts";

/** One that was found. */
export interface Agent {
  readonly ref: Ref;
  readonly declaration: Declaration;
  readonly state: LifecycleState;
  /** Messages that wait for it, and the one in its hands, as its thread has told last. */
  readonly load: number;
}

/** At least so long between two times that a busy thread tells the loads of its actors. */
const tellEveryMs = 5;
const loadBits = 24;
const loadMax = 2 ** loadBits - 1;
/** All entries of the table stand under it: they are found by what they are. */
const key = "";

interface Watch {
  readonly cell: Cell;
  readonly query: AgentQuery;
}

export class Agents {
  readonly #kernel: Kernel;
  /** Of this thread. */
  readonly #own = new Set<Cell>();
  readonly #watches = new Map<number, Watch>();
  #nextWatch = 1;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    kernel.replica.checkedBy(Table.agents, (_key, value) => declarationFault(value));
    kernel.replica.onChange(Table.agents, (_key, changes) => {
      for (const { holder, value, former } of changes)
        this.#changed(holder, value as Declaration | undefined, former as Declaration | undefined);
    });
  }

  /** What the actor had declared before is gone. */
  declare(cell: Cell, declaration: Declaration): void {
    this.#own.add(cell);
    extraOf(cell).isAgent = true;
    this.#tell(cell);
    this.#kernel.replica.put(Table.agents, key, cell, declaration);
  }

  /** One that has declared something, or watches, has ended. */
  ended(cell: Cell): void {
    this.#own.delete(cell);
    for (const id of cell.extra?.agentWatches ?? []) this.#watches.delete(id);
  }

  /** Those that are free come first: able to take a message, with the least waiting; then the cheaper, then the faster. */
  find(query: AgentQuery): Agent[] {
    const found: { agent: Agent; by: Capability | true }[] = [];
    for (const { holder, value } of this.#kernel.replica.entries(Table.agents, key)) {
      const declaration = value as Declaration;
      const by = meets(declaration, query);
      if (by === undefined) continue;
      const agent = this.#agentOf(holder, declaration);
      if (query.state === undefined || agent.state === query.state) found.push({ agent, by });
    }
    found.sort((a, b) => order(a.agent, b.agent) || costOf(a.by) - costOf(b.by) || latencyOf(a.by) - latencyOf(b.by));
    return found.map(({ agent }) => agent);
  }

  #agentOf(ref: Ref, declaration: Declaration): Agent {
    const cell = this.#kernel.cellOf(ref);
    // Of its own thread the truth.
    if (cell !== undefined) this.#tell(cell);
    const word = this.#kernel.memory.loadOf(ref.thread, ref.slot);
    const state = lifecycleStates[word >>> loadBits] ?? "created";
    return { ref, declaration, state, load: word & loadMax };
  }

  /** The end of a drain, or rest: tells what waits for the actors of this thread. */
  tellLoads(nowMs: number, isAtRest: boolean): void {
    if (this.#own.size === 0 || (!isAtRest && nowMs - this.#toldMs < tellEveryMs)) return;
    this.#toldMs = nowMs;
    for (const cell of this.#own) this.#tell(cell);
  }

  #tell(cell: Cell): void {
    const { memory, scheduler, thread } = this.#kernel;
    const isInTurn = scheduler.current === cell;
    const isBusy = isInTurn || (cell.flags & Flag.open) !== 0;
    const waiting = (cell.mailbox?.size ?? 0) + (cell.extra?.heldMail?.size ?? 0) + (isBusy ? 1 : 0);
    const state = lifecycleStates.indexOf(lifecycleStateOf(cell, isInTurn));
    memory.setLoad(thread, cell.slot, (state << loadBits) | Math.min(waiting, loadMax));
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

  #changed(ref: Ref, now: Declaration | undefined, former: Declaration | undefined): void {
    if (now !== undefined) this.#kernel.work?.declared(now);
    for (const [id, { cell, query }] of this.#watches) {
      const isMet = now !== undefined && meets(now, query) !== undefined;
      const wasMet = former !== undefined && meets(former, query) !== undefined;
      if (!isMet && !wasMet) continue;
      const change = !wasMet ? "appeared" : isMet ? "changed" : "gone";
      const declaration = isMet ? now : undefined;
      const message: AgentMessage = { type: "agent", watch: id, change, ref, declaration };
      this.#kernel.delivery.deliverSystem(cell, new Meta(MetaKind.agent, "", id, ref), message);
    }
  }
}

/** Who is paused or about to end is no good choice, however little waits for it. */
function order(a: Agent, b: Agent): number {
  return rankOf(a.state) - rankOf(b.state) || a.load - b.load;
}

function rankOf(state: LifecycleState): number {
  if (state === "ready" || state === "running") return 0;
  return state === "created" || state === "initializing" ? 1 : 2;
}

function costOf(by: Capability | true): number {
  return by === true ? 0 : (by.cost ?? 0);
}

function latencyOf(by: Capability | true): number {
  return by === true ? 0 : (by.latencyMs ?? 0);
}
