/**
 * The line from an actor's process to main: verbs out, frames and answers in.
 *
 * Everything goes out in one order, so what was told before an `ask` has been carried out when its answer is there.
 */
import { Socket } from "node:net";
import { failAtCaller } from "../caller-stack.ts";
import { nextLoop } from "../clock.ts";
import { type ErrorData, errorData, RuntimeError } from "../errors.ts";
import type { ValueBytes } from "../thread/value-bytes.ts";
import { frameBytesMaxDefault } from "./frame-bounds.ts";
import { FrameReader, frameOf, recordOf } from "./frames.ts";
import { orphaned } from "./link.ts";
import {
  type Answer,
  type AskVerb,
  type BeginVerb,
  type FromProcess,
  fds,
  type TellVerb,
  type ToProcess,
} from "./protocol.ts";
import { SyncSocket } from "./sync-socket.ts";

export class MainLine {
  readonly #values: ValueBytes;
  readonly #verbs = new SyncSocket(fds.verbs, orphaned);
  readonly #begun = new Map<number, PromiseWithResolvers<unknown>>();
  /** Of the system, once main has said it. */
  frameBytesMax = frameBytesMaxDefault;
  #nextId = 1;
  #sends = 0;

  /** @param take gets what main says, but for the ends of verbs. */
  constructor(values: ValueBytes, take: (word: ToProcess) => void) {
    this.#values = values;
    const reader = new FrameReader((body) => {
      const word = recordOf<ToProcess>(body);
      if (word.type === "settled") this.#settled(word);
      else take(word);
      // Main keeps the bound itself, and says what it is.
    }, Number.POSITIVE_INFINITY);
    const turns = new Socket({ fd: fds.turns, readable: true, writable: false });
    turns.on("data", (chunk: Buffer) => reader.push(chunk));
    turns.on("error", orphaned);
    turns.on("close", orphaned);
  }

  /**
   * @param what it is, for the message to people
   * @throws RuntimeError `message_too_large`; then nothing is said.
   */
  say(word: FromProcess, what: string = word.type): void {
    this.#verbs.write(frameOf(word, this.frameBytesMax, what));
  }

  /** An error that is itself too large is told by that. */
  sayFailure(word: Extract<FromProcess, { readonly error: ErrorData }>): void {
    try {
      this.say(word, `the error of "${word.type}"`);
    } catch (error) {
      this.say({ ...word, error: errorData(error) });
    }
  }

  /** @throws RuntimeError what main throws; `not_cloneable`, `message_too_large`. */
  ask(verb: AskVerb, args: readonly unknown[]): unknown {
    this.say({ type: "ask", verb, args: this.#values.encode(args, verb) }, verb);
    const answer = recordOf<Answer>(this.#verbs.readFrame());
    if (answer.ok) return this.#values.decode(answer.value);
    throw errorFrom(answer.error);
  }

  /** Rejects with what main throws; throws only `not_cloneable` and `message_too_large`. */
  begin(verb: BeginVerb, args: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    this.say({ type: "begin", id, verb, args: this.#values.encode(args, verb) }, verb);
    const begun = Promise.withResolvers<unknown>();
    this.#begun.set(id, begun);
    return begun.promise;
  }

  /** @throws RuntimeError `not_cloneable`, `message_too_large`. */
  tell(verb: TellVerb, args: readonly unknown[]): void {
    this.say({ type: "tell", verb, args: this.#values.encode(args, verb) }, verb);
  }

  /** A send; what it returns asks main whether the message was accepted, if somebody wants to know. */
  send(verb: "send" | "cast", args: readonly unknown[]): PromiseLike<void> {
    this.tell(verb, args);
    const send = ++this.#sends;
    let accepted: Promise<void> | undefined;
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- a send may be awaited (SendResult)
      then: (resolved, rejected) => {
        accepted ??= this.begin("accepted", [send]) as Promise<void>;
        return accepted.then(resolved, rejected);
      },
    };
  }

  #settled(word: Extract<ToProcess, { type: "settled" }>): void {
    const begun = this.#begun.get(word.id);
    this.#begun.delete(word.id);
    if (word.ok) begun?.resolve(this.#values.decode(word.value));
    else if (begun !== undefined) {
      const error = errorFrom(word.error);
      failAtCaller(error, begun.resolve, () => begun.reject(error));
    }
    this.acknowledge();
  }

  /** Behind whatever the actor does at once with what it was told. */
  acknowledge(): void {
    nextLoop(() => this.say({ type: "acknowledged" }));
  }

  /** A turn begins: where it has not ended by the next round of the event loop, main gets to know that it is open. */
  turnBegins(hasEnded: () => boolean): void {
    nextLoop(() => {
      if (!hasEnded()) this.say({ type: "open" });
    });
  }
}

/** An error of main as one of this process. */
function errorFrom({ name, message, code, stack, cause }: ErrorData): RuntimeError {
  const error = new RuntimeError(code ?? "crashed", message, cause === undefined ? {} : { cause });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
