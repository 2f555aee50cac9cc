/** What a store has said that it keeps, and whether it does, and nothing by halves. */
import { bytesOfValue, valueOfBytes } from "../../core/contracts/stored-value.ts";
import { vectorOfBytes } from "../../core/contracts/stored-vector.ts";
import { describe, type StorageDriver } from "../../core/index.ts";
import { idOf, lanes, leaseMs } from "./behaviours/storage-work.ts";
import { CountLedger } from "./count-ledger.ts";
import { eventsOf, numbersIn } from "./driver-reads.ts";

export class StorageLedger {
  readonly #numbers = new Set<number>();
  readonly #open = new Set<number>();
  readonly #lines = new Map<number, number>();
  readonly #snapshots = new Map<number, number>();
  readonly #pruned = new Map<number, number>();
  readonly #counts = new CountLedger();
  /** Between which two moments it expires, by number. */
  readonly #expiring = new Map<number, readonly [fromMs: number, untilMs: number]>();
  /** The lease that was asked for last, and what was wrong with leases. */
  #lease: readonly [askedMs: number, answeredMs: number] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  readonly #wrongLeases: string[] = [];
  answered = 0;
  /** Of the journal `numbers`, which was looked at so far. */
  #seqLooked = 0;

  /** A line of `runLane`. */
  add(line: string): void {
    this.answered++;
    const [what, ...rest] = line.split(" ") as [string, ...string[]];
    const [one, two, three] = rest.map(Number) as [number, number, number];
    if (what === "number") this.#numbers.add(one);
    else if (what === "open") this.#open.add(one);
    else if (what === "count") this.#counts.add(one, two, three);
    else if (what === "conflict") this.#counts.refuse(one);
    else if (what === "expiring") this.#expiring.set(one, [two, three]);
    else if (what === "lease") this.#addLease(one, two);
    else {
      const byLane = { line: this.#lines, snapshot: this.#snapshots, prune: this.#pruned }[what];
      if (byLane === undefined) throw new Error(`an answer that nobody knows: ${line}`);
      byLane.set(one, Math.max(two, byLane.get(one) ?? 0));
    }
  }

  /** Whoever has got it after somebody else has it when that one's has expired, whatever process they were in. */
  #addLease(askedMs: number, answeredMs: number): void {
    const [before, got] = this.#lease;
    if (askedMs > got && answeredMs < before + leaseMs)
      this.#wrongLeases.push(`a lease of ${before} was somebody else's at ${answeredMs}: two at once`);
    if (askedMs > before) this.#lease = [askedMs, answeredMs];
  }

  /** What was refused as not kept: it is not there. */
  readonly #refused: string[] = [];

  /** A line of `runLane` of what is certainly not kept. */
  refuse(line: string): void {
    const [what, number] = line.split(" ");
    if (what === "claim") this.#counts.refuse(Number(number));
    else this.#refused.push(line);
  }

  /** What is wrong with the store, in words. @param from keys with this number and above; those below were looked at before */
  async wrongIn(driver: StorageDriver, from: number): Promise<string[]> {
    // Whoever died while a server was keeping something for it: that is over when this has been kept.
    await driver.commit(
      [[{ type: "put", key: "looked", value: bytesOfValue(from, "it"), ifVersion: undefined, expiresAtMs: undefined }]],
      0,
    );
    const wrong = await this.#wrongNumbers(driver, from);
    const wrongByLane = await Promise.all(Array.from({ length: lanes }, (_, lane) => this.#wrongLane(driver, lane)));
    const wrongCounts = await this.#counts.wrongIn(driver, from);
    const wrongExpiring = await this.#wrongExpiring(driver, from);
    return [...wrong, ...wrongByLane.flat(), ...wrongCounts, ...wrongExpiring, ...this.#wrongLeases];
  }

  async #wrongExpiring(driver: StorageDriver, from: number): Promise<string[]> {
    const wrong: string[] = [];
    for (const [number, [fromMs, untilMs]] of this.#expiring) {
      if (number < from) continue;
      const key = `expiring ${idOf(number)}`;
      if ((await driver.get(key, fromMs - 1)) === undefined) wrong.push(`expiring ${number} is lost`);
      if ((await driver.get(key, untilMs)) !== undefined) wrong.push(`expiring ${number} has not expired`);
    }
    return wrong;
  }

  async #wrongNumbers(driver: StorageDriver, from: number): Promise<string[]> {
    const done = await numbersIn(driver, "number ", from);
    const open = await numbersIn(driver, "open ", from);
    const events = await eventsOf(driver, "numbers", from === 0 ? 0 : this.#seqLooked);
    this.#seqLooked = events.at(-1)?.seq ?? this.#seqLooked;
    const told = new Set(events.map(({ event }) => event));
    const wrong: string[] = [];
    for (const number of this.#numbers) if (number >= from && !done.has(number)) wrong.push(`number ${number} is lost`);
    for (const number of this.#open)
      if (number >= from && !open.has(number) && !done.has(number)) wrong.push(`open ${number} is lost`);
    for (const number of done) {
      if (open.has(number)) wrong.push(`number ${number} is there and open: half a transaction`);
      if (!told.has(number)) wrong.push(`number ${number} has no event: half a transaction`);
    }
    for (const line of this.#refused) {
      const [what, number] = line.split(" ");
      const there = { number: done, open }[what as string];
      if (there?.has(Number(number)) === true) wrong.push(`${line} was refused, and is there`);
    }
    if (told.size !== done.size || told.size !== events.length)
      wrong.push(`${done.size} numbers and ${events.length} events: half a transaction`);
    if ((await driver.lastSeq("numbers")) !== this.#seqLooked) wrong.push("the journal of numbers ends elsewhere");
    return wrong;
  }

  async #wrongLane(driver: StorageDriver, lane: number): Promise<string[]> {
    const line = `line ${lane}`;
    const wrong: string[] = [];
    const [value, vector, snapshot, last, events, snapshotOfLine] = await Promise.all([
      driver.get(`lane ${lane}`, 0),
      driver.getVector("lanes", `lane ${lane}`),
      driver.loadSnapshot(`lane ${lane}`),
      driver.lastSeq(line),
      eventsOf(driver, line, 0),
      driver.loadSnapshot(line),
    ]);
    const [put, saved] = [value && valueOfBytes(value.value, "it"), snapshot && valueOfBytes(snapshot.state, "it")];
    const drawn = vector && vectorOfBytes(vector, "lanes", `lane ${lane}`).numbers[0];
    if (put !== saved || put !== snapshot?.seq || put !== drawn)
      wrong.push(`lane ${lane} is at ${describe(put)}, ${describe(saved)} and ${describe(drawn)}: half a transaction`);
    const [answered, kept, pruned] = [this.#lines, this.#snapshots, this.#pruned].map((by) => by.get(lane) ?? 0);
    if (last < (answered as number)) wrong.push(`${line} ends with ${last}, and ${answered} was answered`);
    if (last % 3 !== 0 || events.length % 3 !== 0 || (events.at(-1)?.seq ?? 0) !== last)
      wrong.push(`${line} has ${events.length} events and ends with ${last}: half an append`);
    const first = events[0]?.seq ?? last + 1;
    if (events.length > 0 && events.length !== last - first + 1) wrong.push(`${line} has a gap`);
    if (first <= (pruned as number)) wrong.push(`${line} begins with ${first}, and was pruned to ${pruned}`);
    if ((snapshotOfLine?.seq ?? 0) < (kept as number))
      wrong.push(`the snapshot of ${line} is of ${snapshotOfLine?.seq}, and ${kept} was answered`);
    return wrong;
  }
}
