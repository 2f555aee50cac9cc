/**
 * Who of a thread has got a request, until each of them is out of it: the message did not come into its hands, or its end
 * fell into the turn with it. Then the asker's thread is told, where a request fails when that has been told of all threads.
 * One that has handled it without an answer is not out of it: it may answer later, or somebody in its place.
 */

import type { Cell } from "../actor/cell.ts";
import type { Envelope, From } from "../actor/context.ts";
import { type ExitReason, reasonError } from "../actor/exit-reason.ts";
import type { Mail } from "../actor/mailbox.ts";
import type { ErrorData } from "../errors.ts";
import type { DeadLetterWhy } from "../kernel/events.ts";
import { FrameKind } from "../kernel/frame-kind.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { passes } from "./filter.ts";
import type { Route } from "./routes.ts";
import { subscriptionOf, type TopicSubscription } from "./subscription.ts";

/** Of no set is anybody the last. */
const nobody = new Set<TopicSubscription>();

export class Receivers {
  readonly #kernel: Kernel;
  /**
   * By what each of a thread's subscribers gets, the same object for all; it is gone with the last of its messages. None of what has
   * one receiver alone, as most have: each would cost more here than all the rest of it.
   */
  readonly #left = new WeakMap<Envelope, Set<TopicSubscription>>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** It is about to be delivered to those whose filter lets it through. */
  arrives(envelope: Envelope, { groups, isKept, subscriptions }: Route): void {
    // Where a queue shares it, or a topic keeps it, somebody may always get it later.
    if (groups.length > 0 || isKept) {
      if (subscriptions.length > 0) this.#left.set(envelope, nobody);
      return;
    }
    const isFor = ({ filter }: TopicSubscription) => filter === undefined || passes(filter, envelope.message);
    const receivers = subscriptions.every(isFor) ? subscriptions : subscriptions.filter(isFor);
    if (receivers.length > 1) this.#left.set(envelope, new Set(receivers));
    if (receivers.length === 0)
      this.#tell(envelope, { code: "noproc", message: `nobody is there to answer the request "${envelope.topic}"` });
  }

  /** A message did not come into its subscriber's hands. */
  missed(subscription: TopicSubscription, envelope: Envelope, why: DeadLetterWhy | "late"): void {
    const who = this.#kernel.nameOf(this.#kernel.refOf(subscription.cell));
    const code = why === "late" ? "timeout" : why === "dropped" ? "mailbox_full" : why;
    this.#out(subscription, envelope, { code, message: `${who} did not get the request "${envelope.topic}": ${why}` });
  }

  /** An actor has crashed or ended, with a message in its hands. */
  ended(cell: Cell, mail: Mail | undefined, reason: ExitReason): void {
    const request = requestOf(cell, mail);
    if (request === undefined) return;
    const { subscription, envelope } = request;
    const who = this.#kernel.nameOf(this.#kernel.refOf(cell));
    this.#out(subscription, envelope, reasonError(reason, who, envelope.topic));
  }

  /** An actor's turn was interrupted, and the message in its hands is used up. What that turn wrote is all that is written. */
  interrupted(cell: Cell, mail: Mail | undefined, reason: string): void {
    const request = requestOf(cell, mail);
    if (request === undefined) return;
    const kernel = this.#kernel;
    const { subscription, envelope, replyTo } = request;
    const { caller, id } = replyTo;
    const self = kernel.refOf(cell);
    const message = `${kernel.nameOf(self)} was interrupted at "${envelope.topic}": ${reason}`;
    const error: ErrorData = { name: "RuntimeError", code: "interrupted", message };
    const writer = kernel.streams.writerOf(cell, caller, id);
    if (writer !== undefined) {
      writer.closed(`its turn was interrupted: ${reason}`);
      kernel.calls.answerError(caller, id, error, self);
    }
    this.#out(subscription, envelope, error);
  }

  /** The same one may be out of it twice: the asker hears no more of that. */
  #out(subscription: TopicSubscription, envelope: Envelope, error: Omit<ErrorData, "name">): void {
    if (subscription.queue !== undefined || subscription.isServed) return;
    const left = this.#left.get(envelope);
    if (left === undefined || (left.delete(subscription) && left.size === 0)) this.#tell(envelope, error);
  }

  #tell({ replyTo }: Envelope, error: Omit<ErrorData, "name">): void {
    const { calls, guest, peers, thread } = this.#kernel;
    const { caller, id } = replyTo as From; // of a request
    const data: ErrorData = { name: "RuntimeError", ...error };
    if (caller.thread === thread) calls.placeOut(id, thread, data);
    else peers.push(caller.thread, FrameKind.requestOut, caller, guest, id, data);
  }
}

interface RequestInHand {
  readonly subscription: TopicSubscription;
  readonly envelope: Envelope;
  readonly replyTo: From;
}

/** Undefined: what the actor has in hand is no request of its own. */
function requestOf(cell: Cell, mail: Mail | undefined): RequestInHand | undefined {
  const subscription = mail && subscriptionOf(mail.meta);
  // Its code may run in another's frames, with another's message in hand.
  if (subscription === undefined || subscription.cell !== cell) return undefined;
  const envelope = mail?.payload as Envelope; // of a subscription
  const { replyTo } = envelope;
  return replyTo === undefined ? undefined : { subscription, envelope, replyTo };
}
