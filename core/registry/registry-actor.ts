/**
 * `system.registry`: looks over main's tables of names, groups and declarations, and throws out what is wrong there.
 *
 * It looks when it begins, and again some time after something has changed or was in doubt, in slices with a pause behind each,
 * so that main has its other work meanwhile. Between two steps the tables are right as far as it has come: who comes after it begins anew.
 */
import type { Behaviour } from "../actor/behaviour.ts";
import type { Context } from "../actor/context.ts";
import { isRef, refKey } from "../actor/ref.ts";
import { serviceBehaviour } from "../kernel/service.ts";
import { endedFault, type TableLook } from "../kernel/table-look.ts";
import type { Registry } from "./registry.ts";

/** Its name, and that of its behaviour. */
export const registryName = "system.registry";
/** From a change to the look at it. */
const lookAfterMs = 10_000;
/** Entries that it looks at in one turn, and how long it then leaves main to others: a look is in no hurry. */
const entriesPerTurn = 250;
const betweenTurnsMs = 10;
/** What it is told by: something in the tables has changed since it began to look at them. */
export const changedMessage = "changed";
/** The same: there is something to tell of. */
export const takenBackMessage = "takenBack";
/** Its own messages: it is time to look, and the next slice. */
const dueMessage = "due";
const onMessage = "on";

class RegistryActor {
  readonly #registry: Registry;
  readonly #ctx: Context;
  /** What is left of the look that is under way. */
  #left: Iterator<TableLook> | undefined;
  #isDue = false;
  /** Entries whose holders had ended at the look before, and at this one. */
  #endedBefore: ReadonlySet<string> = new Set();
  #ended = new Set<string>();

  constructor(registry: Registry, ctx: Context) {
    this.#registry = registry;
    this.#ctx = ctx;
  }

  begin(): void {
    const crashedOver = this.#registry.adopt(this.#ctx.self);
    if (crashedOver !== undefined) {
      const { table, key } = crashedOver;
      this.#registry.found({ table, key, holder: undefined, fault: "the registry crashed over it" });
      crashedOver.throwOut();
    }
    this.#look();
    this.#tell();
  }

  receive(message: unknown): void {
    if (message === changedMessage) this.#awaitLook();
    else if (message === dueMessage) {
      this.#isDue = false;
      this.#look();
    } else if (message === onMessage) this.#goOn();
    this.#tell();
  }

  #awaitLook(): void {
    if (this.#isDue || this.#left !== undefined) return;
    this.#isDue = true;
    this.#ctx.sendAfter(lookAfterMs, dueMessage);
  }

  #look(): void {
    this.#registry.isChanged = false;
    this.#endedBefore = this.#ended;
    this.#ended = new Set();
    this.#left = this.#registry.looks();
    this.#goOn();
  }

  #goOn(): void {
    const registry = this.#registry;
    for (let n = 0; n < entriesPerTurn; n++) {
      const next = this.#left?.next();
      if (next === undefined || next.done === true) {
        this.#left = undefined;
        if (registry.isChanged || this.#ended.size > 0) this.#awaitLook();
        return;
      }
      registry.looking = next.value;
      const fault = next.value.fault();
      if (fault !== undefined && !this.#mayBeToldOf(next.value, fault)) this.#putRight(next.value, fault);
      registry.looking = undefined;
    }
    this.#ctx.sendAfter(betweenTurnsMs, onMessage);
  }

  /** The word that its holder has ended may be on its way, unless it was so 10 s ago. */
  #mayBeToldOf({ table, key, holder }: TableLook, fault: string): boolean {
    if (fault !== endedFault || !isRef(holder)) return false;
    const entry = `${table} ${refKey(holder)} ${key}`;
    if (this.#endedBefore.has(entry)) return false;
    this.#ended.add(entry);
    return true;
  }

  #putRight(look: TableLook, fault: string): void {
    const { table, key, holder } = look;
    this.#registry.found({ table, key, holder, fault });
    if (look.mend?.() !== true) look.throwOut();
  }

  #tell(): void {
    for (const { table, key, holder, fault } of this.#registry.takeUntold())
      this.#ctx.log("error", "a wrong entry was thrown out", {
        table,
        key,
        ...(isRef(holder) && { holder: holder.toJSON() }),
        fault,
      });
  }
}

/** On main, where the tables are. */
export function registryBehaviour(registry: Registry): Behaviour<undefined> {
  return serviceBehaviour(registryName, import.meta.url, {
    init: (_argument, ctx) => {
      const actor = new RegistryActor(registry, ctx);
      actor.begin();
      return actor;
    },
    receive: (state, message) => (state as RegistryActor).receive(message), // what init returned
    format: () => registry.stats(),
  });
}
