/**
 * Links, monitors and exit signals (SEMANTICS S3): Erlang's rules, on one thread and between threads.
 *
 * Local signals of a death are worked off in a loop and not by recursion, so that a chain of ten thousand links ends
 * without a deep stack.
 */
import { type Cell, extraOf, Flag } from "../actor/cell.ts";
import type { DownMessage, ExitMessage, Monitor } from "../actor/context.ts";
import { type Blamed, blamedReason, type ExitReason } from "../actor/exit-reason.ts";
import { Meta, MetaKind } from "../actor/mailbox.ts";
import { type Ref, type RefData, refKey, sameRef } from "../actor/ref.ts";
import { RefTable } from "../actor/ref-table.ts";
import { describe, RuntimeError } from "../errors.ts";
import { freezeMessage } from "../thread/message-check.ts";
import { FrameKind } from "./frame-kind.ts";
import type { Kernel } from "./kernel.ts";
import { addLink, addWatcher, hasLink, linksOf, removeLink, watcherKey } from "./links.ts";

/** A signal of a death that is still to be handed to a cell of this thread. */
interface LocalSignal {
  readonly to: Cell;
  readonly from: Ref;
  readonly reason: ExitReason;
  /** A monitor's id, or -1 for an exit signal by a link. */
  readonly monitor: number;
}

export class Signals {
  readonly #kernel: Kernel;
  readonly #queue: LocalSignal[] = [];
  #isWorking = false;
  #nextMonitor = 1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  // Links ---------------------------------------------------------------------------------------------------------

  link(cell: Cell, ref: RefData): void {
    const kernel = this.#kernel;
    if (sameRef(ref, kernel.refOf(cell))) return;
    if (hasLink(cell, ref)) return;
    if (ref.thread === kernel.thread) {
      const other = kernel.cellOf(ref);
      if (other === undefined) {
        const to = kernel.adopt(ref);
        if (kernel.early.hold(ref, () => this.#linkLater(cell, to))) addLink(cell, to);
        else this.exitReceived(cell, to, "noproc", false, true);
        return;
      }
      addLink(cell, kernel.refOf(other));
      addLink(other, kernel.refOf(cell));
      return;
    }
    addLink(cell, kernel.adopt(ref));
    kernel.peers.relate(cell, ref.thread, 1);
    kernel.peers.push(ref.thread, FrameKind.link, ref, cell, 0, undefined);
  }

  /** The other end of a link to an actor that had not come yet; unless the link was undone meanwhile. */
  #linkLater(cell: Cell, ref: Ref): void {
    if (!hasLink(cell, ref)) return;
    const other = this.#kernel.cellOf(ref);
    if (other === undefined) this.exitReceived(cell, ref, "noproc", true);
    else addLink(other, this.#kernel.refOf(cell));
  }

  /** A link request came from another thread. */
  linkReceived(ref: RefData, from: Ref): void {
    const kernel = this.#kernel;
    const cell = kernel.cellOf(ref);
    if (cell === undefined) {
      kernel.peers.pushFrom(from.thread, FrameKind.linkExit, from, ref, 0, "noproc");
      return;
    }
    // An unlink of ours is on its way to the other side and will undo this older request there (S3.3).
    if (cell.extra?.unlinking?.has(refKey(from)) === true) return;
    if (addLink(cell, from)) kernel.peers.relate(cell, from.thread, 1);
  }

  unlink(cell: Cell, ref: RefData): void {
    const kernel = this.#kernel;
    if (ref.thread === kernel.thread) {
      if (!removeLink(cell, ref)) return;
      const other = kernel.cellOf(ref);
      if (other !== undefined) removeLink(other, kernel.refOf(cell));
      return;
    }
    if (!removeLink(cell, ref)) return;
    kernel.peers.relate(cell, ref.thread, -1);
    const extra = extraOf(cell);
    extra.unlinking ??= new Map();
    const key = refKey(ref);
    extra.unlinking.set(key, (extra.unlinking.get(key) ?? 0) + 1);
    kernel.peers.push(ref.thread, FrameKind.unlink, ref, cell, 0, undefined);
  }

  unlinkReceived(ref: RefData, from: Ref): void {
    const kernel = this.#kernel;
    const cell = kernel.cellOf(ref);
    if (cell !== undefined && removeLink(cell, from)) kernel.peers.relate(cell, from.thread, -1);
    kernel.peers.pushFrom(from.thread, FrameKind.unlinkAck, from, ref, 0, undefined);
  }

  unlinkConfirmed(ref: RefData, from: Ref): void {
    const unlinking = this.#kernel.cellOf(ref)?.extra?.unlinking;
    if (unlinking === undefined) return;
    const key = refKey(from);
    const open = (unlinking.get(key) ?? 0) - 1;
    if (open > 0) unlinking.set(key, open);
    else unlinking.delete(key);
  }

  // Monitors ------------------------------------------------------------------------------------------------------

  monitor(cell: Cell, ref: RefData | undefined, name: string | undefined): Monitor {
    const kernel = this.#kernel;
    const id = this.#nextMonitor++;
    const target = ref === undefined ? undefined : kernel.adopt(ref);
    const handle: Monitor = { id, ref: target };
    const extra = extraOf(cell);
    extra.monitors ??= new Map();
    extra.monitors.set(id, { ref: target, name, handle });
    if (target === undefined) this.#down(cell, id, "noproc");
    else if (target.thread === kernel.thread) {
      const other = kernel.cellOf(target);
      const watchLater = () => {
        const late = kernel.cellOf(target);
        if (late === undefined) this.#down(cell, id, "noproc");
        else if (cell.extra?.monitors?.has(id) === true) addWatcher(late, kernel.refOf(cell), id);
      };
      if (other !== undefined) addWatcher(other, kernel.refOf(cell), id);
      else if (!kernel.early.hold(target, watchLater)) this.#down(cell, id, "noproc");
    } else {
      kernel.peers.relate(cell, target.thread, 1);
      kernel.peers.push(target.thread, FrameKind.monitor, target, cell, id, undefined);
    }
    return handle;
  }

  monitorReceived(ref: RefData, from: Ref, id: number): void {
    const kernel = this.#kernel;
    const cell = kernel.cellOf(ref);
    if (cell === undefined) kernel.peers.pushFrom(from.thread, FrameKind.down, from, ref, id, "noproc");
    else addWatcher(cell, from, id);
  }

  /** The monitor of `spawnMonitor`: the spawn itself carries it to the other thread. */
  spawnMonitor(cell: Cell, ref: Ref): Monitor {
    const id = this.#nextMonitor++;
    const handle: Monitor = { id, ref };
    const extra = extraOf(cell);
    extra.monitors ??= new Map();
    extra.monitors.set(id, { ref, name: undefined, handle });
    this.#kernel.peers.relate(cell, ref.thread, 1);
    return handle;
  }

  demonitor(cell: Cell, id: number, flush: boolean): void {
    const monitor = cell.extra?.monitors?.get(id);
    if (monitor !== undefined) {
      cell.extra?.monitors?.delete(id);
      const target = monitor.ref;
      if (target !== undefined) this.#withdraw(cell, target, id);
      // It stood, so no down of it is queued: the mailbox, which may be long, is left alone.
      return;
    }
    if (flush)
      this.#kernel.delivery.withdraw(
        cell,
        (meta) => meta instanceof Meta && meta.kind === MetaKind.down && meta.id === id,
      );
  }

  #withdraw(cell: Cell, target: RefData, id: number): void {
    const kernel = this.#kernel;
    if (target.thread === kernel.thread) {
      kernel.cellOf(target)?.extra?.watchers?.delete(watcherKey(kernel.refOf(cell), id));
      return;
    }
    kernel.peers.relate(cell, target.thread, -1);
    kernel.peers.push(target.thread, FrameKind.demonitor, target, cell, id, undefined);
  }

  demonitorReceived(ref: RefData, from: Ref, id: number): void {
    this.#kernel.cellOf(ref)?.extra?.watchers?.delete(watcherKey(from, id));
  }

  /** A down signal reached a watcher of this thread; it counts only while its monitor stands. */
  downReceived(ref: RefData, id: number, reason: ExitReason): void {
    const cell = this.#kernel.cellOf(ref);
    if (cell !== undefined) this.#down(cell, id, reason);
  }

  #down(cell: Cell, id: number, reason: ExitReason): void {
    const monitor = cell.extra?.monitors?.get(id);
    if (monitor === undefined) return;
    this.#freezeReason(reason);
    cell.extra?.monitors?.delete(id);
    const ref = monitor.ref;
    if (ref !== undefined && ref.thread !== this.#kernel.thread) this.#kernel.peers.relate(cell, ref.thread, -1);
    const message: DownMessage = {
      type: "down",
      monitor: id,
      ref: ref as Ref | undefined,
      reason,
      ...(monitor.name !== undefined && { name: monitor.name }),
    };
    this.#kernel.delivery.deliverSystem(cell, new Meta(MetaKind.down, "", id, ref), message);
  }

  // Exits ---------------------------------------------------------------------------------------------------------

  /** `exit(ref, reason)`. */
  exit(cell: Cell, ref: RefData, reason: ExitReason): void {
    const kernel = this.#kernel;
    if (ref.thread !== kernel.thread) {
      kernel.peers.push(ref.thread, FrameKind.exit, ref, cell, 0, reason);
      return;
    }
    const from = kernel.refOf(cell);
    const living = kernel.faults === undefined ? kernel.cellOf(ref) : undefined;
    if (living !== undefined) {
      this.exitReceived(living, from, reason, false, false);
      return;
    }
    if (reason === "kill") kernel.faults?.hurry(from, ref);
    const receive = () => {
      const target = kernel.cellOf(ref);
      if (target !== undefined) this.exitReceived(target, from, reason, false, false);
    };
    if (kernel.faults?.holds(from, ref, receive) === true) return;
    if (!kernel.early.hold(ref, receive)) receive();
  }

  /** The rules of S3.4. `isForced`: a link to nobody, which has no link to be active. */
  exitReceived(cell: Cell, from: Ref, reason: ExitReason, byLink: boolean, isForced = false): void {
    this.#freezeReason(reason);
    const kernel = this.#kernel;
    if (byLink) {
      if (!removeLink(cell, from)) return;
      if (from.thread !== kernel.thread) kernel.peers.relate(cell, from.thread, -1);
    }
    const isTrapping = (cell.flags & Flag.trapping) !== 0;
    if (reason === "normal" && !isTrapping && !sameRef(from, kernel.refOf(cell))) return;
    if (reason === "kill" && !byLink && !isForced) kernel.lifecycle.die(cell, "killed");
    else if (isTrapping) {
      const message: ExitMessage = { type: "exit", from, reason };
      kernel.delivery.deliverSystem(cell, new Meta(MetaKind.exit, "", 0, from), message);
    } else kernel.lifecycle.die(cell, reason);
  }

  /** A reason goes to many receivers: as a message it is frozen, whether it crossed or not (S2.6). */
  #freezeReason(reason: ExitReason): void {
    if (typeof reason === "object" && this.#kernel.checks) freezeMessage(reason);
  }

  /** Tells everybody who is linked to or watches an actor that just died. `except` is told in another way. */
  announceDeath(cell: Cell, ref: Ref, reason: ExitReason, except: RefData | undefined): void {
    const kernel = this.#kernel;
    const links = cell.links;
    cell.links = undefined;
    if (links instanceof RefTable)
      for (const link of links.values()) this.#announceExit(cell, ref, link, reason, except);
    else if (links !== undefined) this.#announceExit(cell, ref, links, reason, except);
    const extra = cell.extra;
    if (extra !== undefined) {
      if (extra.monitors !== undefined) {
        for (const [id, { ref: target }] of extra.monitors) if (target !== undefined) this.#withdraw(cell, target, id);
        extra.monitors = undefined;
      }
      if (extra.watchers !== undefined) {
        for (const { ref: watcher, id } of extra.watchers.values()) {
          if (watcher.thread !== kernel.thread)
            kernel.peers.push(watcher.thread, FrameKind.down, watcher, cell, id, reason);
          else {
            const to = kernel.cellOf(watcher);
            if (to !== undefined) this.#queue.push({ to, from: ref, reason, monitor: id });
          }
        }
        extra.watchers = undefined;
      }
    }
    this.#work();
  }

  #announceExit(cell: Cell, ref: Ref, link: RefData, reason: ExitReason, except: RefData | undefined): void {
    const kernel = this.#kernel;
    if (link.thread !== kernel.thread) {
      kernel.peers.relate(cell, link.thread, -1);
      if (!sameRef(link, except)) kernel.peers.push(link.thread, FrameKind.linkExit, link, cell, 0, reason);
      return;
    }
    const to = kernel.cellOf(link);
    if (to === undefined) {
      const exitLater = () => {
        const late = kernel.cellOf(link);
        if (late !== undefined && addLink(late, ref)) this.exitReceived(late, ref, reason, true);
      };
      kernel.early.hold(link, exitLater);
      return;
    }
    if (sameRef(link, except)) removeLink(to, ref);
    else this.#queue.push({ to, from: ref, reason, monitor: -1 });
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      for (let i = 0; i < this.#queue.length; i++) {
        const signal = this.#queue[i] as LocalSignal;
        const { faults } = this.#kernel;
        if (faults?.holds(signal.from, this.#kernel.refOf(signal.to), () => this.#receive(signal)) !== true)
          this.#receive(signal);
      }
    } finally {
      this.#queue.length = 0;
      this.#isWorking = false;
    }
  }

  #receive({ to, from, reason, monitor }: LocalSignal): void {
    if ((to.flags & Flag.dead) !== 0) return;
    if (monitor >= 0) this.#down(to, monitor, reason);
    else this.exitReceived(to, from, reason, true);
  }

  /** The peer thread is lost: what its actors would have said, they say now (S3.8). */
  threadLost(
    thread: number,
    cells: Iterable<Cell>,
    reason: ExitReason,
    startReason: ExitReason,
    blame: Blamed | undefined,
  ): void {
    const kernel = this.#kernel;
    const reasonOf = (ref: RefData, otherwise: ExitReason) => blamedReason(blame, ref) ?? otherwise;
    for (const cell of cells) {
      if ((cell.flags & Flag.dead) !== 0) continue;
      for (const link of linksOf(cell)) {
        const from = kernel.adopt(link);
        if (link.thread === thread && !kernel.starts.endsWith(cell, from, reasonOf(link, startReason)))
          this.exitReceived(cell, from, reasonOf(link, reason), true);
        if ((cell.flags & Flag.dead) !== 0) break;
      }
      if ((cell.flags & Flag.dead) !== 0) continue;
      for (const [id, monitor] of [...(cell.extra?.monitors ?? [])]) {
        if (monitor.ref?.thread === thread) this.#down(cell, id, reasonOf(monitor.ref, reason));
      }
    }
    kernel.starts.threadLost(thread, startReason, blame);
  }
}

export function assertId(monitor: { readonly id: number } | number, verb = "demonitor"): number {
  const id = typeof monitor === "number" ? monitor : (monitor as { readonly id?: unknown } | undefined | null)?.id;
  if (typeof id !== "number")
    throw new RuntimeError("bad_argument", `${verb} wants a monitor or its id, got ${describe(monitor)}`);
  return id;
}
