/**
 * The registry of a system, on main: what its actor knows of the tables of names, groups and declarations, and what it has
 * put right there. Like the table of tasks it is there before the actor and after it.
 */
import type { Ref } from "../actor/ref.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { TableLook } from "../kernel/table-look.ts";
import { changedMessage, registryBehaviour, registryName, takenBackMessage } from "./registry-actor.ts";

export interface RegistryStats {
  /** Names, and entries of groups, declarations and the like, in main's tables. */
  readonly names: number;
  readonly entries: number;
  /** Wrong entries that were thrown out. */
  readonly discarded: number;
}

/** An entry that was thrown out, and why. */
export interface WrongEntry {
  readonly table: string;
  readonly key: string;
  readonly holder: unknown;
  readonly fault: string;
}

export class Registry {
  readonly #kernel: Kernel;
  /** Whether the actor was asked for. */
  #isStarted = false;
  #actor: Ref | undefined;
  /** Whether something has changed since the actor began its last look. */
  isChanged = false;
  /** The entry that the actor looks at right now: where it crashes at that, the next one throws it out. */
  looking: TableLook | undefined;
  discarded = 0;
  /** Thrown out, counted, and still to be told by the actor. */
  readonly #untold: WrongEntry[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Main's tables have changed. */
  changed(): void {
    if (this.isChanged) return;
    this.isChanged = true;
    const kernel = this.#kernel;
    if (!this.#isStarted) {
      this.#isStarted = true;
      const behaviour = registryBehaviour(this);
      kernel.host.startService?.({ name: registryName, behaviour, ended: () => {} });
    }
    // One that is not there looks when it begins.
    this.#say(changedMessage);
  }

  #say(message: string): void {
    const kernel = this.#kernel;
    const actor = this.#actor;
    if (actor !== undefined && kernel.cellOf(actor) !== undefined)
      void kernel.send(kernel.guest, actor, message, undefined);
  }

  /** Whether there was anything wrong so far. */
  get hasFound(): boolean {
    return this.discarded > 0;
  }

  /** An entry is thrown out. */
  found(entry: WrongEntry): void {
    this.discarded++;
    this.#untold.push(entry);
  }

  /** The same, by its holder's own thread. */
  takenBack(entry: WrongEntry): void {
    this.found(entry);
    this.#say(takenBackMessage);
  }

  /** What the actor has to tell now, once. */
  takeUntold(): WrongEntry[] {
    return this.#untold.splice(0);
  }

  /** An actor begins, which looks at everything anew. What its predecessor crashed over is returned. */
  adopt(actor: Ref): TableLook | undefined {
    this.#actor = actor;
    const { looking } = this;
    this.looking = undefined;
    return looking;
  }

  /** Every entry of main's tables, while they go on changing. */
  *looks(): Generator<TableLook> {
    yield* this.#kernel.names.looks();
    yield* this.#kernel.replica.looks();
  }

  stats(): RegistryStats {
    const { names, replica } = this.#kernel;
    return { names: names.size, entries: replica.size, discarded: this.discarded };
  }
}
