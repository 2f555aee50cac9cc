/** On main: a pool of agents for each capability that tasks were for, for as long as anybody declares it. */
import { type Ref, refKey } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { Table } from "../kernel/replica.ts";
import { isUnable } from "../registry/agents.ts";
import type { Declaration } from "../registry/declaration.ts";
import { AgentPool, type PoolSources } from "./agent-pool.ts";
import { recipientKey } from "./task-request.ts";

const none: readonly AgentPool[] = [];

export class AgentPools {
  readonly #kernel: Kernel;
  readonly #sources: PoolSources;
  readonly #byCapability = new Map<string, AgentPool>();
  /** By their ref keys: in which pools agents are. */
  readonly #byAgent = new Map<string, AgentPool[]>();

  /** @param inHand how many tasks an actor has in hand, by its ref key */
  constructor(kernel: Kernel, inHand: (key: string) => number) {
    this.#kernel = kernel;
    this.#sources = {
      isAlive: (ref) => kernel.isAlive(ref),
      standingOf: (ref) => kernel.agents.standingOf(ref),
      isUnable,
      limitOf: (ref) => kernel.replica.valueOf(Table.concurrency, "", ref) as number | undefined, // as births.ts puts it
      inHand,
    };
  }

  /** Those that declare it; undefined: nobody does. */
  of(capability: string): AgentPool | undefined {
    const known = this.#byCapability.get(capability);
    if (known !== undefined) return known;
    const { agents } = this.#kernel;
    const found = agents.find({ capability });
    if (found.length === 0) return undefined;
    const pool = new AgentPool(recipientKey({ capability }), this.#sources, this.#kernel.readClock());
    this.#byCapability.set(capability, pool);
    for (const { ref, declaration } of found) this.#put(pool, ref, declaration, capability);
    return pool;
  }

  /** An actor declares something; undefined: it is gone. */
  declared(ref: Ref, now: Declaration | undefined, former: Declaration | undefined): void {
    if (this.#byCapability.size === 0) return;
    if (former !== undefined) this.#remove(ref, former);
    for (const { name } of now?.capabilities ?? []) {
      const pool = this.#byCapability.get(name);
      if (pool !== undefined) this.#put(pool, ref, now as Declaration, name);
    }
  }

  /** How many tasks an actor has in hand now. */
  has(key: string, inHand: number): void {
    for (const pool of this.with(key)) pool.has(key, inHand);
  }

  /** Those that an actor is in. */
  with(key: string): readonly AgentPool[] {
    return this.#byAgent.get(key) ?? none;
  }

  /** All are made anew. */
  clear(): void {
    this.#byCapability.clear();
    this.#byAgent.clear();
  }

  /** A capability that is declared twice counts as it stands first, as with `find`. */
  #put(pool: AgentPool, ref: Ref, { capabilities = [] }: Declaration, name: string): void {
    const capability = capabilities.find((one) => one.name === name);
    if (capability === undefined) return;
    pool.put(ref, capability);
    const key = refKey(ref);
    const pools = this.#byAgent.get(key);
    if (pools === undefined) this.#byAgent.set(key, [pool]);
    else if (!pools.includes(pool)) pools.push(pool);
  }

  #remove(ref: Ref, { capabilities = [] }: Declaration): void {
    const key = refKey(ref);
    if (!this.#byAgent.delete(key)) return;
    for (const { name } of capabilities) {
      const pool = this.#byCapability.get(name);
      pool?.remove(key);
      if (pool?.size === 0) this.#byCapability.delete(name);
    }
  }
}
