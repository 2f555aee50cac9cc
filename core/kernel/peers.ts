/**
 * The other threads together: what goes there, what comes from there, and the loss of one.
 *
 * User frames only store: a signal for another thread is appended to that peer's outbox, and the end of the drain
 * encodes and publishes. A full ring leaves the rest in the outbox until the reader rings back.
 *
 * A plain message goes the shorter way where nothing waits before it: it is encoded behind the end of the ring in the
 * sender's frame, where a cut leaves nothing behind, and the commit that makes a frame of it is all that no cut may divide.
 * Where a turn sends much, what it has sent is published before it ends, so that the receivers are at work meanwhile.
 */
import { type Cell, Flag } from "../actor/cell.ts";
import { type Blamed, retiredWhy } from "../actor/exit-reason.ts";
import { type CallExtras, Meta, MetaKind } from "../actor/mailbox.ts";
import type { RefData, SendResult } from "../actor/ref.ts";
import type { ErrorData } from "../errors.ts";
import type { ChannelReader, ChannelWriter } from "../thread/channel.ts";
import type { TransferableObject } from "../thread/frame.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { Counter } from "./counters.ts";
import { FrameKind, isMessage } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { isDeferred } from "./outbox.ts";
import { framesEarly, Peer } from "./peer.ts";
import { Undelivered } from "./undelivered.ts";

/** Frames read from one peer in one drain. */
const framesPerRead = 4_096;
/** More frames than a ring can hold at once. */
const framesPerRing = 65_536;
/** What leaves before a turn's end leaves on the stack of its actor, and takes fewer frames of it than these. */
const stackFrames = 64;

export class Peers {
  readonly #kernel: Kernel;
  readonly #undelivered: Undelivered;
  readonly #peers = new Map<number, Peer>();
  readonly #lost = new Set<number>();
  /** Peers with something in the outbox. */
  readonly #dirty = new Set<Peer>();
  readonly #readers: Peer[] = [];
  /** No frame is read any more. */
  #isClosed = false;
  /** Frames are being written: a getter of a message may send. */
  #isWriting = false;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#undelivered = new Undelivered(kernel);
  }

  get isFlushed(): boolean {
    return this.#dirty.size === 0;
  }

  /** Frames that wait to leave. */
  get waiting(): number {
    let frames = 0;
    for (const peer of this.#dirty) frames += peer.unpublished + peer.outbox.size;
    return frames;
  }

  /** What stands between this thread and another; undefined: that one is gone. */
  of(thread: number): Peer | undefined {
    if (this.#lost.has(thread)) return undefined;
    const peer = this.#peers.get(thread);
    if (peer !== undefined) return peer;
    // A peer made for a thread that is gone would wait for the news of its loss, which nobody sends any more.
    return this.#kernel.memory.isThreadUp(thread) ? this.#make(thread) : undefined;
  }

  #make(thread: number): Peer {
    const peer = new Peer(thread, this.#kernel);
    this.#peers.set(thread, peer);
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
    if (thread === 0 && !this.#kernel.crashes.unheard.isEmpty) this.#kernel.crashes.unheard.tell();
    const peer = this.of(thread);
    if (peer === undefined) {
      this.#undelivered.threadGone(thread, kind, slot, generation, fromSlot, fromGeneration, id, payload);
      return;
    }
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
    if (peer !== undefined && (!peer.held.isEmpty || peer.isFull)) {
      const held = peer.held.hold(peer.isFull, sender, to, name, payload, transfer);
      if (held !== undefined) return held.result;
    }
    const kind = name === undefined ? FrameKind.message : FrameKind.cast;
    const body = name === undefined ? payload : [name, payload];
    const mark = this.#markOf(sender, payload);
    this.#append(to.thread, kind, to.slot, to.generation, sender.slot, sender.generation, mark, body, transfer);
    return undefined;
  }

  /**
   * Writes a message into the ring there and then, where nothing waits to go there and it is of the plain kind; false:
   * nothing was done. The message is encoded in the frame of who sends it, where that may be cut down, and where a getter of
   * it runs as what it is, code of the actor; it counts from the commit on.
   */
  sendAtOnce(sender: Cell, to: RefData, name: string | undefined, payload: unknown): boolean {
    const peer = this.#peers.get(to.thread);
    const writer = peer?.writer;
    if (peer === undefined || writer === undefined || this.#isWriting) return false;
    if (peer.outbox.size > 0 || !peer.held.isEmpty || (sender.flags & (Flag.faulty | Flag.traced)) !== 0) return false;
    const { checks, counters, crashes, scheduler } = this.#kernel;
    if (to.thread === 0 && !crashes.unheard.isEmpty) return false;
    // Within kernel work nothing may be told before that is done.
    if (scheduler.isCommitting) return false;
    // Nothing else is prepared meanwhile, whatever a getter sends.
    this.#isWriting = true;
    let end: number;
    try {
      end = writer.prepare(name === undefined ? payload : [name, payload]);
      if (end >= 0 && checks) freezeMessage(payload);
    } finally {
      this.#isWriting = false;
    }
    if (end < 0) return false;
    // It comes behind what a getter has sent; and one may have ended its actor.
    if (peer.outbox.size > 0 || (sender.flags & Flag.dead) !== 0) return false;
    scheduler.enter();
    try {
      if (peer.unpublished === 0) {
        this.#dirty.add(peer);
        scheduler.wake();
      }
      const kind = name === undefined ? FrameKind.message : FrameKind.cast;
      writer.commit(end, kind, to.slot, to.generation, sender.slot, sender.generation, 0);
      // No call from the commit to here: the stack of the sender may end in any.
      peer.unpublished++;
      counters.row[Counter.unsent] = (counters.row[Counter.unsent] as number) + 1;
      if (peer.unpublished >= framesEarly && hasStackLeft(stackFrames)) this.#publish(peer, writer, 0, 0);
    } finally {
      scheduler.commits--;
    }
    return true;
  }

  /** The same in a frame of user code, whatever waits to go there. */
  send(
    sender: Cell,
    to: RefData,
    name: string | undefined,
    payload: unknown,
    transfer: readonly unknown[] | undefined,
  ): SendResult {
    const { scheduler } = this.#kernel;
    let result: SendResult;
    scheduler.enter();
    try {
      result = this.sendMessage(sender, to, name, payload, transfer);
    } finally {
      scheduler.commits--;
    }
    const peer = this.#peers.get(to.thread);
    if (peer !== undefined && peer.outbox.size >= peer.leavesAt) this.#leaveEarly(peer, sender);
    return result;
  }

  /** Messages of an actor at the head of the outbox leave as those that are sent at once, before its turn has ended; all else is the flush's. */
  #leaveEarly(peer: Peer, { slot }: Cell): void {
    const { writer, outbox } = peer;
    const { scheduler } = this.#kernel;
    if (writer === undefined || this.#isWriting || scheduler.isCommitting || !hasStackLeft(stackFrames)) return;
    this.#isWriting = true;
    while (outbox.size > 0) {
      const { front, at } = outbox;
      const kind = front[at] as FrameKind;
      if (!isMessage(kind) || front[at + 3] !== slot || front[at + 7] !== undefined) break;
      const end = writer.prepare(front[at + 6]);
      if (end < 0) break;
      scheduler.enter();
      writer.commit(
        end,
        kind,
        front[at + 1] as number,
        front[at + 2] as number,
        slot,
        front[at + 4] as number,
        front[at + 5] as number,
      );
      outbox.shift();
      peer.unpublished++;
      scheduler.leave();
    }
    this.#isWriting = false;
    scheduler.enter();
    peer.leavesAt = outbox.size + framesEarly;
    this.#publish(peer, writer, 0, 0);
    scheduler.leave();
  }

  sendCall(
    sender: Cell,
    to: RefData,
    kind: FrameKind,
    id: number,
    name: string,
    argument: unknown,
    timeoutMs: number,
    extras: CallExtras | undefined,
  ): void {
    const peer = this.#peers.get(to.thread);
    if (kind === FrameKind.call && peer !== undefined && (!peer.held.isEmpty || peer.isFull)) {
      const meta = new Meta(MetaKind.call, name, id, this.#kernel.refOf(sender), timeoutMs, undefined, extras);
      if (peer.held.hold(peer.isFull, sender, to, meta, argument, undefined) !== undefined) return;
    }
    const mark = this.#markOf(sender, argument);
    const plain = mark === 0 ? [name, argument, timeoutMs] : [name, argument, timeoutMs, mark];
    const call = extras === undefined ? plain : [name, argument, timeoutMs, mark, extras.credit, extras.trace];
    const body = kind === FrameKind.stop ? argument : call;
    this.#append(to.thread, kind, to.slot, to.generation, sender.slot, sender.generation, id, body, undefined);
  }

  /** Who the sender is to a plan of faults on the receiver's thread; where there is no plan, the id of a traced sender's message. */
  #markOf(sender: Cell, payload: unknown): number {
    if ((sender.flags & (Flag.faulty | Flag.traced)) === 0) return 0;
    const { faults, traces } = this.#kernel;
    return faults === undefined ? traces.idOf(sender, payload) : faults.markOf(sender);
  }

  /** Frames that wait to be written to a thread. */
  backlogOf(thread: number): number {
    return this.#peers.get(thread)?.outbox.size ?? 0;
  }

  /** Calls back when nothing waits for a thread that something waits for, or when it is lost. */
  whenEmptied(thread: number, done: () => void): void {
    this.#peers.get(thread)?.emptied.push(done);
  }

  /** A mailbox there is full: messages to it wait here. */
  pauseReceived(from: RefData): void {
    this.of(from.thread)?.held.pause(from);
  }

  resumeReceived(from: RefData): void {
    this.of(from.thread)?.held.resume(from);
  }

  pauseSender(thread: number, cell: Cell): void {
    this.push(thread, FrameKind.pause, { slot: 0, generation: 0 }, cell, 0, undefined);
  }

  resumeSender(thread: number, cell: Cell): void {
    this.push(thread, FrameKind.resume, { slot: 0, generation: 0 }, cell, 0, undefined);
  }

  /** Encodes and publishes what waits; what does not fit stays. */
  flush(): void {
    // Of a message whose writing was cut down.
    this.#isWriting = false;
    if (this.#dirty.size === 0) return;
    for (const peer of [...this.#dirty]) this.#flushPeer(peer);
  }

  #flushPeer(peer: Peer): void {
    const kernel = this.#kernel;
    peer.writer ??= kernel.host.openWriter(peer.thread);
    const writer = peer.writer;
    if (writer === undefined) return;
    // A getter of a message may send.
    this.#isWriting = true;
    try {
      this.#write(peer, writer);
    } finally {
      this.#isWriting = false;
    }
    if (peer.outbox.size === 0) {
      this.#dirty.delete(peer);
      peer.held.outboxEmpty();
      this.#emptied(peer);
    }
    peer.leavesAt = peer.outbox.size + framesEarly;
    if (peer.kills.length > 0) this.#tellKills(peer);
  }

  #write(peer: Peer, writer: ChannelWriter): void {
    const kernel = this.#kernel;
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
        this.#undelivered.refused(
          peer.thread,
          front[at] as FrameKind,
          front[at + 1] as number,
          front[at + 2] as number,
          kernel.makeRef(kernel.thread, front[at + 3] as number, front[at + 4] as number),
          front[at + 5] as number,
          payload,
          error,
        );
      }
      const kind = front[at] as number;
      if (isMessage(kind)) messages++;
      else if (kind === FrameKind.event) events++;
      box.shift();
    }
    this.#publish(peer, writer, written, messages);
    if (events > 0) kernel.eventOutlet.left(events);
  }

  /** Shows the reader what stands in the ring: these frames, messages among them, and those that were not shown before. */
  #publish(peer: Peer, writer: ChannelWriter, frames: number, messages: number): void {
    const { counters, host, memory, thread } = this.#kernel;
    const { unpublished } = peer;
    peer.unpublished = 0;
    const written = frames + unpublished;
    if (written > 0) {
      peer.sent += written;
      memory.addSent(thread, written);
    }
    // Also parts of a frame, and what the reader has to know before one.
    if (writer.publish()) {
      memory.watch.ringing(peer.thread);
      host.ringBell(peer.thread);
    }
    if (messages + unpublished > 0) counters.add(Counter.unsent, -(messages + unpublished));
  }

  /**
   * Behind what was published, so that the recovery of a turn that is ended for it finds the signal in its place among the
   * others. Where the ring is full because its reader does not move, the kill still gets through.
   */
  #tellKills(peer: Peer): void {
    for (const { slot, generation } of peer.kills) this.#kernel.memory.watch.wantKill(peer.thread, slot, generation);
    peer.kills = [];
  }

  // In ------------------------------------------------------------------------------------------------------------

  attachReader(thread: number, reader: ChannelReader): void {
    if (this.#lost.has(thread)) return;
    // Also of a thread that is gone and not known to be lost: what it has published counts.
    const peer = this.#peers.get(thread) ?? this.#make(thread);
    peer.reader = reader;
    if (this.#isClosed) return;
    this.#readers.push(peer);
    this.#kernel.scheduler.arm();
  }

  /** This thread ends: what comes from now on it does not read, and its senders tell what becomes of it. */
  close(): void {
    this.#isClosed = true;
    this.#readers.length = 0;
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

  /** Whether something has come that was not read. */
  get hasNews(): boolean {
    for (const { reader } of this.#readers) if (reader?.hasNews === true) return true;
    return false;
  }

  /** Says to every writer that this thread must be rung. False: something came in between. */
  sleep(): boolean {
    for (const peer of this.#readers) if (peer.reader?.sleep() === false) return false;
    return true;
  }

  // Loss ----------------------------------------------------------------------------------------------------------

  relate(cell: Cell, thread: number, change: 1 | -1): void {
    const relations = this.of(thread)?.relations;
    if (relations === undefined) return;
    const count = (relations.get(cell) ?? 0) + change;
    if (count > 0) relations.set(cell, count);
    else relations.delete(cell);
  }

  /**
   * A thread is lost: what it had published is read first, then its actors' ends are made known here (S3.8).
   * @param blame whose turn the thread was ended for: that actor's end has a reason of its own.
   * @param wasUp false: it never said that it was ready, so whoever started an actor there learns `thread_failed`.
   */
  threadLost(thread: number, why: string, wasUp = true, blame?: Blamed): void {
    if (this.#kernel.introduction.holds("losses", () => this.threadLost(thread, why, wasUp, blame))) return;
    if (!this.#lost.has(thread)) this.#lose(thread, why, wasUp, blame);
    this.#kernel.memory.takeLoss(this.#kernel.thread);
  }

  #lose(thread: number, why: string, wasUp: boolean, blame: Blamed | undefined): void {
    const kernel = this.#kernel;
    const peer = this.#peers.get(thread);
    if (peer !== undefined) while (this.#readPeer(peer, framesPerRead) > 0);
    this.#lost.add(thread);
    if (peer !== undefined) {
      // It can be read back only then.
      peer.writer?.publish();
      kernel.counters.add(Counter.unsent, -peer.unpublished);
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
    kernel.streams.threadLost(thread, why, blame);
    kernel.names.threadLost(thread);
    kernel.replica.threadLost(thread);
    kernel.topics.threadLost(thread);
    kernel.interruptedTurns.threadLost(thread);
    if (peer !== undefined) {
      this.#undelivered.peerGone(peer);
      this.#emptied(peer);
    }
  }

  #emptied(peer: Peer): void {
    if (peer.emptied.length === 0) return;
    const all = peer.emptied;
    peer.emptied = [];
    for (const done of all) done();
  }
}

/** Whether so many more calls would not come to the end of the stack, which must not fall between two writes. */
function hasStackLeft(frames: number): boolean {
  try {
    return frames === 0 || hasStackLeft(frames - 1);
  } catch {
    return false;
  }
}

function threadFailed(thread: number, why: string): ErrorData {
  return { name: "RuntimeError", code: "thread_failed", message: `thread ${thread} did not start: ${why}` };
}
