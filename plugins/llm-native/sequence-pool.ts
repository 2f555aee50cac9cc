/**
 * The sequences of a context: places at which llama.cpp goes on with a conversation, each used by one chat at a time. Who finds none
 * free waits, first come, first served. What a sequence has read stays in it, and a conversation that goes on is given the one that
 * has read most of it.
 */
import type { LlamaContextSequence, Token } from "node-llama-cpp";

interface Waiter {
  readonly tokens: readonly Token[];
  readonly heard: () => void;
  readonly resolve: (sequence: LlamaContextSequence) => void;
}

export class SequencePool {
  readonly #free: LlamaContextSequence[];
  readonly #waiters = new Set<Waiter>();

  constructor(sequences: readonly LlamaContextSequence[]) {
    this.#free = [...sequences];
  }

  /**
   * Each one that was taken is to be given back.
   * @param heard called now and then while it waits and the model works for others
   * @throws the signal's reason, by rejection, when that is aborted
   */
  async take(tokens: readonly Token[], signal: AbortSignal, heard: () => void): Promise<LlamaContextSequence> {
    signal.throwIfAborted();
    const free = this.#nearest(tokens);
    if (free !== undefined) return free;
    return await new Promise((resolve, reject) => {
      const waiter: Waiter = {
        tokens,
        heard,
        resolve(sequence) {
          signal.removeEventListener("abort", left);
          resolve(sequence);
        },
      };
      const left = () => {
        this.#waiters.delete(waiter);
        reject(signal.reason);
      };
      signal.addEventListener("abort", left, { once: true });
      this.#waiters.add(waiter);
    });
  }

  give(sequence: LlamaContextSequence): void {
    this.#free.push(sequence);
    const [next] = this.#waiters;
    if (next === undefined) return;
    this.#waiters.delete(next);
    next.resolve(this.#nearest(next.tokens) as LlamaContextSequence); // one has just come
  }

  /** The model is at work: nobody who waits has to think that it is dead. */
  beat(): void {
    for (const { heard } of this.#waiters) heard();
  }

  #nearest(tokens: readonly Token[]): LlamaContextSequence | undefined {
    let best: LlamaContextSequence | undefined;
    let bestLength = -1;
    for (const sequence of this.#free) {
      const { firstDifferentIndex } = sequence.compareContextTokens(tokens);
      // Of those that have read nothing of it the one that has least to lose.
      const length = firstDifferentIndex === 0 ? -sequence.nextTokenIndex / 2 ** 32 : firstDifferentIndex;
      if (length <= bestLength) continue;
      best = sequence;
      bestLength = length;
    }
    if (best !== undefined) this.#free.splice(this.#free.indexOf(best), 1);
    return best;
  }
}
