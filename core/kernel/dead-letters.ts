/**
 * The last messages of a thread that reached nobody, kept to be looked at and to be sent again. Their number is bounded, and
 * about how many bytes they hold on to: the oldest go. All of them are counted and told (`stats().deadLetters`, the event `deadLetter`), also those that are gone.
 */
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import { messageBytes } from "../actor/message-size.ts";
import type { RefData } from "../actor/ref.ts";
import { type DeadLetterWhy, eventBit } from "./events.ts";
import type { Kernel } from "./kernel.ts";
import { mailText } from "./report-text.ts";

/** Dead letters that each thread keeps. */
export const deadLettersKept = 1_000;
/** Bytes that they hold on to, by an estimate; one alone may be larger. */
export const deadLetterBytesKept = 2 ** 26;

/** One of them, as seen from outside. */
export interface DeadLetter {
  /** `thread.number`: for `resend`. */
  readonly id: string;
  readonly to: RefData;
  readonly why: DeadLetterWhy;
  /** As in the event: `call add(3)`, `cast reset()`, a raw message as it is. */
  readonly message: string;
  /** When it became one, by the system's clock. */
  readonly atMs: number;
  /** A call's caller has had its answer, and of what a lost thread had not read not all is known: those cannot be sent again. */
  readonly isResendable: boolean;
}

interface Kept {
  readonly number: number;
  readonly to: RefData;
  /** The message, or what stands for one that could not be read. */
  readonly mail: { readonly meta: MessageMeta; readonly payload: unknown } | string;
  readonly why: DeadLetterWhy;
  readonly atMs: number;
  readonly bytes: number;
  /** How it is sent again, unless to somebody else. False: there is nobody any more. */
  readonly again: (() => boolean) | undefined;
}

export class DeadLetters {
  readonly #kernel: Kernel;
  /** By number modulo how many are kept. */
  readonly #letters: (Kept | undefined)[] = [];
  #last = 0;
  /** None that is kept has a lower number. */
  #oldest = 1;
  #bytes = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Counts it, tells it to whoever listens, and keeps it. */
  add(to: RefData, mail: Kept["mail"], why: DeadLetterWhy, again?: () => boolean): void {
    const kernel = this.#kernel;
    kernel.counters.addDeadLetter(why);
    if (kernel.wants(eventBit("deadLetter"))) kernel.emit({ type: "deadLetter", to, why, message: textOf(mail) });
    const number = ++this.#last;
    const bytes = typeof mail === "string" ? mail.length : messageBytes(mail.payload);
    this.#forget(this.#letters[number % deadLettersKept]);
    this.#oldest = Math.max(this.#oldest, number - deadLettersKept + 1);
    while (this.#bytes > 0 && this.#bytes + bytes > deadLetterBytesKept)
      this.#forget(this.#letters[this.#oldest++ % deadLettersKept]);
    this.#letters[number % deadLettersKept] = { number, to, mail, why, atMs: kernel.nowMs, bytes, again };
    this.#bytes += bytes;
  }

  #forget(letter: Kept | undefined): void {
    if (letter === undefined) return;
    this.#bytes -= letter.bytes;
    this.#letters[letter.number % deadLettersKept] = undefined;
  }

  /** Oldest first. */
  list(): DeadLetter[] {
    return this.#letters
      .filter((letter) => letter !== undefined)
      .sort((a, b) => a.number - b.number)
      .map((letter) => ({
        id: `${this.#kernel.thread}.${letter.number}`,
        to: { node: "", thread: letter.to.thread, slot: letter.to.slot, generation: letter.to.generation },
        why: letter.why,
        message: textOf(letter.mail),
        atMs: letter.atMs,
        isResendable: isResendable(letter),
      }));
  }

  /** Sends one again, by the guest, to whom it was for or to somebody else, and keeps it no longer. False: there is none such. */
  resend(number: number, to: RefData | undefined): boolean {
    const kernel = this.#kernel;
    const letter = this.#letters[number % deadLettersKept];
    if (letter === undefined || letter.number !== number || !isResendable(letter)) return false;
    if (to === undefined && letter.again !== undefined && !letter.again()) return false;
    this.#forget(letter);
    if (to === undefined && letter.again !== undefined) return true;
    const { meta, payload } = letter.mail;
    const receiver = kernel.adopt(to ?? letter.to);
    if (typeof meta === "string") void kernel.cast(kernel.guest, receiver, meta, payload, undefined);
    else void kernel.send(kernel.guest, receiver, payload, undefined);
    return true;
  }
}

function textOf(mail: Kept["mail"]): string {
  return typeof mail === "string" ? mail : mailText(mail);
}

type Readable = Kept & { readonly mail: Exclude<Kept["mail"], string> };

function isResendable(letter: Kept): letter is Readable {
  if (typeof letter.mail === "string") return false;
  const { meta } = letter.mail;
  return !(meta instanceof Meta) || meta.kind === MetaKind.topic || meta.kind === MetaKind.timer;
}
