/**
 * What happened in a run, in order: a number that two runs have in common only if they went the same way, the last
 * lines for a report, and the breaches of the clauses that were seen.
 */

/** A clause of `core/SEMANTICS.md` that did not hold. */
export interface Breach {
  readonly clause: string;
  readonly what: string;
}

/** Breaches noted before the rest is dropped: what follows the first is rarely of interest. */
const breachesMax = 5;

export class Trace {
  readonly breaches: Breach[] = [];
  /** Every line, if the run was asked to be told. */
  readonly lines: string[] = [];
  readonly #isTold: boolean;
  #hash = 0x811c9dc5;
  /** Number of the latest note: the time that the oracles go by. */
  time = 0;

  constructor(isTold: boolean) {
    this.#isTold = isTold;
  }

  get hash(): number {
    return this.#hash >>> 0;
  }

  /** One thing that happened: its word, and up to three numbers that say between whom. */
  note(word: string, a = 0, b = 0, c = 0): number {
    this.time++;
    let hash = this.#hash;
    hash = Math.imul(hash ^ word.charCodeAt(0), 0x01000193);
    hash = Math.imul(hash ^ word.length, 0x01000193);
    hash = Math.imul(hash ^ a, 0x01000193);
    hash = Math.imul(hash ^ b, 0x01000193);
    this.#hash = Math.imul(hash ^ c, 0x01000193);
    if (this.#isTold) this.lines.push(`${this.time} ${word} ${a} ${b} ${c}`);
    return this.time;
  }

  /** More words to the last line, for people. */
  say(text: () => string): void {
    if (this.#isTold) this.lines.push(`    ${text()}`);
  }

  breach(clause: string, what: string): void {
    if (this.breaches.length < breachesMax) this.breaches.push({ clause, what: `${what} (at ${this.time})` });
    this.say(() => `BREACH of ${clause}: ${what}`);
  }
}
