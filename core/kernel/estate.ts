/**
 * What a dead actor leaves behind for others: its mail, calls that it has not answered, sends that wait for room. Nobody
 * waits in vain: each of them gets its end here.
 */
import type { Cell } from "../actor/cell.ts";
import { type ExitReason, reasonError } from "../actor/exit-reason.ts";
import { type MessageMeta, Meta, MetaKind } from "../actor/mailbox.ts";
import type { RefData } from "../actor/ref.ts";
import type { Kernel } from "./kernel.ts";

/** Unread mail becomes dead letters, unread and open calls are answered with the reason, waiting senders go on. */
export function settleEstate(kernel: Kernel, cell: Cell, ref: RefData, reason: ExitReason): void {
  const { current, extra, mailbox } = cell;
  if (extra === undefined && current === undefined && (mailbox === undefined || mailbox.size === 0)) {
    kernel.delivery.closeMailbox(cell);
    kernel.faults?.ended(ref);
    return;
  }
  const answer = (name: string) => reasonError(reason, kernel.nameOf(ref), name);
  if (current !== undefined && (current.kind === MetaKind.call || current.kind === MetaKind.inspect))
    kernel.calls.answerError(current.from, current.id, answer(current.name), ref);
  cell.current = undefined;
  if (extra?.openCalls !== undefined) {
    const open = extra.openCalls.values().sort((a, b) => a.caller.thread - b.caller.thread || a.id - b.id);
    for (const { caller, id, name } of open) kernel.calls.answerError(caller, id, answer(name), ref);
    extra.openCalls = undefined;
  }
  for (const { caller, id } of extra?.stopCallers ?? []) kernel.calls.answer(caller, id, reason, ref);
  const mail = [...(extra?.stash ?? []), ...(extra?.heldMail?.takeAll() ?? []), ...(mailbox?.takeAll() ?? [])];
  kernel.counters.addUnread(-mail.length / 2);
  kernel.delivery.closeMailbox(cell);
  for (let i = 0; i < mail.length; i += 2) {
    const meta = mail[i] as MessageMeta;
    if (meta instanceof Meta && meta.kind !== MetaKind.call && meta.kind !== MetaKind.topic) {
      if (meta.kind === MetaKind.stop) kernel.calls.answer(meta.from, meta.id, reason, ref);
      if (meta.kind === MetaKind.inspect) kernel.calls.answerError(meta.from, meta.id, answer(meta.name), ref);
      continue;
    }
    kernel.delivery.deadLetter(ref, meta, mail[i + 1], "noproc");
    if (meta instanceof Meta) kernel.calls.answerError(meta.from, meta.id, answer(meta.name), ref);
  }
  for (const send of extra?.waiting ?? []) {
    kernel.delivery.takeBack(send);
    kernel.delivery.refuse(ref, send.meta, send.payload, "noproc");
  }
  kernel.faults?.ended(ref);
  // Sends that wait on other threads for room here go on, and find nobody.
  for (const thread of extra?.pausedThreads ?? []) kernel.peers.resumeSender(thread, cell);
  if (extra !== undefined) {
    extra.pausedThreads = undefined;
    extra.waiting = undefined;
    extra.stash = undefined;
    extra.heldMail = undefined;
  }
}
