/**
 * Links, monitors and deaths: a model of S1.3, S3 and S4.2 that the runtime is held against.
 *
 * The model keeps, for each actor, which links are active as that actor sees it. It moves by what actors ask for and by
 * what frames bring, and foretells what each exit signal must do. At rest both sides of a link must agree, and every end
 * must have been told to whoever asked for it.
 */
import type { ExitReason } from "../../core/actor/exit-reason.ts";
import { type Player, type Players, reasonKey } from "./players.ts";
import type { Trace } from "./trace.ts";

/** A link as one of its two sides sees it. */
interface View {
  isActive: boolean;
  /** Unlinks on their way to the other side. */
  unlinks: number;
  /** Exits by this link that this side received. */
  exits: number;
}

interface LinkedPair {
  readonly a: Player;
  readonly b: Player;
  /** Who asked for the link. */
  readonly linkers: Set<Player>;
  /** Nobody unlinked, and no start stands for the exit. */
  isPlain: boolean;
}

interface Watch {
  readonly owner: Player;
  readonly target: Player | undefined;
  readonly time: number;
  /** It stands behind an exit in the signals that wait for the target's birth, so the target may be gone when it is received. */
  readonly isBehindExit: boolean;
  isWithdrawn: boolean;
  /** Downs that came into the owner's mailbox. */
  queued: number;
  handled: number;
}

export type ExitEffect = "none" | "message" | "death";

export class Ties {
  readonly #trace: Trace;
  readonly #players: Players;
  readonly #views = new Map<number, View>();
  /** Pairs that were linked, and whether one of them ever unlinked or the link began with a start. */
  readonly #pairs = new Map<number, LinkedPair>();
  /** Exit messages in mailboxes: by receiver and sender and reason. */
  readonly #exitMessages = new Map<string, number>();
  readonly watches = new Map<string, Watch>();
  /** Reason that the exit signal now at work must end its receiver with. */
  #fatal: { readonly player: Player; readonly key: string } | undefined;

  constructor(trace: Trace, players: Players) {
    this.#trace = trace;
    this.#players = players;
  }

  view(of: Player, other: Player): View {
    const key = of.id * 4_096 + other.id;
    let view = this.#views.get(key);
    if (view === undefined) {
      view = { isActive: false, unlinks: 0, exits: 0 };
      this.#views.set(key, view);
    }
    return view;
  }

  #pair(a: Player, b: Player): LinkedPair {
    const key = a.id < b.id ? a.id * 4_096 + b.id : b.id * 4_096 + a.id;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      pair = { a, b, linkers: new Set(), isPlain: true };
      this.#pairs.set(key, pair);
    }
    return pair;
  }

  // What actors ask for -------------------------------------------------------------------------------------------

  /** @param isAwaited the start tells by its own answer how `init` ended, not by an exit. */
  linkedAtBirth(parent: Player, child: Player, isAwaited: boolean): void {
    this.view(parent, child).isActive = true;
    this.view(child, parent).isActive = true;
    const pair = this.#pair(parent, child);
    pair.linkers.add(parent);
    if (isAwaited) pair.isPlain = false;
  }

  link(by: Player, other: Player, isOtherHere: boolean): void {
    if (by === other || this.view(by, other).isActive) return;
    this.#trace.note("link", by.id, other.id);
    this.#pair(by, other).linkers.add(by);
    if (!isOtherHere) this.view(by, other).isActive = true;
    else if (!other.isDead) {
      this.view(by, other).isActive = true;
      this.view(other, by).isActive = true;
    }
  }

  unlink(by: Player, other: Player, isOtherHere: boolean): void {
    this.#trace.note("unlink", by.id, other.id);
    const view = this.view(by, other);
    if (by !== other) this.#pair(by, other).isPlain = false;
    if (!view.isActive) return;
    view.isActive = false;
    if (isOtherHere) this.view(other, by).isActive = false;
    else view.unlinks++;
  }

  // What frames bring ---------------------------------------------------------------------------------------------

  linkReceived(at: Player, from: Player): void {
    const view = this.view(at, from);
    if (view.unlinks === 0) view.isActive = true;
  }

  unlinkReceived(at: Player, from: Player): void {
    this.view(at, from).isActive = false;
  }

  unlinkConfirmed(at: Player, from: Player): void {
    this.view(at, from).unlinks--;
  }

  /** A start failed: its link is gone without an exit. */
  startFailed(parent: Player, child: Player): void {
    this.view(parent, child).isActive = false;
    this.view(parent, child).exits++;
  }

  /** What an exit signal must do to its receiver (S3.4). Call `acted` with what it did. */
  exitArrives(at: Player, from: Player, reason: ExitReason, isByLink: boolean, isToNobody: boolean): ExitEffect {
    const key = reasonKey(reason);
    const view = this.view(at, from);
    const isActive = !isByLink || view.isActive;
    if (isByLink) view.isActive = false;
    if (isByLink || isToNobody) view.exits++;
    if (isByLink || isToNobody) {
      const isKnown =
        (from.isDead && key === reasonKey(from.reason)) ||
        ((from.isGone || from.mayNeverCome) && key === "noproc") ||
        (from.isThreadLost && key.startsWith('{"threadLost"'));
      if (isActive && !isKnown)
        this.#trace.breach(
          "S3.4",
          `${at.id} got exit ${key} by its link to ${from.id}, which ended ${this.#end(from)}`,
        );
    } else if (at.sentReasons.get(key)?.has(from.id) !== true)
      this.#trace.breach("S3.4", `${at.id} got exit ${key} of ${from.id}, which never sent it`);
    if (!isActive) return "none";
    if (key === "normal" && !at.traps && at !== from) return "none";
    if (key === "kill" && !isByLink && !isToNobody) {
      this.#fatal = { player: at, key: "killed" };
      return "death";
    }
    if (at.traps) return "message";
    this.#fatal = { player: at, key };
    return "death";
  }

  exitActed(at: Player, from: Player, reason: ExitReason, expected: ExitEffect, actual: ExitEffect): void {
    this.#fatal = undefined;
    this.#trace.note("exit", at.id, from.id, actual.length);
    if (expected !== actual)
      this.#trace.breach(
        "S3.4",
        `exit ${reasonKey(reason)} of ${from.id} at ${at.id} (${at.traps ? "trapping" : "not trapping"}): expected ${expected}, was ${actual}`,
      );
  }

  exitQueued(at: Player, from: Player, reason: ExitReason): void {
    const key = `${at.id} ${from.id} ${reasonKey(reason)}`;
    this.#exitMessages.set(key, (this.#exitMessages.get(key) ?? 0) + 1);
  }

  exitHandled(at: Player, from: Player, reason: ExitReason): void {
    const key = `${at.id} ${from.id} ${reasonKey(reason)}`;
    const left = (this.#exitMessages.get(key) ?? 0) - 1;
    this.#exitMessages.set(key, left);
    if (left < 0) this.#trace.breach("S3.4", `${at.id} handled an exit of ${from.id} that never came: ${key}`);
  }

  // Deaths --------------------------------------------------------------------------------------------------------

  died(player: Player, reason: ExitReason): void {
    const trace = this.#trace;
    const key = reasonKey(reason);
    player.isDead = true;
    player.reason = reason;
    player.deathTime = trace.note("died", player.id, key.length);
    trace.say(() => `${player.id} died: ${key}`);
    const isFatal = this.#fatal?.player === player && this.#fatal.key === key;
    if (
      !isFatal &&
      !player.ownReasons.has(key) &&
      !(key.startsWith('{"already_started"') && player.bornName !== undefined)
    )
      trace.breach(
        "S3.4",
        `${player.id} ended ${key}, which nothing explains (own: ${[...player.ownReasons].join(", ")})`,
      );
  }

  // Monitors ------------------------------------------------------------------------------------------------------

  monitored(owner: Player, target: Player | undefined, id: number): void {
    const time = this.#trace.note("monitor", owner.id, target?.id ?? -1, id);
    // A target that is not there has given its down already.
    const queued = this.watches.get(`${owner.thread}:${id}`)?.queued ?? 0;
    const isBehindExit = target !== undefined && !target.isThere && target.sentReasons.size > 0;
    this.watches.set(`${owner.thread}:${id}`, {
      owner,
      target,
      time,
      isBehindExit,
      isWithdrawn: false,
      queued,
      handled: 0,
    });
  }

  demonitored(owner: Player, id: number, isFlushed: boolean): void {
    this.#trace.note("demonitor", owner.id, id);
    const watch = this.watches.get(`${owner.thread}:${id}`);
    if (watch === undefined) return;
    watch.isWithdrawn = true;
    if (isFlushed) watch.queued = 0;
  }

  downQueued(owner: Player, id: number, reason: ExitReason): void {
    const trace = this.#trace;
    trace.note("down", owner.id, id);
    const watch = this.watches.get(`${owner.thread}:${id}`);
    // A monitor of a target that is not there gives its down before `monitor` returns.
    if (watch === undefined) {
      this.watches.set(`${owner.thread}:${id}`, {
        owner,
        target: undefined,
        time: trace.time,
        isBehindExit: false,
        isWithdrawn: false,
        queued: 1,
        handled: 0,
      });
      if (reasonKey(reason) !== "noproc") trace.breach("S3.6", `${owner.id} got the down ${id} of no monitor`);
      return;
    }
    const who = `the down of ${watch.target?.id} at ${owner.id}`;
    if (watch.owner !== owner) trace.breach("S3.6", `${who} is another's`);
    if (watch.isWithdrawn) trace.breach("S3.6", `${who} came after demonitor`);
    if (++watch.queued + watch.handled > 1) trace.breach("S3.6", `${who} came twice`);
    const target = watch.target;
    const key = reasonKey(reason);
    if (target === undefined) {
      if (key !== "noproc") trace.breach("S3.6", `${who}: ${key}`);
      return;
    }
    const isHere = target.thread === owner.thread;
    const isKnown =
      (target.isDead && key === reasonKey(target.reason) && (watch.time < target.deathTime || !isHere)) ||
      (target.isGone && key === "noproc" && (!isHere || watch.isBehindExit || watch.time > target.deathTime)) ||
      (target.mayNeverCome && key === "noproc") ||
      (target.isThreadLost && key.startsWith('{"threadLost"'));
    if (!isKnown) trace.breach("S3.6", `${who}: ${key}, and it ended ${this.#end(target)}`);
    if (key === reasonKey(target.reason) && watch.time > target.deathTime && !target.isThreadLost && key !== "noproc")
      trace.breach("S3.6", `${who}: monitored after its death, yet ${key}`);
  }

  /** Returns the player whose end was told. */
  downHandled(owner: Player, id: number): Player | undefined {
    const watch = this.watches.get(`${owner.thread}:${id}`);
    if (watch === undefined || watch.queued !== 1) {
      this.#trace.breach("S3.6", `${owner.id} handled the down of monitor ${id}, which did not come or was flushed`);
      return undefined;
    }
    watch.queued--;
    watch.handled++;
    return watch.target;
  }

  // At rest -------------------------------------------------------------------------------------------------------

  /** Everything is told that there is to tell. */
  atRest(linksOf: (player: Player) => readonly Player[]): void {
    const trace = this.#trace;
    for (const player of this.#players.living()) {
      if (player.ref === undefined) continue;
      const links = linksOf(player);
      for (const other of links) {
        if (other.isGone)
          trace.breach("S3.1", `${player.id} is still linked to ${other.id}, which ended ${this.#end(other)}`);
        else if (other.id !== 0 && !linksOf(other).includes(player))
          trace.breach("S3.1", `${player.id} is linked to ${other.id}, but not ${other.id} to ${player.id}`);
        if (!this.view(player, other).isActive)
          trace.breach("S3.3", `${player.id} is linked to ${other.id} after unlinking`);
      }
    }
    for (const { a, b, linkers, isPlain } of this.#pairs.values()) {
      if (!isPlain || a.isGone === b.isGone) continue;
      const [living, gone] = a.isGone ? [b, a] : [a, b];
      if (living.mayNeverCome) continue;
      // The other's request may have been lost with its thread.
      const isSure = !gone.isThreadLost || linkers.has(living);
      if (living.id !== 0 && this.view(living, gone).exits === 0 && isSure)
        trace.breach("S3.1", `${living.id} and ${gone.id} were linked, ${gone.id} ended, ${living.id} got no exit`);
    }
    for (const watch of this.watches.values()) {
      if (watch.owner.isGone || watch.isWithdrawn || watch.target?.isGone !== true) continue;
      if (watch.queued + watch.handled === 0)
        trace.breach(
          "S3.6",
          `${watch.owner.id} monitors ${watch.target.id}, which ended ${this.#end(watch.target)}, and got no down`,
        );
    }
    for (const player of this.#players.living()) {
      if (player.mayNeverCome) continue;
      for (const [key, senders] of player.sentReasons) {
        const isSent = [...senders].some((id) => !(this.#players.all[id] as Player).isLost);
        if (isSent && (key === "kill" || (!player.traps && !player.trapsChanged && key !== "normal")))
          trace.breach("S3.4", `${player.id} was sent exit ${key} and lives`);
      }
    }
  }

  #end(player: Player): string {
    if (player.isDead) return `${reasonKey(player.reason)} at ${player.deathTime}`;
    return player.isLost ? "with its thread" : "not at all";
  }
}
