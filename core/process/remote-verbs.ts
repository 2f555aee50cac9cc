/**
 * The verbs of `ctx` that an actor's process calls, carried out on main in its name and answered there. The process has
 * checked their arguments; what it asks for beyond the verbs that it may is refused.
 */
import type { Cell } from "../actor/cell.ts";
import { errorData, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { ValueBytes } from "../thread/value-bytes.ts";
import type { ChildProcess } from "./child-process.ts";
import { askVerbs, beginVerbs, streamVerbs, type ToProcess, tellVerbs } from "./protocol.ts";
import { RemoteStreams } from "./remote-streams.ts";

type Verbs = Readonly<Record<string, (...args: unknown[]) => unknown>>;

export class RemoteVerbs {
  readonly #kernel: Kernel;
  readonly #cell: Cell;
  readonly #values: ValueBytes;
  readonly #process: ChildProcess;
  readonly streams: RemoteStreams;
  /** Words that the process has not acknowledged, or turns that it has not called open or ended: a settled system waits for them. */
  #unacknowledged = 0;
  /** Sends of the process, and those that wait for room. */
  #sends = 0;
  #publishes = 0;
  readonly #waitingSends = new Map<number, PromiseLike<void>>();
  #isEnded = false;

  constructor(kernel: Kernel, cell: Cell, values: ValueBytes, process: ChildProcess) {
    this.#kernel = kernel;
    this.#cell = cell;
    this.#values = values;
    this.#process = process;
    this.streams = new RemoteStreams(kernel, cell, values);
  }

  /** A verb with a result at once; the process stands still until it gets this. */
  ask(verb: string, args: Uint8Array): void {
    let frame: Uint8Array;
    let exit: { readonly code: number; readonly stack: string } | undefined;
    try {
      const values = this.#values.decode(args) as unknown[];
      let result: unknown;
      if (verb === "processExit") exit = { code: values[0] as number, stack: values[1] as string };
      else result = this.#verb(askVerbs, verb)(...values);
      if (verb === "publish" && result !== undefined) result = this.#published(result as PromiseLike<void>);
      frame = this.#process.frame({ ok: true, value: this.#values.encode(result, verb) }, verb);
    } catch (error) {
      frame = this.#process.frame({ ok: false, error: errorData(error) }, verb);
    }
    this.#process.answer(frame);
    if (exit !== undefined) this.#kernel.crashes.outside(this.#cell, { exitCalled: exit.code }, exit.stack);
  }

  /** A word was said that the process acknowledges when it has taken it up: until then the system is not settled. */
  awaitAcknowledgement(): void {
    this.#unacknowledged++;
    this.#kernel.scheduler.outside++;
    // It may come when the thread is at rest, and is on its way from here on.
    this.#kernel.scheduler.wake();
  }

  /** A verb that resolves later; the process is told what it came to, and acknowledges that. */
  begin(id: number, verb: string, args: Uint8Array): void {
    const settle = (word: ToProcess) => {
      if (this.#isEnded) return;
      this.#process.say(this.#process.frame(word, `what ${verb} came to`));
      this.awaitAcknowledgement();
    };
    const fail = (error: unknown) => settle({ type: "settled", id, ok: false, error: errorData(error) });
    const failed = (error: unknown) => {
      try {
        fail(error);
      } catch (tooLarge) {
        fail(tooLarge);
      }
    };
    try {
      const values = this.#values.decode(args) as unknown[];
      const promise =
        verb === "accepted" ? this.#accepted(values[0] as number) : this.#verb(beginVerbs, verb)(...values);
      (promise as PromiseLike<unknown>).then((value) => {
        try {
          settle({ type: "settled", id, ok: true, value: this.#values.encode(value, verb) });
        } catch (error) {
          failed(error);
        }
      }, failed);
    } catch (error) {
      failed(error);
    }
  }

  /** A verb without a result. */
  tell(verb: string, args: Uint8Array): void {
    if (verb === "taskEnded") {
      if ((this.#cell.extra?.tasks ?? 0) === 0) throw new Error('"taskEnded" of none');
      this.#kernel.tasks.ended(this.#cell);
      return;
    }
    const isSend = verb === "send" || verb === "cast";
    const send = isSend ? ++this.#sends : 0;
    try {
      if (verb === "taskBegan") {
        this.#kernel.budgets.admit(this.#cell, "task");
        this.#kernel.tasks.began(this.#cell);
        return;
      }
      const result = this.#verb(tellVerbs, verb)(...(this.#values.decode(args) as unknown[]));
      if (!isSend || result === undefined) return;
      const waiting = result as PromiseLike<void>;
      this.#waitingSends.set(send, waiting);
      waiting.then(() => this.#waitingSends.delete(send));
    } catch (error) {
      // The process has checked the arguments: what is refused here went wrong after the fact, such as a name whose holder has just ended.
      this.#kernel.crashes.outside(this.#cell, { error: errorData(error) });
    }
  }

  /** The process has taken what a verb came to. */
  acknowledged(): void {
    if (this.#unacknowledged === 0) throw new Error('"acknowledged" of nothing');
    this.#unacknowledged--;
    this.#kernel.scheduler.outside--;
    this.#kernel.scheduler.wake();
  }

  /** The actor is dead: its process is told nothing any more, and nobody waits for what it was told. */
  end(): void {
    this.#isEnded = true;
    this.#kernel.scheduler.outside -= this.#unacknowledged;
    this.#unacknowledged = 0;
  }

  /** A publish that waits, by a number of its own: those of sends are above 0. */
  #published(waiting: PromiseLike<void>): number {
    const publish = --this.#publishes;
    this.#waitingSends.set(publish, waiting);
    // It may fail before the process asks for it, which it does at once.
    waiting.then(undefined, () => {});
    return publish;
  }

  #accepted(send: number): PromiseLike<void> {
    const waiting = this.#waitingSends.get(send);
    if (send < 0) this.#waitingSends.delete(send);
    return waiting ?? Promise.resolve();
  }

  #verb(known: readonly string[], verb: string): (...args: unknown[]) => unknown {
    if (!known.includes(verb)) throw new RuntimeError("bad_argument", `there is no verb "${verb}" in a process`);
    const verbs = (streamVerbs.includes(verb) ? this.streams : this.#kernel.contextOf(this.#cell)) as unknown as Verbs; // by name, as they came
    return (...args) => (verbs[verb] as Verbs[string]).apply(verbs, args);
  }
}
