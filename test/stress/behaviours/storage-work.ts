/**
 * What a store is given to do while it, or its connection, is killed: each kind of write, alone and in transactions, from many
 * sides at once. What was answered is said, a line each, in words that `StorageLedger` holds against the store.
 */
export const lanes = 16;

export function idOf(number: number): string {
  return String(number).padStart(12, "0");
}

export interface Work {
  call(name: string, argument: unknown): Promise<unknown>;
  /** By a number that was never used before. */
  next(): number;
  say(line: string): void;
  /** A failure after which it goes on. Else it ends with that. */
  isBorne(error: unknown): boolean;
  isOver(): boolean;
}

/** One thing after the other, until it is over. */
export async function runLane(lane: number, { call, next, say, isBorne, isOver }: Work): Promise<void> {
  const line = `line ${lane}`;
  let seq = (await call("lastSeq", line)) as number;
  let number = next();
  const steps = [
    async () => {
      number = next();
      await call("put", { key: `open ${idOf(number)}`, value: number });
      say(`open ${number}`);
    },
    async () => {
      // Three at a time: a journal whose length is something else has one by halves.
      ({ seq } = (await call("append", { journal: line, events: [number, number, number] })) as { seq: number });
      say(`line ${lane} ${seq}`);
    },
    async () => {
      await call("transact", [
        { type: "delete", key: `open ${idOf(number)}` },
        { type: "put", key: `number ${idOf(number)}`, value: number },
        { type: "append", journal: "numbers", events: [number] },
        { type: "snapshot", journal: `lane ${lane}`, seq: number, state: number },
        { type: "put", key: `lane ${lane}`, value: number },
      ]);
      say(`number ${number}`);
      number = next();
    },
    async () => {
      await call("saveSnapshot", { journal: line, seq, state: seq });
      say(`snapshot ${lane} ${seq}`);
    },
    async () => {
      if (seq < 30) return;
      await call("prune", { journal: line, seq: seq - 30 });
      say(`prune ${lane} ${seq - 30}`);
    },
  ];
  // Each begins somewhere else, so that a life that was short has had every kind.
  for (let at = lane; !isOver(); at++) {
    try {
      await (steps[at % steps.length] as () => Promise<void>)();
    } catch (error) {
      if (isOver()) return;
      if (!isBorne(error)) throw error;
      seq = await lastSeqOf(line, { call, isBorne, isOver });
      number = next();
    }
  }
}

async function lastSeqOf(line: string, { call, isBorne, isOver }: Pick<Work, "call" | "isBorne" | "isOver">) {
  for (;;) {
    try {
      return (await call("lastSeq", line)) as number;
    } catch (error) {
      if (isOver() || !isBorne(error)) throw error;
    }
  }
}
