/**
 * What may leave its actor for another thread or process, or for anywhere: data alone. It is refused in the frame of who
 * sends it, and where `checks` are on it is frozen, since it belongs to the receiver from then on (SEMANTICS S2.6).
 */
import type { RefData } from "../actor/ref.ts";
import { describe, RuntimeError } from "../errors.ts";
import { checkMessage, freezeMessage } from "../thread/message-check.ts";
import type { Kernel } from "./kernel.ts";

export class Outgoing {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /**
   * Refuses what cannot cross to another thread, in the sender's own frame.
   * @param to who was to get it, and `verb` by which verb or handler, for the message to people
   * @throws RuntimeError `not_cloneable`.
   */
  check(message: unknown, transfer: readonly unknown[] | undefined, to?: RefData, verb?: string): void {
    try {
      checkMessage(message, transfer, this.#kernel.refWire.isRef);
    } catch (error) {
      const where = to === undefined ? (verb ?? "") : `${verb} to ${this.#kernel.nameOf(to)}`;
      const text = (error as Error).message;
      throw new RuntimeError("not_cloneable", where === "" ? text : `${where}: ${text}`, { cause: error });
    }
    if (this.#kernel.checks) freezeMessage(message);
  }

  /**
   * The same to an actor of this thread that has a process: its bound is known here.
   * @throws RuntimeError `not_cloneable`, `message_too_large`.
   */
  checkToProcess(message: unknown, to: RefData, verb: string): void {
    this.check(message, undefined, to, verb);
    this.#kernel.cellOf(to)?.extra?.remote?.assertFits(message, `${verb} to ${this.#kernel.nameOf(to)}`);
  }

  /**
   * An exit reason goes to whoever is linked or watches, wherever that is, so it must be data on every placement.
   * @throws RuntimeError `bad_argument`, `not_cloneable`.
   */
  checkReason(reason: unknown, verb: string): void {
    if (typeof reason === "string" && reason !== "") return;
    if (typeof reason !== "object" || reason === null) {
      throw new RuntimeError(
        "bad_argument",
        `${verb} wants an exit reason, a word or an object, got ${describe(reason)}`,
      );
    }
    this.check(reason, undefined, undefined, verb);
  }
}
