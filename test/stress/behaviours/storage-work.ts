/**
 * What a store is given to do while it, or its connection, is killed: each kind of write, alone and in transactions, from many
 * sides at once. What was answered is said, a line each, in words that `StorageLedger` holds against the store.
 */
import type { RuntimeError, StorageWrite, StoredEntry } from "../../../core/index.ts";

export const lanes = 16;
/** Whoever has the lease has it for so long, if it does not ask again. */
export const leaseMs = 20;
/** Of what is to expire, but not before the store is looked at. */
const expiringMs = 3_600_000;

export function idOf(number: number): string {
  return String(number).padStart(12, "0");
}

export interface Work {
  call(name: string, argument: unknown): Promise<unknown>;
  /** A number that was never used before. */
  next(): number;
  say(line: string): void;
  /** What would have been said failed so. It goes on; or throws what this throws. */
  failed(line: string, error: unknown): void;
  isOver(): boolean;
}

interface Write {
  readonly call: string;
  readonly argument: unknown;
  /** What is said of it where it is refused. */
  readonly line: string;
  /** What is said of its answer. Default: `line`. */
  said?(answer: unknown): string;
  /** What is said where somebody else was there before; empty: nothing. */
  readonly conflict?: string;
}

/** One thing after the other, until it is over. */
export async function runLane(lane: number, { call, next, say, failed, isOver }: Work): Promise<void> {
  const journal = `line ${lane}`;
  let seq = (await call("lastSeq", journal)) as number;
  let number = next();
  const steps: readonly (() => Write | Promise<Write>)[] = [
    () => {
      number = next();
      return { call: "put", argument: { key: `open ${idOf(number)}`, value: number }, line: `open ${number}` };
    },
    // Three at a time: a journal whose length is something else has one by halves.
    () => ({
      call: "append",
      argument: { journal, events: [number, number, number] },
      line: `line ${lane}`,
      said(answer) {
        ({ seq } = answer as { seq: number });
        return `line ${lane} ${seq}`;
      },
    }),
    () => {
      const own = number;
      number = next();
      return { call: "transact", argument: transaction(lane, own), line: `number ${own}` };
    },
    () => ({ call: "saveSnapshot", argument: { journal, seq, state: seq }, line: `snapshot ${lane} ${seq}` }),
    () => ({ call: "prune", argument: { journal, seq: Math.max(0, seq - 30) }, line: `prune ${lane} ${seq - 30}` }),
    async () => counting((await call("get", "count")) as StoredEntry | undefined, next()),
    () => expiring(next()),
    () => leasing(),
  ];
  // Each begins somewhere else, so that a life that was short has had every kind.
  for (let at = lane; !isOver(); at++) {
    let write: Write | undefined;
    try {
      write = await (steps[at % steps.length] as () => Write | Promise<Write>)();
      const answer = await call(write.call, write.argument);
      say(write.said?.(answer) ?? write.line);
    } catch (error) {
      const isConflict = (error as Partial<RuntimeError>).code === "version_conflict";
      if (!isConflict || write?.conflict === undefined) failed(write?.line ?? "a read", error);
      else if (write.conflict !== "") say(write.conflict);
    }
  }
}

/** One more than what was read, if nobody else was there before: each number is somebody's, once. */
function counting(read: StoredEntry | undefined, claim: number): Write {
  const count = ((read?.value as number | undefined) ?? 0) + 1;
  const argument: StorageWrite[] = [
    { type: "put", key: "count", value: count, ifVersion: read?.version ?? 0 },
    { type: "append", journal: "counts", events: [count] },
    { type: "put", key: `claim ${idOf(claim)}`, value: count },
  ];
  return {
    call: "transact",
    argument,
    line: `claim ${claim}`,
    said: (answer) => `count ${count} ${(answer as readonly { readonly version: number }[])[0]?.version} ${claim}`,
    conflict: `conflict ${claim}`,
  };
}

/** It is there until some moment, which is known to be between two. */
function expiring(number: number): Write {
  const fromMs = Date.now() + expiringMs;
  return {
    call: "put",
    argument: { key: `expiring ${idOf(number)}`, value: number, ttlMs: expiringMs },
    line: `expiring ${number}`,
    said: () => `expiring ${number} ${fromMs} ${Date.now() + expiringMs}`,
  };
}

/** Nobody else has it until it expires. */
function leasing(): Write {
  const askedMs = Date.now();
  return {
    call: "put",
    argument: { key: "lease", value: askedMs, ifVersion: 0, ttlMs: leaseMs },
    line: "lease",
    said: () => `lease ${askedMs} ${Date.now()}`,
    conflict: "",
  };
}

function transaction(lane: number, number: number): StorageWrite[] {
  return [
    { type: "delete", key: `open ${idOf(number)}` },
    { type: "put", key: `number ${idOf(number)}`, value: number },
    { type: "append", journal: "numbers", events: [number] },
    { type: "snapshot", journal: `lane ${lane}`, seq: number, state: number },
    { type: "putVector", collection: "lanes", id: `lane ${lane}`, vector: [number, lane] },
    { type: "put", key: `lane ${lane}`, value: number },
  ];
}
