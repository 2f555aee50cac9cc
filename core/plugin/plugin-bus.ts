/**
 * What a plugin has of the system: its scoped handle of the bus. It publishes below its own name, asks what it has said that it
 * `requires`, answers and streams to whoever asked it, and logs. There is no verb here that names an actor: what a plugin can
 * reach is what somebody provides.
 */
import type {
  Context,
  From,
  LogLevel,
  PublishOptions,
  RequestOptions,
  RequestStreamOptions,
  StreamReader,
  StreamWriter,
} from "../actor/context.ts";
import type { NoReply, SendResult } from "../actor/ref.ts";
import { isThenable } from "../actor/turn-result.ts";
import { describe, RuntimeError } from "../errors.ts";
import { type EventListener, type EventType, isHeard } from "../kernel/events.ts";
import { type Observation, observationOf } from "../kernel/observation.ts";
import type { OperationContent, OperationReport, OperationVerbs } from "../kernel/operations.ts";
import type { SystemStats } from "../system/inspection.ts";
import { PluginReader, PluginWriter } from "./plugin-streams.ts";
import { callProvider, capabilityTopic } from "./provider.ts";

declare const isCallToken: unique symbol;

/** A call in hand, as a plugin has it: it can be answered, and nothing else. Who has called is not in it, since a ref has verbs. */
export interface CallToken {
  readonly [isCallToken]: true;
}

export interface PluginBus {
  /** Publishes under `plugin.<name>.<topic>`, of this plugin. */
  publish(topic: string, message: unknown, options?: PublishOptions): SendResult;
  /**
   * A call of whoever provides the capability: of that plugin, or by the topic `capability.<name>.<call>` where none is known, or an
   * option is of the bus alone.
   * @throws RuntimeError `not_required`: the plugin's `requires` does not name it; what `Context.call` and `Context.request` throw.
   */
  request(capability: string, call: string, argument?: unknown, options?: RequestOptions): Promise<unknown>;
  /** The same for a call that answers by a stream. */
  requestStream(capability: string, call: string, argument?: unknown, options?: RequestStreamOptions): StreamReader;
  /** The token of the call in hand, where the answer is to come later: return `noReply`, then `reply(from, value)`. */
  readonly from: CallToken | undefined;
  /** The trace context that the call in hand, or the request by topic, has come with: see `Context.trace`. */
  readonly trace: string | undefined;
  readonly noReply: NoReply;
  /** @throws RuntimeError `bad_argument`: `from` is no token of this plugin's, the very object that `bus.from` was. */
  reply(from: CallToken, value: unknown): void;
  replyError(from: CallToken, error: { readonly code: string; readonly message: string }): void;
  /** Opens the stream that the caller reads. @throws RuntimeError `bad_argument`: it reads none; as `reply`. */
  stream(from: CallToken | undefined): StreamWriter;
  /** Aborted when the plugin ends, or its turn is told to. */
  readonly signal: AbortSignal;
  /** The time of day, as `Context.wallMs`: what is kept with a time is kept with this one. */
  wallMs(): number;
  /**
   * Tells a plugin that observes the system (`definePlugin({ observes: true })`) of its events, as `system.events.on`, until the
   * plugin ends or the function that is returned is called. The listener runs between its turns, and must not wait.
   * @throws RuntimeError `bad_argument`: it does not observe; what `system.events.on` throws.
   */
  observe<T extends EventType>(types: T | readonly T[], listener: EventListener<T>): () => void;
  /** What the threads count, as `system.stats()`; likewise. */
  stats(): Promise<SystemStats>;
  /** An event `log` in the plugin's name. */
  log(level: LogLevel, text: string, data?: unknown): void;
}

/** What it stands for is seen by the bus that has given it alone: by a token that was made up a plugin could answer what was asked of somebody else. */
class Token implements CallToken {
  /** For the compiler alone. */
  declare readonly [isCallToken]: true;
  readonly #from: From;
  readonly #bus: ScopedBus;

  constructor(from: From, bus: ScopedBus) {
    this.#from = from;
    this.#bus = bus;
  }

  /** Undefined: it is none of this bus. */
  static open(token: unknown, bus: ScopedBus): From | undefined {
    const isOne = typeof token === "object" && token !== null && #from in token;
    return isOne && token.#bus === bus ? token.#from : undefined;
  }
}

/** The handle of one plugin, over the `ctx` of its actor. */
export class ScopedBus implements PluginBus {
  readonly #ctx: Context;
  readonly #name: string;
  readonly #required: ReadonlySet<string>;
  readonly #observes: boolean;
  /** The token of a request by topic that is in hand; those of calls are the context's. */
  #request: From | undefined;

  constructor(ctx: Context, name: string, required: ReadonlySet<string>, observes: boolean) {
    this.#ctx = ctx;
    this.#name = name;
    this.#required = required;
    this.#observes = observes;
  }

  publish(topic: string, message: unknown, options?: PublishOptions): SendResult {
    return this.#ctx.publish(`plugin.${this.#name}.${topic}`, message, options);
  }

  request(capability: string, call: string, argument?: unknown, options?: RequestOptions): Promise<unknown> {
    try {
      this.#assertRequired(capability);
    } catch (error) {
      return Promise.reject(error);
    }
    return callProvider(this.#ctx, capability, call, argument, this.#traced(options));
  }

  requestStream(capability: string, call: string, argument?: unknown, options?: RequestStreamOptions): StreamReader {
    this.#assertRequired(capability);
    return new PluginReader(
      this.#ctx.requestStream(capabilityTopic(capability, call), argument, this.#traced(options)),
    );
  }

  /** With the context of what is in hand, also where that came by topic. */
  #traced<T extends RequestOptions>(options: T | undefined): T | { readonly trace: string } | undefined {
    const { trace } = this;
    return trace === undefined || options?.trace !== undefined ? options : { ...options, trace };
  }

  get from(): CallToken | undefined {
    const from = this.#request ?? this.#ctx.from;
    return from && new Token(from, this);
  }

  /** Runs a handler for a request that came by topic, whose token is at hand to its end: turns come one after the other. */
  answering(request: From, run: () => unknown): unknown {
    this.#request = request;
    let value: unknown;
    try {
      value = run();
    } finally {
      if (!isThenable(value)) this.#request = undefined;
    }
    if (!isThenable(value)) return value;
    return Promise.resolve(value).finally(() => {
      this.#request = undefined;
    });
  }

  get trace(): string | undefined {
    return (this.#request ?? this.#ctx.from)?.trace;
  }

  get noReply(): NoReply {
    return this.#ctx.noReply;
  }

  reply(from: CallToken, value: unknown): void {
    this.#ctx.reply(this.#own(from, "reply"), value);
  }

  replyError(from: CallToken, error: { readonly code: string; readonly message: string }): void {
    this.#ctx.replyError(this.#own(from, "replyError"), error);
  }

  stream(from: CallToken | undefined): StreamWriter {
    return new PluginWriter(this.#ctx.stream(from && this.#own(from, "stream")));
  }

  get signal(): AbortSignal {
    return this.#ctx.signal;
  }

  wallMs(): number {
    return this.#ctx.wallMs();
  }

  observe<T extends EventType>(types: T | readonly T[], listener: EventListener<T>): () => void {
    const { signal } = this.#ctx;
    const unlisten = this.#observed("observe").events.on(types, listener);
    const over = () => {
      unlisten();
      signal.removeEventListener("abort", over);
    };
    signal.addEventListener("abort", over, { once: true });
    return over;
  }

  async stats(): Promise<SystemStats> {
    return await this.#observed("stats").stats();
  }

  #observed(verb: string): Observation {
    const observation = this.#observes ? observationOf(this.#ctx) : undefined;
    if (observation !== undefined) return observation;
    throw new RuntimeError(
      "bad_argument",
      `plugin ${this.#name}: ${verb} is for a plugin that observes the system: definePlugin({ observes: true })`,
    );
  }

  log(level: LogLevel, text: string, data?: unknown): void {
    this.#ctx.log(level, text, data);
  }

  /** See `beginOperation`. */
  isHeard(type: EventType): boolean {
    return isHeard(this.#ctx, type);
  }

  tellOperation(report: OperationReport): void {
    (this.#ctx as Context & OperationVerbs).tellOperation(report); // every context has it
  }

  tellContent(content: OperationContent): void {
    (this.#ctx as Context & OperationVerbs).tellContent(content);
  }

  #own(token: CallToken, verb: string): From {
    const from = Token.open(token, this);
    if (from !== undefined) return from;
    throw new RuntimeError(
      "bad_argument",
      `plugin ${this.#name}: ${verb} wants a token that bus.from has given it, got ${describe(token)}`,
    );
  }

  #assertRequired(capability: string): void {
    if (this.#required.has(capability)) return;
    const known = [...this.#required].join(", ") || "nothing";
    throw new RuntimeError(
      "not_required",
      `plugin ${this.#name} asks for capability ${describe(capability)}, and requires ${known}: name it in requires`,
    );
  }
}
