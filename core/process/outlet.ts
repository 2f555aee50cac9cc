/**
 * Where the outputs of processes go: this one's own. What it cannot pass on stays with the process that wrote it, whose
 * pipe is full then, and not in the memory of this one.
 */
import type { Readable, Writable } from "node:stream";

export class Outlet {
  readonly #into: () => Writable;
  /** Outputs that wait until the stream has room again. */
  readonly #waiting = new Set<Readable>();
  readonly #hurried = new Set<Readable>();

  /** @param into is asked for at the first write: a program's standard streams are made when they are first used. */
  constructor(into: () => Writable) {
    this.#into = into;
  }

  /** Passes on what came `from` an output, and lets that rest while there is no more room. */
  pass(from: Readable, piece: string | Uint8Array): void {
    const into = this.#into();
    // Nothing comes of a stream that has been closed, and nobody need wait for it.
    if (into.write(piece) || into.destroyed || this.#hurried.has(from)) return;
    from.pause();
    if (this.#waiting.size === 0) {
      // One listener for all: a program may have many processes.
      const go = () => {
        into.off("drain", go).off("close", go);
        const all = [...this.#waiting];
        this.#waiting.clear();
        for (const output of all) output.resume();
      };
      into.on("drain", go).on("close", go);
    }
    this.#waiting.add(from);
  }

  /** The process has ended: until `calm`, what it had written is passed on without a rest. Its pipe held that, so it is not much. */
  hurry(from: Readable): void {
    this.#hurried.add(from);
    this.#waiting.delete(from);
    from.resume();
  }

  /** Whoever has inherited the output may go on writing, and waits again. */
  calm(from: Readable): void {
    this.#hurried.delete(from);
  }
}

/** One for all processes: they share the streams. */
export const standardOutput = new Outlet(() => process.stdout);
export const standardError = new Outlet(() => process.stderr);
