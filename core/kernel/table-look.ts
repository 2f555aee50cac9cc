/** A look at one entry of main's tables: what is wrong with it, and how that is put right. */
import { isRef, type Ref } from "../actor/ref.ts";
import { describe } from "../errors.ts";
import type { SystemMemory } from "./system-memory.ts";

export interface TableLook {
  readonly table: string;
  readonly key: string;
  readonly holder: unknown;
  /** What is wrong; undefined: nothing. An entry that was removed since the look was made is not wrong. */
  fault(): string | undefined;
  /** Puts right what stands beside it, where that alone is wrong. False: it is wrong itself. */
  mend?(): boolean;
  /** Throws it out, on every thread; whatever it holds, it is gone from here before anything of it is looked at. */
  throwOut(): void;
}

/** The fault of an entry that is right until the word that its holder has ended is there, which may be on its way. */
export const endedFault = "its holder has ended";

/** Why an entry of this holder does not hold; undefined: it lives. */
export function holderFault(memory: SystemMemory, holder: unknown): string | undefined {
  if (!isRef(holder)) return `its holder is no ref but ${describe(holder)}`;
  const { thread, slot, generation } = holder as Ref;
  if (!Number.isInteger(thread) || thread < 0 || thread >= memory.threadCount) return `its thread ${thread} never was`;
  if (!memory.isThreadUp(thread)) return `its thread ${thread} is lost`;
  if (!Number.isInteger(slot) || slot < 0 || slot >= memory.slotsOf(thread)) return "its holder never was";
  const now = memory.generation(thread, slot);
  if (now === generation) return undefined;
  return now > generation ? endedFault : "its holder never was";
}
