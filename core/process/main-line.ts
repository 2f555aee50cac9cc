/**
 * The line from an actor's process to main: verbs out, frames and answers in.
 *
 * A verb with a result at once stands still until the link has its answer. Everything goes out in one order, so what
 * was told before an `ask` has been carried out when its answer is there.
 */
import { receiveMessageOnPort } from "node:worker_threads";
import { nextLoop } from "../clock.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import { frameOf, recordOf } from "./frames.ts";
import type { Link } from "./link.ts";
import {
  type Answer,
  type AskVerb,
  type BeginVerb,
  channel,
  type FromProcess,
  type TellVerb,
  type ToProcess,
} from "./protocol.ts";
import type { ValueBytes } from "./value-bytes.ts";

/** Verbs in a row without an answer; then the process waits until main has carried them out. */
const toldMax = 1_024;

interface Begun {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export class MainLine {
  readonly #values: ValueBytes;
  readonly #link: Link;
  readonly #begun = new Map<number, Begun>();
  #nextId = 1;
  #told = 0;
  #sends = 0;

  /** @param take gets what main says, but for the ends of verbs. */
  constructor(link: Link, values: ValueBytes, take: (word: ToProcess) => void) {
    this.#link = link;
    this.#values = values;
    link.worker.on("message", (body: Uint8Array) => {
      const word = recordOf<ToProcess>(body);
      if (word.type === "settled") this.#settled(word);
      else take(word);
    });
  }

  say(word: FromProcess): void {
    const frame = frameOf(channel.frame, word);
    this.#link.worker.postMessage(frame, [frame.buffer]);
  }

  /** @throws RuntimeError what main throws; `not_cloneable`. */
  ask(verb: AskVerb, args: readonly unknown[]): unknown {
    this.say({ type: "ask", verb, args: this.#values.encode(args, verb) });
    this.#told = 0;
    for (;;) {
      const before = Atomics.load(this.#link.news, 0);
      const received = receiveMessageOnPort(this.#link.answers);
      if (received !== undefined) {
        const answer = recordOf<Answer>(received.message as Uint8Array);
        if (answer.ok) return this.#values.decode(answer.value);
        throw errorFrom(answer.error);
      }
      Atomics.wait(this.#link.news, 0, before);
    }
  }

  /** Rejects with what main throws; throws only `not_cloneable`. */
  begin(verb: BeginVerb, args: readonly unknown[]): Promise<unknown> {
    const id = this.#nextId++;
    this.say({ type: "begin", id, verb, args: this.#values.encode(args, verb) });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#begun.set(id, { resolve, reject });
    return promise;
  }

  /** @throws RuntimeError `not_cloneable`. */
  tell(verb: TellVerb, args: readonly unknown[]): void {
    this.say({ type: "tell", verb, args: this.#values.encode(args, verb) });
    if (++this.#told >= toldMax) this.ask("barrier", []);
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
    else begun?.reject(errorFrom(word.error));
    // Behind whatever the actor does at once with it.
    nextLoop(() => this.say({ type: "acknowledged" }));
  }
}

/** An error of main as one of this process. */
function errorFrom({ name, message, code, stack, cause }: ErrorData): RuntimeError {
  const error = new RuntimeError(code ?? "crashed", message, cause === undefined ? {} : { cause });
  error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}
