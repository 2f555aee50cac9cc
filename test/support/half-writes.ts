/**
 * Crashes of an actor of the runtime in the middle of a write: one change of a map, a set or a list that code of a room makes in
 * its turns throws in place of being made.
 */
import type { Kernel } from "../../core/kernel/kernel.ts";

type Change = (this: unknown, ...args: unknown[]) => unknown;

export class HalfWrites implements Disposable {
  /** Whether that change has come. */
  hasStruck = false;
  readonly #kernel: Kernel;
  readonly #actor: string;
  readonly #room: string;
  #left: number;
  readonly #restore: (() => void)[] = [];

  /**
   * @param actor by its name, on main
   * @param room a folder of `core`
   * @param after so many changes are made before
   */
  constructor(kernel: Kernel, actor: string, room: string, after: number) {
    this.#kernel = kernel;
    this.#actor = actor;
    this.#room = `/core/${room}/`;
    this.#left = after;
    this.#watch(Map.prototype, ["set", "delete"]);
    this.#watch(Set.prototype, ["add", "delete"]);
    this.#watch(Array.prototype, ["push", "splice"]);
  }

  #watch(prototype: object, names: readonly string[]): void {
    const changes = prototype as Record<string, Change>;
    const strikes = () => this.#strikes();
    for (const name of names) {
      const change = changes[name] as Change;
      changes[name] = function (this: unknown, ...args: unknown[]) {
        if (strikes()) throw new Error("crashed in the middle of a write");
        return change.apply(this, args);
      };
      this.#restore.push(() => (changes[name] = change));
    }
  }

  #strikes(): boolean {
    const { current } = this.#kernel.scheduler;
    if (this.hasStruck || current?.extra?.name !== this.#actor || !this.#kernel.scheduler.isTurnOf(current))
      return false;
    if (!String(new Error().stack).includes(this.#room)) return false;
    this.hasStruck = this.#left-- === 0;
    return this.hasStruck;
  }

  [Symbol.dispose](): void {
    for (const restore of this.#restore) restore();
  }
}
