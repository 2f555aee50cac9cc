/**
 * The other threads as this one sees them: what waits to go there, what came from there, and what is lost with them.
 *
 * User frames only store: a signal for another thread is appended to that peer's outbox, and the end of the drain
 * encodes and publishes. A full ring leaves the rest in the outbox until the reader rings back.
 */
import { type Cell, Flag, type WaitingSend } from "../actor/cell.ts";
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import { type RefData, refKey, type SendResult } from "../actor/ref.ts";
import { type ErrorData, RuntimeError } from "../errors.ts";
import type { ChannelReader, ChannelWriter } from "../thread/channel.ts";
import type { TransferableObject } from "../thread/frame.ts";
import { Counter } from "./counters.ts";
import type { DeadLetterWhy } from "./events.ts";
import { FrameKind, isMessage, mailOf } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { Outbox } from "./outbox.ts";
import { slotBlock, ThreadState } from "./system-memory.ts";

/** Frames that may wait for one peer before messages to it have to wait themselves. */
export const outboxMax = 1_048_576;
/** Frames read from one peer in one drain. */
const framesPerRead = 4_096;
/** More frames than a ring can hold at once. */
const framesPerRing = 65_536;

/** What a frame in the outbox still needs before it can be written: a spawn waits for its behaviour's module. */
export interface Deferred {
  readonly isDeferred: true;
  state: "waiting" | "ready" | "failed";
  payload: unknown;
  /** Called when `failed` comes up, instead of writing. */
  readonly fail: () => void;
}

interface Paused {
  readonly ref: RefData;
  readonly sends: WaitingSend[];
  /** The receiver asked for it and will say when to go on. */
  isAsked: boolean;
}

interface RefPlace {
  readonly slot: number;
  readonly generation: number;
}

class Peer {
  readonly thread: number;
  readonly outbox = new Outbox();
  writer: ChannelWriter | undefined;
  reader: ChannelReader | undefined;
  /** Cells of this thread with links or monitors to the peer, and how many. */
  readonly relations = new Map<Cell, number>();
  /** Actors there that messages wait for: their mailbox is full, or too much waits for their thread. By ref key. */
  readonly paused = new Map<string, Paused>();
  /** Slots there that this thread has reserved. */
  readonly slots: number[] = [];
  /** Slots here that the peer had reserved, to give back in one frame. */
  readonly freed: number[] = [];
  /** Actors there that are to be killed, also in a turn that does not end: told to the watchdog at the next flush. */
  kills: RefPlace[] = [];
  sent = 0;
  received = 0;

  constructor(thread: number) {
    this.thread = thread;
  }

  get waiting(): number {
    return this.outbox.size;
  }
}

export class Peers {
  readonly #kernel: Kernel;
  readonly #peers = new Map<number, Peer>();
  readonly #lost = new Set<number>();
  /** Peers with something in the outbox. */
  readonly #dirty = new Set<Peer>();
  readonly #readers: Peer[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  get isFlushed(): boolean {
    return this.#dirty.size === 0;
  }

  /** Frames that wait to be written. */
  get waiting(): number {
    let frames = 0;
    for (const peer of this.#dirty) frames += peer.waiting;
    return frames;
  }

  #peer(thread: number): Peer {
    let peer = this.#peers.get(thread);
    if (peer === undefined) {
      peer = new Peer(thread);
      this.#peers.set(thread, peer);
    }
    return peer;
  }

  // Out -----------------------------------------------------------------------------------------------------------

  /** A signal of a cell of this thread. Signals are never refused. */
  push(
    thread: number,
    kind: FrameKind,
    to: { slot: number; generation: number },
    from: Cell,
    id: number,
    payload: unknown,
  ): void {
    this.#append(thread, kind, to.slot, to.generation, from.slot, from.generation, id, payload, undefined);
  }

  /** The same in the name of an actor that has no cell any more. */
  pushFrom(thread: number, kind: FrameKind, to: RefData, from: RefData, id: number, payload: unknown): void {
    this.#append(thread, kind, to.slot, to.generation, from.slot, from.generation, id, payload, undefined);
  }

  #append(
    thread: number,
    kind: FrameKind,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): void {
    if (this.#isGone(thread)) {
      this.#undeliverable(thread, kind, slot, generation, fromSlot, fromGeneration, id, payload);
      return;
    }
    const peer = this.#peer(thread);
    if (isMessage(kind)) this.#kernel.counters.add(Counter.unsent, 1);
    peer.outbox.push(kind, slot, generation, fromSlot, fromGeneration, id, payload, transfer);
    if (kind === FrameKind.exit && payload === "kill") peer.kills.push({ slot, generation });
    this.#dirty.add(peer);
    this.#kernel.scheduler.wake();
  }

  /** A raw message or a cast. */
  sendMessage(
    sender: Cell,
    to: RefData,
    name: string | undefined,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): SendResult {
    const peer = this.#peers.get(to.thread);
    if (peer !== undefined && (peer.paused.size > 0 || peer.waiting >= outboxMax)) {
      const held = this.#hold(peer, sender, to, name, payload, transfer);
      if (held !== undefined) return held.result;
    }
    const kind = name === undefined ? FrameKind.message : FrameKind.cast;
    const body = name === undefined ? payload : [name, payload];
    const mark = this.#markOf(sender);
    this.#append(to.thread, kind, to.slot, to.generation, sender.slot, sender.generation, mark, body, transfer);
    return undefined;
  }

  sendCall(
    sender: Cell,
    to: RefData,
    kind: FrameKind,
    id: number,
    name: string,
    argument: unknown,
    timeoutMs: number,
  ): void {
    const peer = this.#peers.get(to.thread);
    if (kind === FrameKind.call && peer !== undefined && (peer.paused.size > 0 || peer.waiting >= outboxMax)) {
      const meta = new Meta(MetaKind.call, name, id, this.#kernel.refOf(sender), timeoutMs);
      if (this.#hold(peer, sender, to, meta, argument, undefined) !== undefined) return;
    }
    const mark = this.#markOf(sender);
    const call = mark === 0 ? [name, argument, timeoutMs] : [name, argument, timeoutMs, mark];
    const body = kind === FrameKind.stop ? argument : call;
    this.#append(to.thread, kind, to.slot, to.generation, sender.slot, sender.generation, id, body, undefined);
  }

  /** Who the sender is to a plan of faults on the receiver's thread. */
  #markOf(sender: Cell): number {
    return (sender.flags & Flag.faulty) === 0 ? 0 : (this.#kernel.faults?.markOf(sender) ?? 0);
  }

  /** Makes a message wait that cannot go now: its receiver is paused, or too much waits for its thread. */
  #hold(
    peer: Peer,
    sender: Cell,
    to: RefData,
    meta: MessageMeta,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): { readonly result: SendResult } | undefined {
    const key = refKey(to);
    let paused = peer.paused.get(key);
    if (paused === undefined) {
      if (peer.waiting < outboxMax) return undefined;
      paused = { ref: to, sends: [], isAsked: false };
      peer.paused.set(key, paused);
    }
    return { result: this.#kernel.delivery.holdSend(paused.sends, to, meta, payload, sender, transfer) };
  }

  /** A mailbox there is full: messages to it wait here. */
  pauseReceived(from: RefData): void {
    const peer = this.#peer(from.thread);
    const key = refKey(from);
    const paused = peer.paused.get(key);
    if (paused === undefined) peer.paused.set(key, { ref: from, sends: [], isAsked: true });
    else paused.isAsked = true;
  }

  resumeReceived(from: RefData): void {
    const peer = this.#peer(from.thread);
    const key = refKey(from);
    const paused = peer.paused.get(key);
    if (paused === undefined) return;
    peer.paused.delete(key);
    this.#release(paused);
  }

  #release(paused: Paused): void {
    const kernel = this.#kernel;
    for (const send of paused.sends) {
      if (!kernel.delivery.takeBack(send)) {
        kernel.delivery.refuse(paused.ref, send.meta, send.payload, "noproc");
        continue;
      }
      const sender = send.sender ?? kernel.guest;
      const meta = send.meta;
      if (meta instanceof Meta) {
        this.sendCall(
          sender,
          paused.ref,
          FrameKind.call,
          meta.id,
          meta.name,
          send.payload,
          meta.timeoutMs ?? Number.POSITIVE_INFINITY,
        );
      } else void this.sendMessage(sender, paused.ref, meta, send.payload, send.transfer);
    }
  }

  pauseSender(thread: number, cell: Cell): void {
    this.push(thread, FrameKind.pause, { slot: 0, generation: 0 }, cell, 0, undefined);
  }

  resumeSender(thread: number, cell: Cell): void {
    this.push(thread, FrameKind.resume, { slot: 0, generation: 0 }, cell, 0, undefined);
  }

  /** Encodes and publishes what waits; what does not fit stays. */
  flush(): void {
    if (this.#dirty.size === 0) return;
    for (const peer of [...this.#dirty]) this.#flushPeer(peer);
  }

  #flushPeer(peer: Peer): void {
    const kernel = this.#kernel;
    peer.writer ??= kernel.host.openWriter(peer.thread);
    const writer = peer.writer;
    if (writer === undefined) return;
    const box = peer.outbox;
    let written = 0;
    let messages = 0;
    let events = 0;
    while (box.size > 0) {
      const { front, at } = box;
      let payload = front[at + 6];
      if (isDeferred(payload)) {
        if (payload.state === "waiting") break;
        if (payload.state === "failed") {
          box.shift();
          payload.fail();
          continue;
        }
        payload = payload.payload;
      }
      try {
        const isWritten = writer.write(
          front[at] as number,
          front[at + 1] as number,
          front[at + 2] as number,
          front[at + 3] as number,
          front[at + 4] as number,
          front[at + 5] as number,
          payload,
          front[at + 7] as readonly TransferableObject[] | undefined,
        );
        if (!isWritten) break;
        written++;
      } catch (error) {
        this.#refused(peer, front, at, payload, error);
      }
      const kind = front[at] as number;
      if (isMessage(kind)) messages++;
      else if (kind === FrameKind.event) events++;
      box.shift();
    }
    if (box.size === 0) {
      this.#dirty.delete(peer);
      this.#lessWaiting(peer);
    }
    peer.sent += written;
    if (written > 0) kernel.memory.addSent(kernel.thread, written);
    if (writer.publish()) {
      kernel.memory.ringing(peer.thread);
      kernel.host.ringBell(peer.thread);
    }
    if (peer.kills.length > 0) this.#tellKills(peer);
    if (messages > 0) kernel.counters.add(Counter.unsent, -messages);
    if (events > 0) kernel.eventOutlet.left(events);
  }

  /**
   * Behind what was published, so that the recovery of a turn that is ended for it finds the signal in its place among the
   * others. Where the ring is full because its reader does not move, the kill still gets through.
   */
  #tellKills(peer: Peer): void {
    for (const { slot, generation } of peer.kills) this.#kernel.memory.wantKill(peer.thread, slot, generation);
    peer.kills = [];
  }

  /** The outbox is empty again: messages that waited for the thread as a whole may go. */
  #lessWaiting(peer: Peer): void {
    for (const [key, paused] of [...peer.paused]) {
      if (paused.isAsked && this.#kernel.isAlive(paused.ref)) continue;
      peer.paused.delete(key);
      this.#release(paused);
    }
  }

  /** A payload that could not be encoded after all. */
  #refused(peer: Peer, box: readonly unknown[], at: number, payload: unknown, error: unknown): void {
    const kernel = this.#kernel;
    const kind = box[at] as FrameKind;
    const to = kernel.makeRef(peer.thread, box[at + 1] as number, box[at + 2] as number);
    kernel.delivery.deadLetter(to, ...mailOf(kind, payload), "not_cloneable");
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof RuntimeError && error.code === "message_too_large" ? error.code : "not_cloneable";
    const data = { name: "RuntimeError", code, message };
    if (kind === FrameKind.call || kind === FrameKind.stop) kernel.calls.failed(box[at + 5] as number, data);
    else if (kind === FrameKind.spawn) {
      const from = kernel.makeRef(kernel.thread, box[at + 3] as number, box[at + 4] as number);
      kernel.spawner.failed(from, to, box[at + 5] as number, { error: data });
    } else if (kind === FrameKind.reply)
      kernel.peers.pushFrom(
        peer.thread,
        FrameKind.replyError,
        to,
        kernel.refOf(kernel.guest),
        box[at + 5] as number,
        data,
      );
  }

  // In ------------------------------------------------------------------------------------------------------------

  attachReader(thread: number, reader: ChannelReader): void {
    if (this.#isGone(thread) && this.#lost.has(thread)) return;
    const peer = this.#peer(thread);
    peer.reader = reader;
    this.#readers.push(peer);
    this.#kernel.scheduler.arm();
  }

  /** Reads what came; true when there is more. */
  read(): boolean {
    let hasMore = false;
    for (const peer of this.#readers) if (this.#readPeer(peer, framesPerRead) >= framesPerRead) hasMore = true;
    return hasMore;
  }

  /** Reads all that was published until now. */
  readAll(): void {
    for (const peer of this.#readers) this.#readPeer(peer, framesPerRing);
  }

  #readPeer(peer: Peer, framesMax: number): number {
    const reader = peer.reader;
    if (reader === undefined) return 0;
    const kernel = this.#kernel;
    kernel.inbound.from(peer.thread);
    const frames = reader.read(kernel.inbound, framesMax);
    if (reader.wroteBack) kernel.host.ringBell(peer.thread);
    if (frames > 0) {
      peer.received += frames;
      kernel.memory.addReceived(kernel.thread, frames);
    }
    return frames;
  }

  /** Says to every writer that this thread must be rung. False: something came in between. */
  sleep(): boolean {
    for (const peer of this.#readers) if (peer.reader?.sleep() === false) return false;
    return true;
  }

  // Slots ---------------------------------------------------------------------------------------------------------

  /** A slot of another thread for an actor that this thread spawns there. @throws RuntimeError `system_limit`. */
  takeSlot(thread: number): number {
    // Of a thread that is gone any slot will do: the spawn is not sent.
    const slots = this.#isGone(thread) ? [] : this.#peer(thread).slots;
    const slot = slots.pop();
    if (slot !== undefined) return slot;
    const first = this.#kernel.memory.reserveSlots(thread, this.#kernel.thread);
    if (first === undefined) throw new RuntimeError("system_limit", `thread ${thread} has no room for another actor`);
    for (let i = slotBlock - 1; i > 0; i--) slots.push(first + i);
    return first;
  }

  /** An actor of this thread ended: its slot goes back to whoever reserved it. */
  slotFreed(slot: number): void {
    const thread = this.#kernel.memory.ownerOf(this.#kernel.thread, slot);
    if (thread === this.#kernel.thread) {
      this.#kernel.lifecycle.freeSlot(slot);
      return;
    }
    // Nobody may make another actor there: the loss of its owner takes it back with the owner's other slots.
    if (this.#isGone(thread)) return;
    const peer = this.#peer(thread);
    peer.freed.push(slot);
    if (peer.freed.length < slotBlock) return;
    this.push(thread, FrameKind.slots, { slot: 0, generation: 0 }, this.#kernel.guest, 0, peer.freed.splice(0));
  }

  slotsReceived(thread: number, slots: readonly number[]): void {
    if (!this.#isGone(thread)) this.#peer(thread).slots.push(...slots);
  }

  // Loss ----------------------------------------------------------------------------------------------------------

  relate(cell: Cell, thread: number, change: 1 | -1): void {
    // A peer made for a thread that is gone would wait for the news of its loss, which nobody sends any more.
    if (this.#isGone(thread)) return;
    const relations = this.#peer(thread).relations;
    const count = (relations.get(cell) ?? 0) + change;
    if (count > 0) relations.set(cell, count);
    else relations.delete(cell);
  }

  #isGone(thread: number): boolean {
    return this.#lost.has(thread) || (!this.#kernel.memory.isThreadUp(thread) && !this.#peers.has(thread));
  }

  /**
   * A thread is lost: what it had published is read first, then its actors' ends are made known here (S3.8).
   * @param blame whose turn the thread was ended for: that actor's end has a reason of its own.
   * @param wasUp false: it never said that it was ready, so whoever started an actor there learns `thread_failed`.
   */
  threadLost(thread: number, why: string, wasUp = true, blame?: Blamed): void {
    if (!this.#lost.has(thread)) this.#lose(thread, why, wasUp, blame);
    this.#kernel.memory.takeLoss(this.#kernel.thread);
  }

  #lose(thread: number, why: string, wasUp: boolean, blame: Blamed | undefined): void {
    const kernel = this.#kernel;
    const peer = this.#peers.get(thread);
    if (peer !== undefined) while (this.#readPeer(peer, framesPerRead) > 0);
    this.#lost.add(thread);
    if (peer !== undefined) {
      // What both sides of the pair counted no longer adds up: take it out of this side.
      kernel.memory.addSent(kernel.thread, -peer.sent);
      kernel.memory.addReceived(kernel.thread, -peer.received);
      this.#peers.delete(thread);
      this.#dirty.delete(peer);
      const index = this.#readers.indexOf(peer);
      if (index >= 0) this.#readers.splice(index, 1);
    }
    kernel.early.spawnerLost(thread);
    kernel.faults?.threadLost(thread);
    const reason = why === retiredWhy ? "noproc" : { threadLost: why };
    const startReason = wasUp ? reason : { error: threadFailed(thread, why) };
    kernel.signals.threadLost(thread, [...(peer?.relations.keys() ?? [])], reason, startReason, blame);
    kernel.calls.threadLost(thread, why, blame);
    kernel.names.threadLost(thread);
    if (peer === undefined) return;
    for (const { kind, slot, generation } of peer.writer?.unread() ?? []) {
      if (!isMessage(kind)) continue;
      const to = kernel.makeRef(thread, slot, generation);
      kernel.delivery.deadLetter(
        to,
        undefined,
        "(not decoded: the lost thread had not read it)",
        this.#lossReason(thread),
      );
    }
    for (; peer.outbox.size > 0; peer.outbox.shift()) {
      const { front: box, at } = peer.outbox;
      const payload = box[at + 6];
      if (isMessage(box[at] as number)) kernel.counters.add(Counter.unsent, -1);
      this.#undeliverable(
        thread,
        box[at] as FrameKind,
        box[at + 1] as number,
        box[at + 2] as number,
        box[at + 3] as number,
        box[at + 4] as number,
        box[at + 5] as number,
        isDeferred(payload) ? payload.payload : payload,
      );
    }
    for (const paused of peer.paused.values()) {
      for (const send of paused.sends) {
        kernel.delivery.takeBack(send);
        kernel.delivery.refuse(paused.ref, send.meta, send.payload, this.#lossReason(thread));
      }
    }
  }

  /** Why nobody on a thread that is gone gets a message: who retired had no actor any more. */
  #lossReason(thread: number): DeadLetterWhy {
    return this.#kernel.memory.state(thread) === ThreadState.retired ? "noproc" : "thread_lost";
  }

  /** A signal for a thread that is gone: messages are dead letters, links and monitors answer at once. */
  #undeliverable(
    thread: number,
    kind: FrameKind,
    slot: number,
    generation: number,
    fromSlot: number,
    fromGeneration: number,
    id: number,
    payload: unknown,
  ): void {
    const kernel = this.#kernel;
    const to = kernel.makeRef(thread, slot, generation);
    const from = kernel.makeRef(kernel.thread, fromSlot, fromGeneration);
    const why = this.#lossReason(thread);
    switch (kind) {
      case FrameKind.message:
      case FrameKind.cast:
        kernel.delivery.deadLetter(to, ...mailOf(kind, payload), why);
        return;
      case FrameKind.call:
      case FrameKind.stop:
        kernel.delivery.deadLetter(to, ...mailOf(kind, payload), why);
        kernel.calls.failed(id, {
          name: "RuntimeError",
          code: "noproc",
          message: `there is no actor ${kernel.nameOf(to)}: its thread is lost`,
        });
        return;
      case FrameKind.link: {
        const cell = kernel.cellOf(from);
        if (cell !== undefined) kernel.signals.exitReceived(cell, to, "noproc", true);
        return;
      }
      case FrameKind.monitor:
        kernel.signals.downReceived(from, id, "noproc");
        return;
      case FrameKind.spawn:
        kernel.starts.spawnFailed(from, to, id, "noproc");
        return;
      default:
        // Answers, acknowledgements and withdrawals concern nobody any more.
        return;
    }
  }
}

function threadFailed(thread: number, why: string): ErrorData {
  return { name: "RuntimeError", code: "thread_failed", message: `thread ${thread} did not start: ${why}` };
}

function isDeferred(payload: unknown): payload is Deferred {
  return typeof payload === "object" && payload !== null && (payload as { isDeferred?: unknown }).isDeferred === true;
}
