/**
 * `ctx`: the verbs of one actor. A thin face on the kernel's parts; each verb first makes sure that the actor lives.
 *
 * The class is made once for each kernel, so that a context is one pointer and a million idle actors stay small.
 */

import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type {
  Context,
  From,
  GroupMonitor,
  InterruptOptions,
  IntervalOptions,
  LogLevel,
  Monitor,
  PublishOptions,
  PublishReceipt,
  RequestOptions,
  RequestStreamOptions,
  SpawnLinkOptions,
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
import { MetaKind } from "../actor/mailbox.ts";
import type { CallOptions, NoReply, Ref, RefData, SendOptions, SendResult } from "../actor/ref.ts";
import { noReply, sameRef } from "../actor/ref.ts";
import { initLater } from "../actor/turn-result.ts";
import type { KeepQuestion } from "../bus/kept/consumers.ts";
import { checkKeepOptions, type KeepOptions } from "../bus/kept/keep-options.ts";
import { ackIdOfMessage, delayOf } from "../bus/kept/kept-message.ts";
import { assertQueueName, checkSubscriptionOptions } from "../bus/subscription-options.ts";
import { wordsOfPattern } from "../bus/topic.ts";
import { describe, RuntimeError } from "../errors.ts";
import { type AgentQuery, assertQuery } from "../registry/agent-query.ts";
import type { Agent } from "../registry/agents.ts";
import type { Data } from "../registry/configuration.ts";
import { assertDeclaration, type Declaration } from "../registry/declaration.ts";
import type { Task } from "../tasks/task-handle.ts";
import type { TaskRequest } from "../tasks/task-request.ts";
import { type EventType, eventBit, type SupervisionEvent } from "./events.ts";
import { assertGroup, type GroupVerb, isList } from "./groups.ts";
import type { Kernel } from "./kernel.ts";
import type { Observation } from "./observation.ts";
import { checkedContent, checkedOperation, type OperationContent, type OperationReport } from "./operations.ts";
import { assertChanges } from "./reconfiguring.ts";
import { reportable } from "./report-text.ts";
import { assertId } from "./signals.ts";
import { assertSpawnOptions } from "./spawn-options.ts";
import type { Spawnable, SpawnTies } from "./spawner.ts";
import { initTimeoutMs, startError } from "./start-error.ts";
import { signalOf } from "./turn-signals.ts";
import { assertLog, assertReplyError, missedOf, partsOf } from "./verb-arguments.ts";

/** Of most spawns: made once. */
const noTies: SpawnTies = {};
const linked: SpawnTies = { link: true };
const awaitedLink: SpawnTies = { link: true, await: "message" };

export type ContextClass = new (cell: Cell) => Context;

export function contextClass(kernel: Kernel): ContextClass {
  // No methods of the class: by a private one each of a million contexts would be a word larger.
  const askGroup = (
    cell: Cell,
    verb: GroupVerb,
    group: string,
    members: RefData | readonly RefData[] | undefined,
  ): Promise<unknown> => {
    try {
      kernel.assertAlive(cell, verb);
      assertGroup(group, verb);
      const { groups } = kernel;
      if (isList(members)) {
        const all = groups.membersOf(members, verb);
        if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, verb);
        return kernel.scheduler.commit(() => groups.askAll(cell, verb, group, all));
      }
      const of = members === undefined ? kernel.refOf(cell) : kernel.resolve(members, verb);
      if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, verb);
      return kernel.scheduler.commit(() => groups.ask(cell, verb, group, of));
    } catch (error) {
      return kernel.tasks.rejection(cell, error);
    }
  };
  const askToKeep = (cell: Cell, verb: string, question: () => KeepQuestion): Promise<unknown> => {
    try {
      kernel.assertAlive(cell, verb);
      const asked = question();
      if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, verb);
      return kernel.scheduler.commit(() => kernel.topics.consumers.ask(cell, asked));
    } catch (error) {
      return kernel.tasks.rejection(cell, error);
    }
  };
  return class ActorContext {
    readonly #cell: Cell;

    constructor(cell: Cell) {
      this.#cell = cell;
    }

    get self(): Ref {
      return kernel.refOf(this.#cell);
    }
    get parent(): Ref | undefined {
      const parent = this.#cell.parent;
      return parent === undefined ? undefined : kernel.adopt(parent);
    }
    get from(): From | undefined {
      const meta = this.#cell.current;
      if (meta === undefined || meta.kind !== MetaKind.call || meta.from === undefined) return undefined;
      const from = { caller: kernel.adopt(meta.from), id: meta.id };
      if (meta.credit === undefined && meta.trace === undefined) return from;
      return {
        ...from,
        ...(meta.credit !== undefined && { stream: meta.credit }),
        ...(meta.trace !== undefined && { trace: meta.trace }),
      };
    }
    get trace(): string | undefined {
      return this.#cell.current?.trace;
    }
    get signal(): AbortSignal {
      return signalOf(kernel, this.#cell);
    }
    get noReply(): NoReply {
      return noReply;
    }
    get initLater(): symbol {
      return initLater;
    }

    spawn(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): Ref {
      return kernel.spawner.spawn(this.#cell, behaviour, argument, options, noTies).ref;
    }
    spawnLink(behaviour: Spawnable, argument?: unknown, options?: SpawnLinkOptions): Ref {
      const ties = options?.ack === true ? awaitedLink : linked;
      return kernel.spawner.spawn(this.#cell, behaviour, argument, options, ties).ref;
    }
    spawnMonitor(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): { ref: Ref; monitor: Monitor } {
      const { ref, monitor } = kernel.spawner.spawn(this.#cell, behaviour, argument, options, { monitor: true });
      return { ref, monitor: monitor as Monitor };
    }
    start(behaviour: Spawnable, argument?: unknown, options?: SpawnOptions): Promise<Ref> {
      const cell = this.#cell;
      const { promise, resolve, reject } = Promise.withResolvers<Ref>();
      try {
        assertSpawnOptions(options);
        if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "start");
        kernel.scheduler.commit(() => kernel.asyncTurns.awaits(cell, 1));
        let ref: Ref | undefined;
        const settled = (result: StartResult) => {
          kernel.asyncTurns.awaits(cell, -1);
          if (result.ok) resolve(ref as Ref);
          else reject(kernel.tasks.failureOf(cell, startError(behaviour, ref as Ref, result, options)));
        };
        try {
          const ties = { link: true, await: settled, initTimeoutMs };
          ref = kernel.spawner.spawn(cell, behaviour, argument, options, ties).ref;
        } catch (error) {
          kernel.scheduler.commit(() => kernel.asyncTurns.awaits(cell, -1));
          throw error;
        }
      } catch (error) {
        return kernel.tasks.rejection(cell, error);
      }
      return promise;
    }

    link(ref: RefData): void {
      kernel.assertAlive(this.#cell, "link");
      const to = kernel.resolve(ref, "link");
      kernel.scheduler.commit(() => kernel.signals.link(this.#cell, to));
    }
    unlink(ref: RefData): void {
      kernel.assertAlive(this.#cell, "unlink");
      const from = kernel.resolve(ref, "unlink");
      kernel.scheduler.commit(() => kernel.signals.unlink(this.#cell, from));
    }
    monitor(target: Target): Monitor {
      kernel.assertAlive(this.#cell, "monitor");
      const name = typeof target === "string" ? target : undefined;
      const ref = typeof target === "string" ? kernel.names.whereis(target) : kernel.resolve(target, "monitor");
      return kernel.scheduler.commit(() => kernel.signals.monitor(this.#cell, ref, name));
    }
    demonitor(monitor: Monitor | number, options?: { readonly flush?: boolean }): void {
      kernel.assertAlive(this.#cell, "demonitor");
      const id = assertId(monitor);
      const flush = options?.flush ?? true;
      kernel.scheduler.commit(() => kernel.signals.demonitor(this.#cell, id, flush));
    }
    exit(ref: RefData, reason: ExitReason): void {
      kernel.assertAlive(this.#cell, "exit");
      kernel.outgoing.checkReason(reason, "exit");
      const to = kernel.resolve(ref, "exit");
      kernel.scheduler.commit(() => kernel.signals.exit(this.#cell, to, reason));
    }
    interrupt(target: Target, options?: InterruptOptions): Promise<boolean> {
      const cell = this.#cell;
      try {
        kernel.assertAlive(cell, "interrupt");
        const ref = kernel.resolve(target, "interrupt");
        if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "interrupt");
        return kernel.interrupts.ask(cell, ref, options);
      } catch (error) {
        return kernel.tasks.rejection(cell, error);
      }
    }
    trapExit(on: boolean): void {
      kernel.assertAlive(this.#cell, "trapExit");
      if (typeof on !== "boolean")
        throw new RuntimeError("bad_argument", `trapExit wants true or false, got ${describe(on)}`);
      if (on) this.#cell.flags |= Flag.trapping;
      else this.#cell.flags &= ~Flag.trapping;
    }
    stop(reason: ExitReason = "normal"): void {
      kernel.assertAlive(this.#cell, "stop");
      kernel.outgoing.checkReason(reason, "stop");
      kernel.scheduler.commit(() => kernel.lifecycle.stop(this.#cell, reason));
    }
    reconfigure(target: Target, changes: Data): Promise<unknown> {
      const cell = this.#cell;
      try {
        kernel.assertAlive(cell, "reconfigure");
        assertChanges(changes);
        const ref = kernel.resolve(target, "reconfigure");
        if (sameRef(ref, kernel.refOf(cell)))
          throw new RuntimeError(
            "calling_self",
            `${kernel.nameOf(ref)} would wait for itself: reconfigure is for others`,
          );
        if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "reconfigure");
        return kernel.controls.ask(cell, "reconfigure", ref, changes);
      } catch (error) {
        return kernel.tasks.rejection(cell, error);
      }
    }
    stopActor(target: Target, reason: ExitReason = "normal", timeoutMs = Number.POSITIVE_INFINITY): Promise<unknown> {
      try {
        kernel.outgoing.checkReason(reason, "stopActor");
        return kernel.calls.stop(this.#cell, kernel.resolve(target, "stopActor"), reason, timeoutMs);
      } catch (error) {
        return kernel.tasks.rejection(this.#cell, error);
      }
    }
    ignore(): void {
      kernel.assertAlive(this.#cell, "ignore");
      if ((this.#cell.flags & Flag.initializing) === 0) throw new RuntimeError("bad_argument", "ignore() is for init");
      kernel.scheduler.commit(() => {
        extraOf(this.#cell).isIgnored = true;
        kernel.lifecycle.stop(this.#cell, "normal");
      });
    }
    initDone(result: StartResult, state?: unknown): void {
      kernel.assertAlive(this.#cell, "initDone");
      if (!result.ok) kernel.outgoing.checkReason(result.reason, "initDone");
      kernel.scheduler.commit(() => kernel.births.initDone(this.#cell, result, state));
    }
    continue(argument?: unknown): void {
      kernel.assertAlive(this.#cell, "continue");
      kernel.scheduler.commit(() => {
        const extra = extraOf(this.#cell);
        extra.continues ??= [];
        extra.continues.push(argument);
        this.#cell.flags |= Flag.special;
        if (kernel.scheduler.current !== this.#cell) kernel.scheduler.schedule(this.#cell);
      });
    }
    idleTimeout(delayMs: number | undefined): void {
      kernel.assertAlive(this.#cell, "idleTimeout");
      kernel.scheduler.commit(() => kernel.timers.setIdle(this.#cell, delayMs));
    }
    reply(from: From, value: unknown): void {
      kernel.assertAlive(this.#cell, "reply");
      const { caller, id } = partsOf(from, "reply", kernel.memory.creation);
      if ((this.#cell.flags & Flag.traced) !== 0) kernel.traces.answers(this.#cell, caller, id, value);
      const writer = kernel.streams.writerOf(this.#cell, caller, id);
      if (writer !== undefined) {
        writer.end(value);
        return;
      }
      kernel.calls.answer(caller, id, value, this.self);
      kernel.calls.answered(this.#cell, caller, id);
    }
    replyError(from: From, error: { readonly code: string; readonly message: string }): void {
      kernel.assertAlive(this.#cell, "replyError");
      const { caller, id } = partsOf(from, "replyError", kernel.memory.creation);
      const { code, message } = assertReplyError(error, "replyError");
      const writer = kernel.streams.writerOf(this.#cell, caller, id);
      if (writer !== undefined) {
        writer.fail({ code, message });
        return;
      }
      kernel.scheduler.commit(() => {
        kernel.calls.answered(this.#cell, caller, id);
        kernel.calls.answerError(caller, id, { name: "RuntimeError", code, message }, this.self);
      });
    }

    register(name: string, ref?: RefData): Promise<void> {
      let of: RefData;
      try {
        of = ref === undefined ? this.self : kernel.resolve(ref, "register");
      } catch (error) {
        return kernel.tasks.rejection(this.#cell, error);
      }
      return kernel.scheduler.commit(() => kernel.names.register(this.#cell, name, of));
    }
    unregister(name: string): Promise<void> {
      return kernel.scheduler.commit(() => kernel.names.unregister(this.#cell, name));
    }
    whereis(name: string): Ref | undefined {
      return kernel.names.whereis(name);
    }
    join(group: string, members?: RefData | readonly RefData[]): Promise<void> {
      return askGroup(this.#cell, "join", group, members) as Promise<void>;
    }
    leave(group: string, members?: RefData | readonly RefData[]): Promise<"ok" | "not_joined"> {
      return askGroup(this.#cell, "leave", group, members) as Promise<"ok" | "not_joined">;
    }
    members(group: string): Ref[] {
      assertGroup(group, "members");
      return kernel.scheduler.commit(() => kernel.groups.members(group));
    }
    groups(): string[] {
      return kernel.scheduler.commit(() => kernel.groups.all());
    }
    monitorGroup(group?: string): GroupMonitor {
      kernel.assertAlive(this.#cell, "monitorGroup");
      if (group !== undefined) assertGroup(group, "monitorGroup");
      return kernel.scheduler.commit(() => kernel.groups.monitor(this.#cell, group));
    }
    demonitorGroup(monitor: GroupMonitor | number): boolean {
      kernel.assertAlive(this.#cell, "demonitorGroup");
      const id = assertId(monitor, "demonitorGroup");
      return kernel.scheduler.commit(() => kernel.groups.demonitor(this.#cell, id));
    }
    isAlive(ref: RefData): boolean {
      return kernel.isAlive(kernel.resolve(ref, "isAlive"));
    }
    random(): number {
      return kernel.host.random.next();
    }
    nowMs(): number {
      return kernel.readClock();
    }
    wallMs(): number {
      return kernel.host.clock.wallMs?.() ?? kernel.readClock();
    }

    declare(declaration: Declaration): void {
      kernel.assertAlive(this.#cell, "declare");
      assertDeclaration(declaration);
      kernel.outgoing.check(declaration, undefined, undefined, "declare");
      kernel.scheduler.commit(() => kernel.agents.declare(this.#cell, declaration));
    }
    find(query: AgentQuery): Agent[] {
      assertQuery(query, "find");
      return kernel.scheduler.commit(() => kernel.agents.find(query));
    }
    watch(query: AgentQuery): { id: number; agents: Agent[] } {
      kernel.assertAlive(this.#cell, "watch");
      assertQuery(query, "watch");
      return kernel.scheduler.commit(() => kernel.agents.watch(this.#cell, query));
    }
    unwatch(watch: { readonly id: number } | number): boolean {
      kernel.assertAlive(this.#cell, "unwatch");
      const id = assertId(watch, "unwatch");
      return kernel.scheduler.commit(() => kernel.agents.unwatch(this.#cell, id));
    }
    subscribe(pattern: string, options?: SubscriptionOptions): Promise<Subscription> {
      const cell = this.#cell;
      try {
        kernel.assertAlive(cell, "subscribe");
        const checked = checkSubscriptionOptions(options);
        if ((cell.flags & Flag.counted) !== 0) kernel.budgets.admit(cell, "subscribe");
        return kernel.scheduler.commit(() => kernel.topics.subscribe(cell, pattern, checked));
      } catch (error) {
        return kernel.tasks.rejection(cell, error);
      }
    }
    unsubscribe(subscription: Subscription | number): boolean {
      kernel.assertAlive(this.#cell, "unsubscribe");
      const id = assertId(subscription, "unsubscribe");
      return kernel.scheduler.commit(() => kernel.topics.unsubscribe(this.#cell, id));
    }
    publish(topic: string, message: unknown, options: PublishOptions & { ack: true }): Promise<PublishReceipt>;
    publish(topic: string, message: unknown, options?: PublishOptions): SendResult;
    publish(topic: string, message: unknown, options?: PublishOptions): SendResult | Promise<PublishReceipt> {
      return kernel.topics.publish(this.#cell, topic, message, options);
    }
    request(topic: string, message: unknown, options?: RequestOptions): Promise<unknown> {
      return kernel.topics.requests.request(this.#cell, topic, message, options);
    }
    requestStream(topic: string, message: unknown, options?: RequestStreamOptions): StreamReader {
      return kernel.streams.request(this.#cell, topic, message, options);
    }
    callStream(target: Target, name: string, argument?: unknown, options?: StreamOptions): StreamReader {
      return kernel.streams.call(this.#cell, target, name, argument, options);
    }
    stream(from: From | undefined): StreamWriter {
      kernel.assertAlive(this.#cell, "stream");
      return kernel.streams.stream(this.#cell, from);
    }
    /** The same for an actor in a process of its own: a signal cannot cross, so there is one here by number. */
    requestAs(number: number, topic: string, message: unknown, options: RequestOptions): Promise<unknown> {
      return kernel.topics.requests.requestAs(this.#cell, number, topic, message, options);
    }
    cancelRequest(number: number): void {
      kernel.topics.requests.cancelAs(this.#cell, number);
    }
    keepTopic(pattern: string, options?: KeepOptions): Promise<void> {
      return askToKeep(this.#cell, "keepTopic", () => {
        wordsOfPattern(pattern, "keepTopic");
        return ["keep", pattern, ...checkKeepOptions(pattern, options)];
      }) as Promise<void>;
    }
    dropTopic(pattern: string): Promise<boolean> {
      return askToKeep(this.#cell, "dropTopic", () => {
        wordsOfPattern(pattern, "dropTopic");
        return ["drop", pattern];
      }) as Promise<boolean>;
    }
    endQueue(pattern: string, queue: string): Promise<number | undefined> {
      return askToKeep(this.#cell, "endQueue", () => {
        wordsOfPattern(pattern, "endQueue");
        assertQueueName(queue, "endQueue");
        return ["endQueue", pattern, queue];
      }) as Promise<number | undefined>;
    }
    ack(message: unknown): void {
      kernel.assertAlive(this.#cell, "ack");
      const ackId = ackIdOfMessage(message, "ack");
      kernel.scheduler.commit(() => kernel.topics.consumers.answer(this.#cell, ackId, "ack", undefined));
    }
    nack(message: unknown, options?: { readonly delayMs?: number }): void {
      kernel.assertAlive(this.#cell, "nack");
      const ackId = ackIdOfMessage(message, "nack");
      const delayMs = delayOf(options);
      kernel.scheduler.commit(() => kernel.topics.consumers.answer(this.#cell, ackId, "nack", delayMs));
    }

    submit(request: TaskRequest): Task {
      return kernel.submissions.submit(this.#cell, request);
    }
    /** The same for an actor in a process of its own: a handle cannot cross, so there is one here by number until it has ended. */
    submitTask(number: number, request: TaskRequest): Promise<string> {
      return kernel.submissions.submitAs(this.#cell, number, request);
    }
    taskResult(number: number): Promise<unknown> {
      return kernel.submissions.resultOf(this.#cell, number);
    }
    cancelTask(number: number): Promise<boolean> {
      return kernel.submissions.cancelOf(this.#cell, number);
    }

    send(target: Target, message: unknown, options?: SendOptions): SendResult {
      return kernel.send(this.#cell, kernel.resolve(target, "send"), message, options);
    }
    call(target: Target, name: string, argument?: unknown, options?: CallOptions): Promise<unknown> {
      try {
        return kernel.calls.call(this.#cell, kernel.resolve(target, "call"), name, argument, options);
      } catch (error) {
        return kernel.tasks.rejection(this.#cell, error);
      }
    }
    cast(target: Target, name: string, argument?: unknown, options?: SendOptions): SendResult {
      return kernel.cast(this.#cell, kernel.resolve(target, "cast"), name, argument, options);
    }

    sendAfter(delayMs: number, message: unknown, target?: Target): TimerRef {
      kernel.assertAlive(this.#cell, "sendAfter");
      return kernel.timers.start(this.#cell, "sendAfter", delayMs, 0, message, target);
    }
    sendEvery(periodMs: number, message: unknown, target?: Target, options?: IntervalOptions): TimerRef {
      kernel.assertAlive(this.#cell, "sendEvery");
      if (!(periodMs >= 1))
        throw new RuntimeError("bad_argument", `sendEvery wants a period from 1 ms, got ${periodMs}`);
      const missed = missedOf(options, "sendEvery");
      return kernel.timers.start(this.#cell, "sendEvery", periodMs, periodMs, message, target, missed);
    }
    cancelTimer(timer: TimerRef): number | undefined {
      kernel.assertAlive(this.#cell, "cancelTimer");
      const id = (timer as TimerRef | undefined | null)?.id;
      if (typeof id !== "number")
        throw new RuntimeError(
          "bad_argument",
          `cancelTimer wants a timer of sendAfter or sendEvery, got ${describe(timer)}`,
        );
      return kernel.scheduler.commit(() => kernel.timers.cancel(this.#cell, { id }));
    }

    stash(): void {
      kernel.assertAlive(this.#cell, "stash");
      kernel.scheduler.commit(() => kernel.dispatch.stashCurrent(this.#cell));
    }
    unstashAll(): void {
      kernel.assertAlive(this.#cell, "unstashAll");
      kernel.scheduler.commit(() => kernel.lifecycle.unstashAll(this.#cell));
    }
    task<T>(work: Promise<T> | ((signal: AbortSignal) => Promise<T>)): Promise<T> {
      kernel.assertAlive(this.#cell, "task");
      return kernel.tasks.run(this.#cell, typeof work === "function" ? work(this.signal) : work);
    }
    /** See `isHeard` in events.ts. */
    isHeard(type: EventType): boolean {
      return kernel.wants(eventBit(type));
    }
    /** See `tellSupervision` in events.ts. */
    tellSupervision(event: SupervisionEvent): void {
      if (!kernel.wants(eventBit(event.type))) return;
      const name = this.#cell.extra?.name;
      kernel.emit({ ...event, supervisor: this.self.toJSON(), name });
    }
    /** See `observationOf`. */
    observation(): Observation | undefined {
      return kernel.observation;
    }
    /** See `beginOperation`. It may end behind its actor. */
    tellOperation(report: OperationReport): void {
      if (!kernel.wants(eventBit("operation")) || (this.#cell.flags & Flag.dead) !== 0) return;
      const name = this.#cell.extra?.name;
      kernel.emit({ type: "operation", ref: this.self.toJSON(), name, ...checkedOperation(report) });
    }
    tellContent(content: OperationContent): void {
      if (!kernel.wants(eventBit("operationContent")) || (this.#cell.flags & Flag.dead) !== 0) return;
      const name = this.#cell.extra?.name;
      kernel.emit({ type: "operationContent", ref: this.self.toJSON(), name, ...checkedContent(content) });
    }
    log(level: LogLevel, message: string, data?: unknown): void {
      kernel.assertAlive(this.#cell, "log");
      assertLog(level, message);
      if (!kernel.wants(eventBit("log"))) return;
      kernel.emit({
        type: "log",
        ref: this.self.toJSON(),
        name: this.#cell.extra?.name,
        level,
        message,
        data: reportable(data),
      });
    }
    // The typed overloads of spawn, spawnLink and start stand in Context; here they are one untyped function each.
  } as unknown as ContextClass;
}
