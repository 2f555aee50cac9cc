/**
 * Messages into mailboxes: bounds and policies, dead letters, sends that wait.
 *
 * The common path is a test of flags and size and the scheduler's straight-line append; everything else is below it.
 */
import { mailboxCapacityDefault } from "../actor/behaviour.ts";
import { type Cell, type CellExtra, extraOf, Flag, type WaitingSend } from "../actor/cell.ts";
import type { Envelope } from "../actor/context.ts";
import { Mailbox, type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { RefData, SendResult } from "../actor/ref.ts";
import { subscriptionOf } from "../bus/subscription.ts";
import { type DeadLetterWhy, eventBit } from "./events.ts";
import type { Kernel } from "./kernel.ts";

/** Sends that one actor may have waiting (SEMANTICS S7.3). */
export const waitingSendsMax = 1_024;
/** Flags of a receiver that keep a message from the shortest way into its mailbox. */
const slowFlags = Flag.bounded | Flag.dead | Flag.faulty | Flag.traced | Flag.agent;
/** Empty mailboxes kept for the next actor that gets a message. */
const poolMax = 16_384;
/** Of these, those that have grown, and those of a few thousand messages: who gets so many at a time gets them again. */
const grownMax = 4_096;
const largeMax = 64;

interface QueuedMail {
  readonly meta: MessageMeta;
  readonly payload: unknown;
}

export class Delivery {
  readonly #kernel: Kernel;
  readonly #pool: Mailbox[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** A user message for a cell of this thread. The sender matters to policy `wait`, and to faults: undefined, none is asked. */
  deliver(cell: Cell, meta: MessageMeta, payload: unknown, sender: Cell | undefined): SendResult {
    if (this.#kernel.fanOuts.isPending) this.#kernel.fanOuts.spread();
    return this.put(cell, meta, payload, sender);
  }

  /** The same for what stands in `FanOuts` in its place. */
  put(cell: Cell, meta: MessageMeta, payload: unknown, sender: Cell | undefined): SendResult {
    const box = cell.mailbox ?? this.#openMailbox(cell);
    const slow = cell.flags & slowFlags;
    const hasRoom = slow === 0 ? box.size < mailboxCapacityDefault : slow === Flag.bounded && isOpen(box, cell.extra);
    if (!hasRoom) return this.#putSlowly(cell, box, meta, payload, sender);
    this.#kernel.scheduler.enqueue(cell, box, meta, payload);
    return undefined;
  }

  #putSlowly(cell: Cell, box: Mailbox, meta: MessageMeta, payload: unknown, sender: Cell | undefined): SendResult {
    return this.#kernel.scheduler.commit(() => {
      this.#touched(cell);
      if ((cell.flags & Flag.traced) !== 0 && sender !== undefined) this.#traced(cell, meta, payload, sender);
      if ((cell.flags & Flag.faulty) !== 0 && sender !== undefined && this.#isTaken(cell, meta, payload, sender))
        return undefined;
      return this.#deliverBounded(cell, box, meta, payload, sender);
    });
  }

  /** What waits for an actor that has declared something is told to all. */
  #touched(cell: Cell): void {
    if ((cell.flags & Flag.agent) !== 0) this.#kernel.agents.touched(cell);
  }

  /** A system message: no bound applies. */
  deliverSystem(cell: Cell, meta: Meta, payload: unknown): void {
    if ((cell.flags & Flag.dead) !== 0) return;
    if (this.#kernel.fanOuts.isPending) this.#kernel.fanOuts.spread();
    this.#touched(cell);
    this.#kernel.scheduler.enqueue(cell, cell.mailbox ?? this.#openMailbox(cell), meta, payload);
  }

  #traced(cell: Cell, meta: MessageMeta, payload: unknown, sender: Cell): void {
    const { traces } = this.#kernel;
    const id = (sender.flags & Flag.traced) === 0 ? 0 : traces.idOf(sender, payload);
    traces.arrived(cell, meta, payload, this.#kernel.refOf(sender), id);
  }

  #isTaken(cell: Cell, meta: MessageMeta, payload: unknown, sender: Cell): boolean {
    const { faults } = this.#kernel;
    if (faults === undefined) return false;
    const ref = this.#kernel.refOf(cell);
    const pass = () => {
      const later = this.#kernel.cellOf(ref);
      if (later === undefined) this.refuse(ref, meta, payload, "noproc");
      else void this.deliver(later, meta, payload, undefined);
    };
    return faults.takes(cell, meta, payload, this.#kernel.refOf(sender), faults.markOf(sender), pass);
  }

  /** A message from another thread. @param mark the sender's, see `Faults.markOf` */
  deliverRemote(
    cell: Cell,
    meta: MessageMeta,
    payload: unknown,
    fromThread: number,
    fromSlot: number,
    fromGeneration: number,
    mark: number,
  ): void {
    if ((cell.flags & (Flag.faulty | Flag.traced)) !== 0) {
      const ref = this.#kernel.refOf(cell);
      const from = this.#kernel.makeRef(fromThread, fromSlot, fromGeneration);
      // Where a plan of faults is at work the mark is that of the plan.
      if ((cell.flags & Flag.traced) !== 0)
        this.#kernel.traces.arrived(cell, meta, payload, from, this.#kernel.faults === undefined ? mark : 0);
      const pass = () => {
        const later = this.#kernel.cellOf(ref);
        if (later === undefined) this.refuse(ref, meta, payload, "noproc");
        else this.#acceptRemote(later, meta, payload, fromThread);
      };
      if (this.#kernel.faults?.takes(cell, meta, payload, from, mark, pass) === true) return;
    }
    this.#acceptRemote(cell, meta, payload, fromThread);
  }

  /** Accepts it beyond the bound where the policy is `wait`, and tells its thread to pause. */
  #acceptRemote(cell: Cell, meta: MessageMeta, payload: unknown, fromThread: number): void {
    const extra = cell.extra;
    if ((cell.flags & Flag.bounded) !== 0 && extra !== undefined && extra.policy === "wait") {
      this.#kernel.fanOuts.spread();
      this.#touched(cell);
      const box = cell.mailbox ?? this.#openMailbox(cell);
      this.#kernel.scheduler.enqueue(cell, box, meta, payload);
      if (sizeOf(box, extra) >= extra.capacity) {
        extra.pausedThreads ??= new Set();
        if (!extra.pausedThreads.has(fromThread)) {
          extra.pausedThreads.add(fromThread);
          this.#kernel.peers.pauseSender(fromThread, cell);
        }
      }
      return;
    }
    void this.deliver(cell, meta, payload, undefined);
  }

  /** A message of this thread to an actor that has no cell: it is dead, or its spawn is still on its way. */
  deliverNowhere(ref: RefData, meta: MessageMeta, payload: unknown, sender: Cell): void {
    const kernel = this.#kernel;
    const again = () => {
      const cell = kernel.cellOf(ref);
      if (cell === undefined) this.refuse(ref, meta, payload, "noproc");
      else if ((cell.flags & Flag.faulty) === 0 || !this.#isTaken(cell, meta, payload, sender))
        // It counts as sent: where there is no room it waits without its sender, which may have ended.
        void this.deliver(cell, meta, payload, undefined);
    };
    if (!kernel.early.hold(ref, again, true)) this.refuse(ref, meta, payload, "noproc");
  }

  #deliverBounded(cell: Cell, box: Mailbox, meta: MessageMeta, payload: unknown, sender: Cell | undefined): SendResult {
    const kernel = this.#kernel;
    if ((cell.flags & Flag.dead) !== 0) {
      this.refuse(kernel.refOf(cell), meta, payload, "noproc");
      return undefined;
    }
    const extra = extraOf(cell);
    if (extra.capacity === 0) extra.capacity = mailboxCapacityDefault;
    const { capacity, policy } = extra;
    const isBehindWaiting = extra.waiting !== undefined && extra.waiting.length > 0;
    if (sizeOf(box, extra) < capacity && !isBehindWaiting) {
      kernel.scheduler.enqueue(cell, box, meta, payload);
      return undefined;
    }
    if (policy === "wait") return this.#wait(cell, meta, payload, sender);
    if (policy === "exit") {
      // It is the last that it gets, and becomes what its other mail does.
      kernel.scheduler.enqueue(cell, box, meta, payload);
      kernel.budgets.end(cell, { budget: { mailbox: capacity } });
      return undefined;
    }
    if (!extra.isFullTold) {
      extra.isFullTold = true;
      // So that its service is followed, also where nobody had set a bound.
      cell.flags |= Flag.bounded;
      if (kernel.wants(eventBit("mailboxFull")))
        kernel.emit({ type: "mailboxFull", ref: kernel.refOf(cell), capacity, policy });
    }
    if (policy === "dropOldest") {
      // System messages are never dropped: the oldest user message goes.
      const oldest = this.takeOldest(cell, isUserMessage);
      if (oldest !== undefined) {
        kernel.counters.addUnread(-1);
        this.refuse(kernel.refOf(cell), oldest.meta, oldest.payload, "dropped");
      }
      kernel.scheduler.enqueue(cell, box, meta, payload);
      return undefined;
    }
    this.refuse(kernel.refOf(cell), meta, payload, policy === "dropNewest" ? "dropped" : "mailbox_full");
    return undefined;
  }

  #wait(cell: Cell, meta: MessageMeta, payload: unknown, sender: Cell | undefined): SendResult {
    const extra = extraOf(cell);
    extra.waiting ??= [];
    return this.holdSend(extra.waiting, this.#kernel.refOf(cell), meta, payload, sender);
  }

  /** Puts a send on a waiting list, within the sender's bound. */
  holdSend(
    list: WaitingSend[],
    to: RefData,
    meta: MessageMeta,
    payload: unknown,
    sender: Cell | undefined,
    transfer?: readonly unknown[],
  ): SendResult {
    const { asyncTurns, budgets, guest } = this.#kernel;
    const by = sender ?? guest;
    // A call that waits for room is under way already, and counts once.
    const isCall = meta instanceof Meta;
    if (!isCall && (by.flags & Flag.counted) !== 0) budgets.admit(by, "send");
    const holder = extraOf(by);
    if (holder.waitingCount >= waitingSendsMax) {
      this.refuse(to, meta, payload, "mailbox_full");
      return undefined;
    }
    holder.waitingCount++;
    if (!isCall) asyncTurns.awaits(by, 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    list.push({ sender: by, meta, payload, transfer, accepted: resolve });
    return promise;
  }

  /** Puts messages (meta, payload, …) back at the head of the mailbox, in their order. */
  putBack(cell: Cell, messages: readonly unknown[]): void {
    this.#kernel.fanOuts.spread();
    const box = cell.mailbox ?? this.#openMailbox(cell);
    for (let i = messages.length - 2; i >= 0; i -= 2) box.unshift(messages[i] as MessageMeta, messages[i + 1]);
    this.#kernel.scheduler.schedule(cell);
  }

  /** Called by the scheduler after a bounded mailbox was served: lets waiting sends in, and paused threads go on. */
  afterService(cell: Cell): void {
    const extra = cell.extra;
    const box = cell.mailbox;
    if (extra === undefined || box === undefined) return;
    const waiting = extra.waiting;
    if (waiting !== undefined && waiting.length > 0) {
      let admitted = 0;
      while (admitted < waiting.length && sizeOf(box, extra) < extra.capacity) {
        const send = waiting[admitted++] as WaitingSend;
        if (this.takeBack(send)) this.#kernel.scheduler.enqueue(cell, box, send.meta, send.payload);
        else this.refuse(this.#kernel.refOf(cell), send.meta, send.payload, "noproc");
      }
      waiting.splice(0, admitted);
    }
    if (sizeOf(box, extra) > extra.capacity >> 1) return;
    extra.isFullTold = false;
    if (extra.pausedThreads !== undefined && extra.pausedThreads.size > 0) {
      for (const thread of extra.pausedThreads) this.#kernel.peers.resumeSender(thread, cell);
      extra.pausedThreads.clear();
    }
  }

  /** A waiting send leaves its list: its promise settles in the drain. False when its sender died meanwhile. */
  takeBack(send: WaitingSend): boolean {
    const sender = send.sender;
    if (sender?.extra !== undefined) {
      sender.extra.waitingCount--;
      if (!(send.meta instanceof Meta)) this.#kernel.asyncTurns.awaits(sender, -1);
    }
    if (send.accepted !== undefined)
      this.#kernel.scheduler.settle(sender ?? this.#kernel.guest, send.accepted, undefined);
    return sender === undefined || (sender.flags & Flag.dead) === 0;
  }

  /** A message that reaches nobody: counted, told to who listens, and a call's caller gets an answer. */
  refuse(to: RefData, meta: MessageMeta, payload: unknown, why: DeadLetterWhy): void {
    this.deadLetter(to, meta, payload, why);
    if (meta instanceof Meta && meta.kind === MetaKind.timer) {
      const cell = this.#kernel.cellOf(to);
      if (cell !== undefined) this.#kernel.timers.delivered(cell, meta.id);
    }
    if (
      meta instanceof Meta &&
      (meta.kind === MetaKind.call || meta.kind === MetaKind.stop) &&
      meta.from !== undefined
    ) {
      const code = why === "dropped" ? "mailbox_full" : why;
      const message = `${this.#kernel.nameOf(to)} did not take the call "${meta.name}": ${code}`;
      this.#kernel.calls.answerError(meta.from, meta.id, { name: "RuntimeError", code, message }, to);
    }
  }

  /** Takes the oldest message of a kind out of the mailbox, or out of what was held back of it, which is older. */
  takeOldest(cell: Cell, matches: (meta: MessageMeta) => boolean): QueuedMail | undefined {
    return cell.extra?.heldMail?.removeFirst(matches) ?? cell.mailbox?.removeFirst(matches);
  }

  /** Takes messages out of the mailbox that are not to be read any more, and of those that wait for room (S5.6). */
  withdraw(cell: Cell, matches: (meta: MessageMeta) => boolean): void {
    const { extra, mailbox } = cell;
    if (extra?.waiting !== undefined) {
      const left: WaitingSend[] = [];
      for (const send of extra.waiting) {
        if (matches(send.meta)) this.takeBack(send);
        else left.push(send);
      }
      extra.waiting = left;
    }
    const removed = (mailbox?.remove(matches) ?? 0) + (extra?.heldMail?.remove(matches) ?? 0);
    if (removed === 0) return;
    this.#kernel.counters.addUnread(-removed);
    // It may have been all that the mailbox held, and then no service of it would let in who waits.
    if ((cell.flags & Flag.bounded) !== 0) this.afterService(cell);
  }

  withdrawTimer(cell: Cell, id: number): void {
    this.withdraw(cell, (meta) => meta instanceof Meta && meta.kind === MetaKind.timer && meta.id === id);
  }

  /** Also of what was put aside. */
  withdrawSubscription(cell: Cell, subscriptions: Meta): void {
    this.withdraw(cell, (meta) => meta === subscriptions);
    const stash = cell.extra?.stash;
    if (cell.extra === undefined || stash === undefined) return;
    const left = stash.filter((_, at) => stash[at - (at % 2)] !== subscriptions);
    cell.extra.stash = left.length > 0 ? left : undefined;
    this.#kernel.counters.addUnread((left.length - stash.length) / 2);
  }

  deadLetter(to: RefData, meta: MessageMeta, payload: unknown, why: DeadLetterWhy): void {
    const subscription = subscriptionOf(meta);
    const { deliveries } = this.#kernel.topics;
    if (subscription !== undefined && !deliveries.isRefused(subscription, payload as Envelope, why)) return;
    this.#kernel.deadLetters.add(to, { meta, payload }, why);
  }

  #openMailbox(cell: Cell): Mailbox {
    const box = this.#pool.pop() ?? new Mailbox();
    cell.mailbox = box;
    return box;
  }

  /** Takes an empty mailbox back, so that an idle actor has none. */
  closeMailbox(cell: Cell): void {
    const box = cell.mailbox;
    if (box === undefined) return;
    cell.mailbox = undefined;
    if (this.#pool.length < (box.isGrown ? (box.isLarge ? largeMax : grownMax) : poolMax) && !box.isHuge)
      this.#pool.push(box);
  }
}

/** Whether a mailbox with a bound of its own takes a message at once. */
function isOpen(box: Mailbox, extra: CellExtra | undefined): boolean {
  return (
    extra !== undefined &&
    box.size < extra.capacity &&
    extra.heldMail === undefined &&
    (extra.waiting === undefined || extra.waiting.length === 0)
  );
}

/** Messages that a bound counts: also those that are held back (`pause`, `initLater`). */
function sizeOf(box: Mailbox, extra: CellExtra): number {
  return extra.heldMail === undefined ? box.size : box.size + extra.heldMail.size;
}

/** What a bound applies to: everything but what the runtime itself has to say. */
function isUserMessage(meta: MessageMeta): boolean {
  return (
    !(meta instanceof Meta) ||
    meta.kind === MetaKind.call ||
    meta.kind === MetaKind.timer ||
    meta.kind === MetaKind.topic
  );
}
