/**
 * `ctx` in an actor's process. Each verb is carried out on main, in the name of the actor's cell; what needs a result at
 * once waits for it (some 50 µs), so that it means exactly what it means on a thread.
 */

import { types } from "node:util";
import { type Behaviour, type BehaviourReference, isBehaviour } from "../actor/behaviour.ts";
import { behaviourModule } from "../actor/behaviour-module.ts";
import type {
  Context,
  From,
  GroupMonitor,
  InterruptOptions,
  IntervalOptions,
  LogLevel,
  Monitor,
  PublishOptions,
  RequestOptions,
  RequestStreamOptions,
  SpawnOptions,
  StartResult,
  StreamOptions,
  StreamReader,
  StreamWriter,
  Subscription,
  SubscriptionOptions,
  Target,
  TimerRef,
} from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import {
  type Api,
  type CallOptions,
  type NoReply,
  noReply,
  type Ref,
  type RefData,
  type SendOptions,
  type SendResult,
} from "../actor/ref.ts";
import { initLater, isThenable } from "../actor/turn-result.ts";
import type { KeepOptions } from "../bus/kept/keep-options.ts";
import { ackIdOfMessage, delayOf } from "../bus/kept/kept-message.ts";
import { cancelled, checkedSignal, requestKeys } from "../bus/request-options.ts";
import { wallMs } from "../clock.ts";
import { describe, RuntimeError } from "../errors.ts";
import { callTimeoutMs } from "../kernel/calls.ts";
import type { EventType } from "../kernel/events.ts";
import type { OperationContent, OperationReport } from "../kernel/operations.ts";
import { reportable } from "../kernel/report-text.ts";
import { hasOwnHeap } from "../kernel/spawn-options.ts";
import {
  assertAddress,
  assertCallOptions,
  assertHandlerName,
  assertLog,
  partsOf,
  transferOf,
} from "../kernel/verb-arguments.ts";
import { assertKeys } from "../known-keys.ts";
import type { AgentQuery } from "../registry/agent-query.ts";
import type { Agent } from "../registry/agents.ts";
import type { Data } from "../registry/configuration.ts";
import type { Declaration } from "../registry/declaration.ts";
import { readerOf, requestStreamKeys, streamKeys } from "../streams/stream-options.ts";
import { streamedCall } from "../streams/streamed-call.ts";
import type { Task } from "../tasks/task-handle.ts";
import { checkTask, type TaskRequest } from "../tasks/task-request.ts";
import type { MainLine } from "./main-line.ts";
import { ProcessReader, ProcessWriter } from "./process-streams.ts";
import type { BeginVerb } from "./protocol.ts";

type Spawnable = Behaviour<never, Api> | BehaviourReference;

/** What changes from turn to turn. */
export interface TurnState {
  self: Ref;
  parent: Ref | undefined;
  from: From | undefined;
  /** The state, which `initDone` sets. */
  state: unknown;
  /** Whether main is told of tasks. */
  isCounting: boolean;
  /** Whether the system's time of day is that of the machine. */
  isWallClock: boolean;
}

export class ProcessContext {
  readonly #line: MainLine;
  readonly #turn: TurnState;
  /** Of the turn that is under way; made when it is asked for. */
  #abort: AbortController | undefined;
  #nextTask = 1;
  #nextRequest = 1;
  #nextStream = 1;
  /** Of streams that it writes, by who reads them. */
  readonly #writers = new Map<string, StreamWriter>();

  constructor(line: MainLine, turn: TurnState) {
    this.#line = line;
    this.#turn = turn;
  }

  get self(): Ref {
    return this.#turn.self;
  }
  get parent(): Ref | undefined {
    return this.#turn.parent;
  }
  get from(): From | undefined {
    return this.#turn.from;
  }
  get trace(): string | undefined {
    return this.#turn.from?.trace;
  }
  /** Aborted by an interrupt alone: when the actor ends, so does its process. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }
  /** A turn begins: what earlier ones have left behind is not told of its interrupt. */
  renewSignal(): void {
    this.#abort = undefined;
  }
  abortTurn(error: RuntimeError): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(error);
  }
  get noReply(): NoReply {
    return noReply;
  }
  get initLater(): symbol {
    return initLater;
  }

  spawn(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): Ref {
    return this.#line.ask("spawn", spawnArguments(behaviour, argument, options)) as Ref;
  }
  spawnLink(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): Ref {
    return this.#line.ask("spawnLink", spawnArguments(behaviour, argument, options)) as Ref;
  }
  spawnMonitor(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): { ref: Ref; monitor: Monitor } {
    return this.#line.ask("spawnMonitor", spawnArguments(behaviour, argument, options)) as {
      ref: Ref;
      monitor: Monitor;
    };
  }
  start(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): Promise<unknown> {
    return this.#begin("start", () => spawnArguments(behaviour, argument, options));
  }

  link(ref: RefData): void {
    this.#line.ask("link", [ref]);
  }
  unlink(ref: RefData): void {
    this.#line.ask("unlink", [ref]);
  }
  monitor(target: Target): Monitor {
    return this.#line.ask("monitor", [target]) as Monitor;
  }
  demonitor(monitor: Monitor | number, options?: { readonly flush?: boolean }): void {
    this.#line.ask("demonitor", [monitor, options]);
  }
  exit(ref: RefData, reason: ExitReason): void {
    this.#line.ask("exit", [ref, reason]);
  }
  interrupt(target: Target, options?: InterruptOptions): Promise<unknown> {
    return this.#begin("interrupt", () => [target, options]);
  }
  trapExit(on: boolean): void {
    this.#line.ask("trapExit", [on]);
  }
  stop(reason: ExitReason = "normal"): void {
    this.#line.ask("stop", [reason]);
  }
  reconfigure(target: Target, changes: Data): Promise<unknown> {
    return this.#begin("reconfigure", () => [target, changes]);
  }
  stopActor(target: Target, reason?: ExitReason, timeoutMs?: number): Promise<unknown> {
    return this.#begin("stopActor", () => [target, reason, timeoutMs]);
  }
  ignore(): void {
    this.#line.ask("ignore", []);
  }
  initDone(result: StartResult, state?: unknown): void {
    this.#turn.state = state;
    this.#line.ask("initDone", [result]);
  }
  continue(argument?: unknown): void {
    this.#line.ask("continue", [argument]);
  }
  idleTimeout(delayMs: number | undefined): void {
    this.#line.ask("idleTimeout", [delayMs]);
  }
  reply(from: From, value: unknown): void {
    partsOf(from, "reply", this.self.creation);
    this.#line.tell("reply", [from, value]);
  }
  replyError(from: From, error: { readonly code: string; readonly message: string }): void {
    this.#line.ask("replyError", [from, error]);
  }

  register(name: string, ref?: RefData): Promise<unknown> {
    return this.#begin("register", () => [name, ref]);
  }
  unregister(name: string): Promise<unknown> {
    return this.#begin("unregister", () => [name]);
  }
  whereis(name: string): Ref | undefined {
    return this.#line.ask("whereis", [name]) as Ref | undefined;
  }
  join(group: string, members?: RefData | readonly RefData[]): Promise<unknown> {
    return this.#begin("join", () => [group, members]);
  }
  leave(group: string, members?: RefData | readonly RefData[]): Promise<unknown> {
    return this.#begin("leave", () => [group, members]);
  }
  members(group: string): Ref[] {
    return this.#line.ask("members", [group]) as Ref[];
  }
  groups(): string[] {
    return this.#line.ask("groups", []) as string[];
  }
  monitorGroup(group?: string): GroupMonitor {
    return this.#line.ask("monitorGroup", [group]) as GroupMonitor;
  }
  demonitorGroup(monitor: GroupMonitor | number): boolean {
    return this.#line.ask("demonitorGroup", [monitor]) as boolean;
  }
  isAlive(ref: RefData): boolean {
    return this.#line.ask("isAlive", [ref]) as boolean;
  }
  random(): number {
    return this.#line.ask("random", []) as number;
  }
  nowMs(): number {
    return this.#line.ask("nowMs", []) as number;
  }
  /** Without a look at main, which would stop the process for it: a store asks at each read. */
  wallMs(): number {
    return this.#turn.isWallClock ? wallMs() : this.nowMs();
  }

  declare(declaration: Declaration): void {
    this.#line.ask("declare", [declaration]);
  }
  find(query: AgentQuery): Agent[] {
    return this.#line.ask("find", [query]) as Agent[];
  }
  watch(query: AgentQuery): { id: number; agents: Agent[] } {
    return this.#line.ask("watch", [query]) as { id: number; agents: Agent[] };
  }
  unwatch(watch: { readonly id: number } | number): boolean {
    return this.#line.ask("unwatch", [watch]) as boolean;
  }
  subscribe(pattern: string, options?: SubscriptionOptions): Promise<unknown> {
    return this.#begin("subscribe", () => [pattern, options]);
  }
  unsubscribe(subscription: Subscription | number): boolean {
    return this.#line.ask("unsubscribe", [subscription]) as boolean;
  }
  publish(topic: string, message: unknown, options?: PublishOptions): SendResult {
    const wait = this.#line.ask("publish", [topic, message, options]);
    return wait === undefined ? undefined : (this.#line.begin("accepted", [wait]) as Promise<void>);
  }
  keepTopic(pattern: string, options?: KeepOptions): Promise<unknown> {
    return this.#begin("keepTopic", () => [pattern, options]);
  }
  dropTopic(pattern: string): Promise<unknown> {
    return this.#begin("dropTopic", () => [pattern]);
  }
  endQueue(pattern: string, queue: string): Promise<unknown> {
    return this.#begin("endQueue", () => [pattern, queue]);
  }
  ack(message: unknown): void {
    this.#line.tell("ack", [{ ackId: ackIdOfMessage(message, "ack") }]);
  }
  nack(message: unknown, options?: { readonly delayMs?: number }): void {
    const delayMs = delayOf(options);
    this.#line.tell("nack", [
      { ackId: ackIdOfMessage(message, "nack") },
      delayMs === undefined ? undefined : { delayMs },
    ]);
  }

  /** The signal stays here: main is told by a number when it is aborted. */
  async request(topic: string, message: unknown, options: RequestOptions = {}): Promise<unknown> {
    assertKeys("request: options", options, requestKeys);
    const { signal: given, ...rest } = options;
    const signal = checkedSignal(given, "request");
    if (signal?.aborted === true) throw cancelled(topic);
    const number = this.#nextRequest++;
    const abort = () => this.#line.tell("cancelRequest", [number]);
    const answer = this.#line.begin("requestAs", [number, topic, message, rest]);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      return await answer;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  requestStream(topic: string, message: unknown, options: RequestStreamOptions = {}): StreamReader {
    const keys = requestStreamKeys;
    return new ProcessReader(this.#line, this.#nextStream++, "requestStream", keys, options, "request", topic, message);
  }
  callStream(target: Target, name: string, argument?: unknown, options: StreamOptions = {}): StreamReader {
    const number = this.#nextStream++;
    return new ProcessReader(this.#line, number, "callStream", streamKeys, options, "call", target, name, argument);
  }
  stream(from: From | undefined): StreamWriter {
    const token = readerOf(from, this.self.creation);
    const { caller, id } = token;
    const key = `${caller.thread}.${id}`;
    const known = this.#writers.get(key);
    if (known !== undefined) return known;
    const writer = new ProcessWriter(this.#line, this.#nextStream++, token, () => this.#writers.delete(key));
    this.#writers.set(key, writer);
    return writer;
  }

  /** Main keeps the handle, which has a number here. Both its ends are asked for at once: then nothing of it is left there. */
  submit(request: TaskRequest): Task {
    checkTask(request, this.self.creation);
    const number = this.#nextTask++;
    const accepted = this.#line.begin("submitTask", [number, request]);
    const result = this.#line.begin("taskResult", [number]);
    return new RemoteTask(accepted, result, () => this.#begin("cancelTask", () => [number]) as Promise<boolean>);
  }

  send(target: Target, message: unknown, options?: SendOptions): SendResult {
    const transfer = movable(options, "send");
    const accepted = this.#line.send("send", [this.#resolve(target, "send"), message]);
    letGo(transfer);
    return accepted;
  }
  call(target: Target, name: string, argument?: unknown, options?: CallOptions): Promise<unknown> {
    const { stream, timeoutMs = callTimeoutMs } = options ?? {};
    // A function cannot cross.
    if (options !== undefined && stream !== undefined) {
      assertCallOptions(options, "call");
      return streamedCall((how) => this.callStream(target, name, argument, how), { ...options, timeoutMs, stream });
    }
    return this.#begin("call", () => [target, name, argument, options]);
  }
  cast(target: Target, name: string, argument?: unknown, options?: SendOptions): SendResult {
    assertHandlerName("cast", name);
    const transfer = movable(options, "cast");
    const accepted = this.#line.send("cast", [this.#resolve(target, "cast"), name, argument]);
    letGo(transfer);
    return accepted;
  }

  sendAfter(delayMs: number, message: unknown, target?: Target): TimerRef {
    return this.#line.ask("sendAfter", [delayMs, message, target]) as TimerRef;
  }
  sendEvery(periodMs: number, message: unknown, target?: Target, options?: IntervalOptions): TimerRef {
    return this.#line.ask("sendEvery", [periodMs, message, target, options]) as TimerRef;
  }
  cancelTimer(timer: TimerRef): number | undefined {
    return this.#line.ask("cancelTimer", [timer]) as number | undefined;
  }

  stash(): void {
    this.#line.ask("stash", []);
  }
  unstashAll(): void {
    this.#line.ask("unstashAll", []);
  }
  async task<T>(work: Promise<T> | ((signal: AbortSignal) => Promise<T>)): Promise<T> {
    const promise: unknown = typeof work === "function" ? work(this.signal) : work;
    if (!isThenable(promise))
      throw new RuntimeError(
        "bad_argument",
        `task wants a promise, or a function that returns one, got ${describe(work)}`,
      );
    if (!this.#turn.isCounting) return (await promise) as T;
    this.#line.tell("taskBegan", []);
    try {
      return (await promise) as T;
    } finally {
      this.#line.tell("taskEnded", []);
    }
  }
  log(level: LogLevel, message: string, data?: unknown): void {
    assertLog(level, message);
    this.#line.tell("log", [level, message, reportable(data)]);
  }

  /** See `beginOperation`. What nobody wants to hear does not cross. */
  isHeard(type: EventType): boolean {
    return this.#line.ask("isHeard", [type]) as boolean;
  }
  tellOperation(report: OperationReport): void {
    this.#line.tell("tellOperation", [report]);
  }
  tellContent(content: OperationContent): void {
    try {
      this.#line.tell("tellContent", [content]);
    } catch (error) {
      // The bound of a frame may be small, and what was said is said all the same.
      this.log("warning", `what was said is not told: ${(error as RuntimeError).message}`);
    }
  }

  /** What is wrong with the arguments is a failure of the promise too. */
  async #begin(verb: Exclude<BeginVerb, "accepted">, args: () => readonly unknown[]): Promise<unknown> {
    return await this.#line.begin(verb, args());
  }

  /** A name is looked up first, so that one that nobody holds throws here. */
  #resolve(target: Target, verb: string): RefData {
    if (typeof target === "string") {
      const ref = this.whereis(target);
      if (ref === undefined) throw new RuntimeError("noproc", `${verb}: nobody is registered as ${describe(target)}`);
      return ref;
    }
    assertAddress(target, verb, this.self.creation);
    return target;
  }
}

/** A task that main has in hand. One that fails ends the actor only where its failure is asked for and not awaited. */
class RemoteTask implements Task {
  readonly #accepted: Promise<unknown>;
  readonly #result: Promise<unknown>;
  readonly cancel: () => Promise<boolean>;

  constructor(accepted: Promise<unknown>, result: Promise<unknown>, cancel: () => Promise<boolean>) {
    for (const promise of [accepted, result]) promise.catch(() => {});
    this.#accepted = accepted;
    this.#result = result;
    this.cancel = cancel;
  }

  async accepted(): Promise<string> {
    return (await this.#accepted) as string; // as main answers
  }

  async result(): Promise<unknown> {
    return await this.#result;
  }
}

/** The typed overloads of spawn, spawnLink and start stand in Context; here they are one untyped function each. Each of its verbs is here. */
export function contextOf(context: Record<keyof Context, unknown>): Context {
  return context as Context;
}

/** Buffers that move to the receiver are gone here, as on a thread, though their bytes are copied. */
function letGo(transfer: readonly unknown[] | undefined): void {
  if (transfer !== undefined) structuredClone(undefined, { transfer: transfer as ArrayBuffer[] }); // checked by `movable`
}

/** @throws RuntimeError `bad_argument`, `not_cloneable`: a MessagePort leads to a thread of this process. */
function movable(options: SendOptions | undefined, verb: string): readonly unknown[] | undefined {
  const transfer = options === undefined ? undefined : transferOf(options, verb);
  const port = transfer?.find((value) => !types.isArrayBuffer(value));
  if (port !== undefined)
    throw new RuntimeError(
      "not_cloneable",
      `${verb}: only ArrayBuffers can move out of a process, got ${describe(port)}`,
    );
  return transfer;
}

/** A behaviour as data; children of a process start on a scheduler thread unless told otherwise: main is nobody's default. */
function spawnArguments(
  behaviour: Spawnable,
  argument: unknown,
  options: SpawnOptions | undefined,
): readonly unknown[] {
  const where = options === undefined || needsPlace(options) ? { placement: "spread", ...options } : options;
  return [isBehaviour(behaviour) ? referenceTo(behaviour) : behaviour, argument, where];
}

/** What is no options is refused by main. */
function needsPlace(options: unknown): options is SpawnOptions {
  if (typeof options !== "object" || options === null) return false;
  const { placement, isolation } = options as SpawnOptions;
  return placement === undefined && !hasOwnHeap(isolation);
}

function referenceTo(behaviour: Behaviour<never, Api>): BehaviourReference {
  const known = behaviourModule(behaviour);
  if (!(known instanceof Promise)) return { kind: "behaviourRef", ...known };
  // By the place where it was made: another thread finds the export by that.
  known.catch(() => {});
  const [nearest] = behaviour.modules;
  if (nearest === undefined)
    throw new RuntimeError(
      "module_unknown",
      `behaviour ${behaviour.options.name ?? "(unnamed)"} cannot run on another thread: no module is known. Name it: module: import.meta.url`,
    );
  return { kind: "behaviourRef", ...nearest };
}
