/**
 * Frames that never reach the other thread, because it is gone or because they cannot be written, and who learns of it:
 * a message is a dead letter, a call fails, and links, monitors and spawns are answered at once, as that thread would have.
 */
import type { RefData } from "../actor/ref.ts";
import type { SharedPayload } from "../bus/queues.ts";
import type { PublishedPayload } from "../bus/topics.ts";
import { RuntimeError } from "../errors.ts";
import type { SubmitPayload } from "../tasks/submissions.ts";
import { placeLost } from "./calls.ts";
import { Counter } from "./counters.ts";
import type { DeadLetterWhy } from "./events.ts";
import { FrameKind, isMessage, mailOf } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { isDeferred } from "./outbox.ts";
import type { Peer } from "./peer.ts";
import { ThreadState } from "./system-memory.ts";

/** What stands for a message that cannot be read back. */
const notWhole = "(not decoded: the thread that it was for had not read all of it)";

export class Undelivered {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Its receiver's thread is gone. */
  threadGone(
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
    const why = this.#whyGone(thread);
    switch (kind) {
      case FrameKind.message:
      case FrameKind.cast:
        kernel.delivery.deadLetter(to, ...mailOf(kind, payload), why);
        return;
      case FrameKind.call:
      case FrameKind.stop:
        kernel.delivery.deadLetter(to, ...mailOf(kind, payload), why);
        kernel.calls.threadIsLost(id, to);
        return;
      case FrameKind.link: {
        const cell = kernel.cellOf(from);
        if (cell !== undefined) kernel.signals.exitReceived(cell, to, "noproc", true);
        return;
      }
      case FrameKind.control:
      case FrameKind.actors:
      case FrameKind.groupChanges:
      case FrameKind.deadLetters:
      case FrameKind.resend:
        kernel.calls.threadIsLost(id, to);
        return;
      case FrameKind.published: {
        const [topic, , , extras] = payload as PublishedPayload;
        if (extras?.replyTo !== undefined) kernel.calls.placeOut(extras.replyTo.id, thread, placeLost(topic, why));
        return;
      }
      case FrameKind.shared: {
        // It never came there: another member of its queue may have it.
        const [queue, pattern, envelope] = payload as SharedPayload;
        kernel.topics.queues.backReceived([queue, pattern, to, envelope]);
        return;
      }
      case FrameKind.streamOpen:
      case FrameKind.chunk:
        kernel.streams.writerTold(from, thread, id, FrameKind.streamClosed, "the reader's thread is lost");
        return;
      case FrameKind.groupChange:
        // Nobody joins or leaves there.
        kernel.calls.settle(id, 0);
        return;
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

  /** All that a peer whose thread is gone has not read: in its ring, in the outbox, and held before that. */
  peerGone(peer: Peer): void {
    const kernel = this.#kernel;
    const { outbox, thread } = peer;
    const why = this.#whyGone(thread);
    for (const { kind, slot, generation, fromSlot, fromGeneration, id, content } of peer.writer?.unread() ?? []) {
      if (content !== undefined)
        this.threadGone(thread, kind as FrameKind, slot, generation, fromSlot, fromGeneration, id, content.payload);
      else if (isMessage(kind)) kernel.deadLetters.add(kernel.makeRef(thread, slot, generation), notWhole, why);
    }
    for (; outbox.size > 0; outbox.shift()) {
      const { front: box, at } = outbox;
      const payload = box[at + 6];
      if (isMessage(box[at] as number)) kernel.counters.add(Counter.unsent, -1);
      this.threadGone(
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
    peer.held.refuseAll(why);
  }

  /** Its payload could not be encoded after all. */
  refused(
    thread: number,
    kind: FrameKind,
    slot: number,
    generation: number,
    from: RefData,
    id: number,
    payload: unknown,
    error: unknown,
  ): void {
    const kernel = this.#kernel;
    const to = kernel.makeRef(thread, slot, generation);
    kernel.delivery.deadLetter(to, ...mailOf(kind, payload), "not_cloneable");
    const message = error instanceof Error ? error.message : String(error);
    const code = error instanceof RuntimeError && error.code === "message_too_large" ? error.code : "not_cloneable";
    const data = { name: "RuntimeError", code, message };
    if (kind === FrameKind.call || kind === FrameKind.stop) kernel.calls.failed(id, data);
    else if (kind === FrameKind.chunk) kernel.streams.chunkRefused(from, to, id, data);
    else if (kind === FrameKind.submit) {
      kernel.calls.failed(id, data);
      kernel.calls.failed((payload as SubmitPayload)[0], data);
    } else if (kind === FrameKind.publishedToKeep) kernel.calls.failed(id, data);
    else if (kind === FrameKind.spawn) kernel.spawner.failed(from, to, id, { error: data });
    else if (kind === FrameKind.reply)
      kernel.peers.pushFrom(thread, FrameKind.replyError, to, kernel.refOf(kernel.guest), id, data);
  }

  /** Why nobody on a thread that is gone gets a message: who retired had no actor any more. */
  #whyGone(thread: number): DeadLetterWhy {
    return this.#kernel.memory.state(thread) === ThreadState.retired ? "noproc" : "thread_lost";
  }
}
