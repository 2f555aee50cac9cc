/**
 * Waits in place for the other side's next word, for a moment: to wake a thread that rests costs more than most calls of a module
 * take. Only where it pays: a word that came in time gives a credit, a wait in vain takes four, and without credit one wait in 16
 * is tried. So a machine with no processor to spare, and a module whose calls take long, lose little by it.
 */

const creditMax = 64;
const costInVain = 4;
const waitsPerTry = 16;

/** Leaves more of a processor's core to who runs on its other half. */
const { pause } = Atomics as { readonly pause?: (hint?: number) => void };

export class ShortWait {
  readonly #ms: number;
  readonly #nowMs: () => number;
  #credit = creditMax;
  #waits = 0;

  constructor(us: number, nowMs = () => performance.now()) {
    this.#ms = us / 1_000;
    this.#nowMs = nowMs;
  }

  /** Whether the word at the first place changed from what was seen of it. */
  for(word: Int32Array<SharedArrayBuffer>, seen: number): boolean {
    if (++this.#waits % waitsPerTry === 0) this.#credit = Math.max(this.#credit, 1);
    if (this.#credit === 0) return Atomics.load(word, 0) !== seen;
    const endMs = this.#nowMs() + this.#ms;
    while (Atomics.load(word, 0) === seen) {
      if (this.#nowMs() >= endMs) {
        this.#credit = Math.max(0, this.#credit - costInVain);
        return false;
      }
      pause?.();
    }
    this.#credit = Math.min(creditMax, this.#credit + 1);
    return true;
  }
}
