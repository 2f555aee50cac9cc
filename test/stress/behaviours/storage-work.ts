/**
 * What a store is given to do while it, or its connection, is killed: each kind of write, alone and in transactions, from many
 * sides at once. What was answered is said, a line each, in words that `StorageLedger` holds against the store.
 */
import type { StorageWrite } from "../../../core/index.ts";

export const lanes = 16;

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
  /** What is said of it, before its answer is known. */
  readonly line: string;
}

/** One thing after the other, until it is over. */
export async function runLane(lane: number, { call, next, say, failed, isOver }: Work): Promise<void> {
  const journal = `line ${lane}`;
  let seq = (await call("lastSeq", journal)) as number;
  let number = next();
  const steps: readonly (() => Write)[] = [
    () => {
      number = next();
      return { call: "put", argument: { key: `open ${idOf(number)}`, value: number }, line: `open ${number}` };
    },
    // Three at a time: a journal whose length is something else has one by halves.
    () => ({ call: "append", argument: { journal, events: [number, number, number] }, line: `line ${lane}` }),
    () => ({ call: "transact", argument: transaction(lane, number), line: `number ${number}` }),
    () => ({ call: "saveSnapshot", argument: { journal, seq, state: seq }, line: `snapshot ${lane} ${seq}` }),
    () => ({ call: "prune", argument: { journal, seq: Math.max(0, seq - 30) }, line: `prune ${lane} ${seq - 30}` }),
  ];
  // Each begins somewhere else, so that a life that was short has had every kind.
  for (let at = lane; !isOver(); at++) {
    const step = steps[at % steps.length] as () => Write;
    const write = step();
    try {
      const answer = await call(write.call, write.argument);
      if (write.call === "append") ({ seq } = answer as { seq: number });
      say(write.call === "append" ? `${write.line} ${seq}` : write.line);
    } catch (error) {
      failed(write.line, error);
    }
    if (write.call === "transact") number = next();
  }
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
