/**
 * A number that many count on by compare-and-set: each value was somebody's, once, and is in the journal beside it; whoever was told that
 * somebody else was there before has written nothing.
 */
import { valueOfBytes } from "../../core/contracts/stored-value.ts";
import type { StorageDriver } from "../../core/index.ts";
import { eventsOf, numbersIn } from "./driver-reads.ts";

export class CountLedger {
  /** By what was answered: the version that it was given. */
  readonly #versions = new Map<number, number>();
  readonly #claims = new Set<number>();
  readonly #refused = new Set<number>();
  readonly #twice: string[] = [];
  /** Of the journal, which was looked at so far. */
  #looked = 0;

  /** Was answered. */
  add(count: number, version: number, claim: number): void {
    if (this.#versions.has(count)) this.#twice.push(`count ${count} was answered twice`);
    this.#versions.set(count, version);
    this.#claims.add(claim);
  }

  /** Was refused. */
  refuse(claim: number): void {
    this.#refused.add(claim);
  }

  /** What is wrong, in words. @param from claims with this number and above; those below were looked at before */
  async wrongIn(driver: StorageDriver, from: number): Promise<string[]> {
    const wrong = [...this.#twice];
    const entry = await driver.get("count", 0);
    const count = entry === undefined ? 0 : (valueOfBytes(entry.value, "it") as number);
    const highest = Math.max(0, ...this.#versions.keys());
    if (count < highest) wrong.push(`the count is ${count}, and ${highest} was answered: that is lost`);
    const answered = this.#versions.get(count);
    if (answered !== undefined && answered !== entry?.version)
      wrong.push(`count ${count} has version ${entry?.version}, and ${answered} was answered`);
    const inOrder = [...this.#versions].sort(([a], [b]) => a - b);
    for (const [at, [one, version]] of inOrder.entries())
      if (version <= (inOrder[at - 1]?.[1] ?? 0)) wrong.push(`count ${one} has no newer version than the one before`);
    const seqBefore = from === 0 ? 0 : this.#looked;
    const events = await eventsOf(driver, "counts", seqBefore);
    for (const [at, { event, seq }] of events.entries())
      if (event !== seq || seq !== seqBefore + at + 1) wrong.push(`event ${seq} of the count is ${event}`);
    this.#looked = events.at(-1)?.seq ?? seqBefore;
    if (this.#looked !== count) wrong.push(`the count is ${count}, and has ${this.#looked} events: half a transaction`);
    const claims = await numbersIn(driver, "claim ", from);
    if (claims.size !== events.length)
      wrong.push(`${events.length} counts and ${claims.size} claims: half a transaction`);
    for (const claim of this.#claims) if (claim >= from && !claims.has(claim)) wrong.push(`claim ${claim} is lost`);
    for (const claim of claims) if (this.#refused.has(claim)) wrong.push(`claim ${claim} was refused, and is there`);
    return wrong;
  }
}
