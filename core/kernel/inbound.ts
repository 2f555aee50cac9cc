/** Frames from other threads, handed to the part of the kernel that they are for. */
import type { StartResult, UnsubscribedMessage } from "../actor/context.ts";
import type { ExitReason } from "../actor/exit-reason.ts";
import { MetaKind } from "../actor/mailbox.ts";
import type { Ref } from "../actor/ref.ts";
import type { ConsumeJoin } from "../bus/kept/bus-table.ts";
import type { AnswerPayload, KeepQuestion } from "../bus/kept/consumers.ts";
import type { DeliveryNumber, GivenPayload } from "../bus/kept/kept-message.ts";
import type { QueueBack, QueueJoin, SharedPayload } from "../bus/queues.ts";
import type { PublishedPayload, PublishedToKeep } from "../bus/topics.ts";
import { type ErrorData, errorData } from "../errors.ts";
import type { Data } from "../registry/configuration.ts";
import { variablesHere } from "../registry/environment.ts";
import type { SubmitPayload } from "../tasks/submissions.ts";
import type { FrameSink } from "../thread/frame.ts";
import { freezeMessage } from "../thread/message-check.ts";
import type { ActivityQuestion } from "./activity-counts.ts";
import type { ControlVerb } from "./controls.ts";
import type { RuntimeEvent } from "./events.ts";
import { FrameKind, mailOf } from "./frame-kind.ts";
import type { ChangesMade, GroupVerb } from "./groups.ts";
import type { DedicatedStart } from "./host.ts";
import type { Kernel } from "./kernel.ts";
import { keepForChild } from "./reconfiguring.ts";
import type { EntriesPayload, EntryPayload } from "./replica.ts";
import type { SpawnPayload } from "./spawner.ts";

/** Behind the name, the argument and the time: the sender's mark where a plan of faults means it, `Meta.credit` and `Meta.trace`. */
type CallPayload = readonly [
  name: string,
  argument: unknown,
  timeoutMs: number,
  mark?: number,
  credit?: number,
  trace?: string,
];

export class Inbound implements FrameSink {
  readonly #kernel: Kernel;
  #thread = 0;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Whose frames come next. */
  from(thread: number): void {
    this.#thread = thread;
  }

  onFrame(
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
  ): void {
    const kernel = this.#kernel;
    const thread = this.#thread;
    if (kind === FrameKind.message || kind === FrameKind.cast) {
      const cell = kernel.cells[slot];
      const isRaw = kind === FrameKind.message;
      const body = isRaw ? payload : (payload as readonly [string, unknown])[1];
      if (kernel.checks) freezeMessage(body);
      if (cell === undefined || cell.generation !== generation) {
        const to = kernel.makeRef(kernel.thread, slot, generation);
        const again = () => this.#again(thread, kind, slot, generation, fromSlot, fromGeneration, id, payload);
        if (!kernel.early.hold(to, again, true)) kernel.delivery.deadLetter(to, ...mailOf(kind, payload), "noproc");
      } else
        kernel.delivery.deliverRemote(
          cell,
          isRaw ? undefined : (payload as readonly [string, unknown])[0],
          body,
          thread,
          fromSlot,
          fromGeneration,
          id,
        );
      return;
    }
    const to = kernel.makeRef(kernel.thread, slot, generation);
    const from = kernel.makeRef(thread, fromSlot, fromGeneration);
    if (isForAnActor(kind) && kernel.cells[slot] === undefined) {
      const again = () => this.#again(thread, kind, slot, generation, fromSlot, fromGeneration, id, payload);
      if (kernel.early.hold(to, again, kind === FrameKind.call)) return;
    }
    if (kernel.faults !== undefined && standsInOrder(kind)) {
      const again = () => this.#again(thread, kind, slot, generation, fromSlot, fromGeneration, id, payload);
      if (kind === FrameKind.exit && payload === "kill") kernel.faults.hurry(from, to);
      else if (kernel.faults.holds(from, to, again)) return;
    }
    switch (kind as Exclude<FrameKind, typeof FrameKind.message | typeof FrameKind.cast>) {
      case FrameKind.call: {
        const [name, argument, timeoutMs, mark, credit, trace] = payload as CallPayload;
        const extras = credit === undefined && trace === undefined ? undefined : { credit, trace };
        if (kernel.checks) freezeMessage(argument);
        kernel.calls.callReceived(to, from, id, MetaKind.call, name, argument, timeoutMs, mark, extras);
        return;
      }
      case FrameKind.stop:
        kernel.calls.callReceived(to, from, id, MetaKind.stop, "stop", payload, Number.POSITIVE_INFINITY);
        return;
      case FrameKind.reply:
        if (kernel.checks) freezeMessage(payload);
        kernel.calls.settle(id, payload, from, to);
        return;
      case FrameKind.replyError:
        kernel.calls.failed(id, payload as ErrorData, from, to);
        return;
      case FrameKind.requestOut:
        kernel.calls.placeOut(id, thread, payload as ErrorData);
        return;
      case FrameKind.streamOpen:
        kernel.streams.openReceived(from, to, id);
        return;
      case FrameKind.chunk:
        if (kernel.checks) freezeMessage(payload);
        kernel.streams.chunkReceived(from, id, payload);
        return;
      case FrameKind.streamCredit:
      case FrameKind.streamClosed:
        kernel.streams.writerTold(to, thread, id, kind as typeof FrameKind.streamCredit, payload as number);
        return;
      case FrameKind.link:
        kernel.signals.linkReceived(to, from);
        return;
      case FrameKind.unlink:
        kernel.signals.unlinkReceived(to, from);
        return;
      case FrameKind.unlinkAck:
        kernel.signals.unlinkConfirmed(to, from);
        return;
      case FrameKind.monitor:
        kernel.signals.monitorReceived(to, from, id);
        return;
      case FrameKind.demonitor:
        kernel.signals.demonitorReceived(to, from, id);
        return;
      case FrameKind.exit:
      case FrameKind.linkExit: {
        if (kind === FrameKind.exit && payload === "kill") kernel.memory.watch.killReceived(kernel.thread);
        const cell = kernel.cellOf(to);
        if (cell === undefined) return;
        if (kind === FrameKind.linkExit && kernel.starts.endsWith(cell, from, payload as ExitReason)) return;
        kernel.signals.exitReceived(cell, from, payload as ExitReason, kind === FrameKind.linkExit);
        return;
      }
      case FrameKind.down:
        kernel.signals.downReceived(to, id, payload as ExitReason);
        return;
      case FrameKind.spawn:
        kernel.spawner.received(to, from, id, payload as SpawnPayload);
        return;
      case FrameKind.started:
        kernel.starts.startedThere(from, id);
        return;
      case FrameKind.startFailed:
        kernel.starts.ended(from, payload as StartResult);
        return;
      case FrameKind.nameRegister: {
        const [name, ref] = payload as readonly [string, Ref];
        kernel.names.registerReceived(thread, id, name, ref);
        return;
      }
      case FrameKind.nameReply:
        kernel.names.replyReceived(id, payload as Ref | undefined);
        return;
      case FrameKind.nameRelease: {
        const [name, ref] = payload as readonly [string, Ref];
        kernel.names.releaseReceived(thread, id, name, ref);
        return;
      }
      case FrameKind.nameSet: {
        const [name, ref] = payload as readonly [string, Ref];
        kernel.names.set(name, ref);
        return;
      }
      case FrameKind.nameDelete: {
        const [name, ref] = payload as readonly [string, Ref | undefined];
        kernel.names.delete(name, ref);
        return;
      }
      case FrameKind.entry:
        kernel.replica.entryReceived(thread, id, payload as EntryPayload);
        return;
      case FrameKind.entries:
        kernel.replica.entriesReceived(thread, id, payload as EntriesPayload);
        return;
      case FrameKind.entriesGone:
        kernel.replica.goneReceived(thread, payload as Ref);
        return;
      case FrameKind.childConfigured:
        keepForChild(kernel.cellOf(to), ...(payload as readonly [string | number, Data]));
        return;
      case FrameKind.entriesAsked:
        kernel.replica.tellAgain(payload as Ref);
        return;
      case FrameKind.entryToAll: {
        const [change, entry] = payload as readonly [number, EntryPayload];
        if (kernel.thread !== 0) kernel.replica.toConfirmReceived(id, change, entry);
        else {
          const done = () => kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, undefined);
          kernel.replica.confirmedByAll(thread, change, entry, done);
        }
        return;
      }
      case FrameKind.environmentAsked:
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, variablesHere(payload as readonly string[]));
        return;
      case FrameKind.introduced:
        kernel.introduction.received();
        // The word of a loss may have waited, and then what that thread had published was read.
        this.#thread = thread;
        return;
      case FrameKind.entryConfirmed:
        kernel.replica.confirmationReceived(thread, id);
        return;
      case FrameKind.control: {
        const [verb, value] = payload as readonly [ControlVerb, unknown];
        kernel.controls.control(verb, to, value, from, id);
        return;
      }
      case FrameKind.actors:
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, kernel.controls.actors());
        return;
      case FrameKind.activity: {
        const [looker, question] = payload as readonly [number, ActivityQuestion];
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, kernel.activity.read(looker, question));
        return;
      }
      case FrameKind.deadLetters:
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, kernel.deadLetters.list());
        return;
      case FrameKind.resend: {
        const [number, receiver] = payload as readonly [number, Ref | undefined];
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, kernel.deadLetters.resend(number, receiver));
        return;
      }
      case FrameKind.submit: {
        const [resultId, task, begunBy] = payload as SubmitPayload;
        if (begunBy === undefined) kernel.work?.submittedThere(task, from, id, resultId);
        else kernel.work?.begunThere(task, begunBy, from, id, resultId);
        return;
      }
      case FrameKind.cancelTask:
        kernel.work?.cancel(payload as string, from, id);
        return;
      case FrameKind.published:
        kernel.topics.publishedReceived(from, payload as PublishedPayload, id === 1);
        return;
      case FrameKind.queueJoin:
        kernel.topics.queues.joinReceived(payload as QueueJoin, () =>
          kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, undefined),
        );
        return;
      case FrameKind.queueLeave:
        kernel.topics.queues.leaveReceived(thread, id);
        return;
      case FrameKind.queueDone:
        kernel.topics.queues.doneReceived(thread, id, payload as number);
        return;
      case FrameKind.shared:
        kernel.topics.queues.sharedReceived(to, id, ...(payload as SharedPayload));
        return;
      case FrameKind.queueBack:
        kernel.topics.queues.backReceived(payload as QueueBack);
        return;
      case FrameKind.keep:
        kernel.topics.consumers.askReceived(from, id, payload as KeepQuestion);
        return;
      case FrameKind.publishedToKeep: {
        const [published, isExcess] = payload as PublishedToKeep;
        kernel.topics.publishedReceived(from, published, isExcess, id);
        return;
      }
      case FrameKind.consume:
        kernel.topics.consumers.joinReceived(from, id, payload as ConsumeJoin);
        return;
      case FrameKind.consumeLeave:
        kernel.bus?.leave(thread, id, payload as readonly number[]);
        return;
      case FrameKind.consumeDone:
        kernel.bus?.topics.handled(thread, id, payload as number);
        return;
      case FrameKind.acknowledge:
        kernel.bus?.queues.answered(thread, ...(payload as AnswerPayload));
        return;
      case FrameKind.given:
        kernel.topics.consumers.givenReceived(to, id, payload as GivenPayload);
        return;
      case FrameKind.recalled:
        kernel.topics.consumers.recalledReceived(id, payload as DeliveryNumber);
        return;
      case FrameKind.consumeEnded:
        kernel.topics.consumers.endedReceived(id, payload as UnsubscribedMessage["reason"]);
        return;
      case FrameKind.topicSkipped:
        kernel.topics.skippedReceived(payload as string, id);
        return;
      case FrameKind.topicFull:
        kernel.topics.fullReceived(thread, id, payload as string);
        return;
      case FrameKind.topicRoom:
        kernel.topics.roomReceived(thread, id);
        return;
      case FrameKind.groupChange: {
        const [verb, group] = payload as readonly [GroupVerb, string];
        kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, kernel.groups.change(verb, group, to));
        return;
      }
      case FrameKind.groupChanges: {
        const [verb, group, refs] = payload as readonly [GroupVerb, string, readonly Ref[]];
        const done = (made: ChangesMade) => kernel.peers.push(thread, FrameKind.reply, from, kernel.guest, id, made);
        kernel.groups.changeAll(verb, group, refs, done);
        return;
      }
      case FrameKind.pause:
        kernel.peers.pauseReceived(from);
        return;
      case FrameKind.resume:
        kernel.peers.resumeReceived(from);
        return;
      case FrameKind.slots:
        kernel.slots.freeOf(thread, payload as readonly number[]);
        return;
      case FrameKind.event:
        kernel.host.emit(payload as RuntimeEvent);
        return;
      case FrameKind.startThread: {
        kernel.host.startDedicated?.(payload as DedicatedStart);
        return;
      }
      case FrameKind.stats:
        kernel.peers.push(thread, FrameKind.statsReply, from, kernel.guest, id, kernel.stats());
        return;
      case FrameKind.abandon:
        kernel.retirement.abandoned();
        return;
      case FrameKind.shutDown:
        kernel.lifecycle.shutDown(payload as ExitReason);
        return;
      case FrameKind.spawnFailed:
        // The spawner moved the slot's word on.
        kernel.early.release(slot);
        return;
      case FrameKind.statsReply:
        kernel.calls.settle(id, payload);
        return;
    }
  }

  /** A frame that came before its receiver, as if it came now. */
  #again(
    thread: number,
    kind: number,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
  ): void {
    const current = this.#thread;
    this.#thread = thread;
    this.onFrame(kind, slot, generation, fromSlot, fromGeneration, id, payload);
    this.#thread = current;
  }

  onBroken(
    kind: number,
    slot: number,
    generation: number,
    _fromSlot: number,
    _fromGeneration: number,
    id: number,
    error: unknown,
  ): void {
    const kernel = this.#kernel;
    const to = kernel.makeRef(kernel.thread, slot, generation);
    const text = `a frame of kind ${kind} that could not be read: ${errorData(error).message}`;
    kernel.deadLetters.add(to, text, "not_cloneable");
    if (kind === FrameKind.reply || kind === FrameKind.statsReply || kind === FrameKind.chunk) {
      kernel.calls.failed(id, { name: "RuntimeError", code: "not_cloneable", message: errorData(error).message });
    }
  }
}

/** Kinds that are received by an actor which may not have come yet; all others concern somebody who has already acted. */
const forActors: readonly number[] = [
  FrameKind.call,
  FrameKind.stop,
  FrameKind.link,
  FrameKind.unlink,
  FrameKind.monitor,
  FrameKind.demonitor,
  FrameKind.exit,
  FrameKind.linkExit,
  FrameKind.groupChange,
  FrameKind.control,
];

function isForAnActor(kind: number): boolean {
  return forActors.includes(kind);
}

/** Kinds of signals that one actor receives of another in order (S2.1), but for messages, of which each is asked about by itself. */
const inOrder: readonly number[] = [
  FrameKind.stop,
  FrameKind.reply,
  FrameKind.replyError,
  FrameKind.streamOpen,
  FrameKind.chunk,
  FrameKind.link,
  FrameKind.unlink,
  FrameKind.unlinkAck,
  FrameKind.monitor,
  FrameKind.demonitor,
  FrameKind.exit,
  FrameKind.linkExit,
  FrameKind.down,
];

function standsInOrder(kind: number): boolean {
  return inOrder.includes(kind);
}
