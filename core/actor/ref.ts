/**
 * An actor's address: plain data on the wire, an object with methods in hand.
 *
 * A slot is a place in its thread's table, the generation counts its holders, and thread ids are never reused, so a
 * ref never comes to mean another actor. What is kept as data beyond its run bears that run's creation, as Erlang's pids do, and
 * means nobody in another. Equality is by value: two refs of one actor may be two objects.
 */

/** A ref as data. `node` is `""` for this system. */
export interface RefData {
  readonly node: string;
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
  /** Which run of the system: a number of its own for each, drawn by chance. Not given: the run that reads it. */
  readonly creation?: number;
}

/** What a behaviour offers to its callers, as types only. */
export interface Api {
  /** Handlers of `call`, by name. */
  readonly calls: object;
  /** Handlers of `cast`, by name. */
  readonly casts: object;
  /** Messages taken by `send`. */
  readonly message: unknown;
}

/** Whatever may be called: names and arguments are not checked. Every typed ref is one of these too. */
export interface AnyApi extends Api {
  readonly calls: { readonly [name: string]: (state: never, argument: never, ctx: never) => unknown };
  readonly casts: { readonly [name: string]: (state: never, argument: never, ctx: never) => unknown };
}

export interface CallOptions {
  /** Time to wait for the answer. Default 5,000; `Infinity` waits for ever. */
  readonly timeoutMs?: number;
  /** Its trace context, a W3C `traceparent`: see `Context.trace`. Default: that of the call in hand. */
  readonly trace?: string | undefined;
  /** Gets each chunk of a handler that answers by a stream, one after the other. What it throws gives the call up, which fails by that. */
  readonly stream?: (chunk: unknown) => unknown;
}

export interface SendOptions {
  /**
   * Objects that move to the receiver instead of being copied (ArrayBuffer, MessagePort). Only needed across threads: on one
   * thread the receiver gets the very objects, and the sender is not kept from them, so it should let go of them.
   */
  readonly transfer?: readonly unknown[];
}

/** `undefined`: sent. A thenable, so that a linter lets a plain send go unawaited: the receiver's mailbox is full under policy `wait`; settles when the message is accepted or refused for good. */
export type SendResult = undefined | PromiseLike<void>;

/** A handler that names no argument takes none; one of `AnyApi` takes anything. */
type ArgumentOf<F> = F extends (...all: infer P) => unknown
  ? P["length"] extends 0 | 1
    ? undefined
    : [P[1]] extends [never]
      ? unknown
      : P[1]
  : unknown;
type ResultOf<F> = F extends (...all: never[]) => infer R ? Exclude<Awaited<R>, NoReply> : never;
type Rest<A, O> = undefined extends A ? [argument?: A, options?: O] : [argument: A, options?: O];

declare const noReplyBrand: unique symbol;

/** An object and not a symbol, so that a handler's inferred result keeps it apart from the answer. */
export interface NoReply {
  readonly [noReplyBrand]: true;
}

/** The value a call handler returns when the answer comes later, through `ctx.reply(from, value)`. */
export const noReply: NoReply = Object.freeze({ answer: "later" }) as never;

/** The methods of refs, bound to the kernel of the thread that holds them. */
export interface RefVerbs {
  call(ref: RefData, name: string, argument: unknown, options: CallOptions | undefined): Promise<unknown>;
  cast(ref: RefData, name: string, argument: unknown, options: SendOptions | undefined): SendResult;
  send(ref: RefData, message: unknown, options: SendOptions | undefined): SendResult;
}

declare const apiOfRef: unique symbol;

export abstract class Ref<out A extends Api = AnyApi> implements RefData {
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
  declare readonly [apiOfRef]: A;

  constructor(thread: number, slot: number, generation: number) {
    this.thread = thread;
    this.slot = slot;
    this.generation = generation;
  }

  abstract get node(): string;
  abstract get creation(): number;
  /** On the prototype, once for each kernel: a ref carries no pointer of its own. */
  protected abstract get verbs(): RefVerbs;

  /**
   * Asks the actor and waits for its answer.
   * @throws RuntimeError `timeout`, `noproc`, `calling_self`, `mailbox_full`, `undef`, `not_cloneable`, or the reason the actor ended with.
   */
  call<N extends keyof A["calls"] & string>(
    name: N,
    ...rest: Rest<ArgumentOf<A["calls"][N]>, CallOptions>
  ): Promise<ResultOf<A["calls"][N]>> {
    return this.verbs.call(this, name, rest[0], rest[1]) as Promise<ResultOf<A["calls"][N]>>;
  }

  /** Sends a request that has no answer. Never fails because the actor is gone: such a message is a dead letter. */
  cast<N extends keyof A["casts"] & string>(
    name: N,
    ...rest: Rest<ArgumentOf<A["casts"][N]>, SendOptions>
  ): SendResult {
    return this.verbs.cast(this, name, rest[0], rest[1]);
  }

  /** Sends a raw message: `receive` of a plain actor, `info` of a server. */
  send(message: A["message"], options?: SendOptions): SendResult {
    return this.verbs.send(this, message, options);
  }

  toJSON(): RefData {
    const { node, thread, slot, generation, creation } = this;
    return { node, thread, slot, generation, creation };
  }

  toString(): string {
    return refKey(this);
  }
}

export type RefClass = new (thread: number, slot: number, generation: number) => Ref;

const Base = Ref;

/** The ref class of one kernel. Made once for each, so that its instances are three numbers and nothing else. */
export function refClass(node: string, creationOf: () => number, verbs: RefVerbs): RefClass {
  // Under this name `console.log` and stacks show it.
  return class Ref extends Base {
    override get node(): string {
      return node;
    }
    override get creation(): number {
      return creationOf();
    }
    protected override get verbs(): RefVerbs {
      return verbs;
    }
  };
}

export function isRef(value: unknown): value is Ref {
  return value instanceof Ref;
}

/** Whether both are addresses of the same incarnation of the same actor. */
export function sameRef(a: RefData | undefined, b: RefData | undefined): boolean {
  return (
    a === b ||
    (a !== undefined &&
      b !== undefined &&
      a.thread === b.thread &&
      a.slot === b.slot &&
      a.generation === b.generation &&
      a.node === b.node &&
      (a.creation ?? b.creation) === (b.creation ?? a.creation))
  );
}

/** A text that is equal for equal refs, to key a Map by: `thread.slot.generation`, with `node:` before it when it is another node's. */
export function refKey(ref: RefData): string {
  return `${ref.node === "" ? "" : `${ref.node}:`}${ref.thread}.${ref.slot}.${ref.generation}`;
}
