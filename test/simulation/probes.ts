/**
 * Where the oracles look into a kernel: deaths, dead letters, and what signals do on reception.
 *
 * The clauses speak of reception, which no handler can see. Each probe stands around one method of one kernel, tells the
 * oracle what came and what it did, and changes nothing.
 */
import { type Cell, Flag } from "../../core/actor/cell.ts";
import type { DownMessage, ExitMessage, GroupMessage } from "../../core/actor/context.ts";
import { type Meta, MetaKind } from "../../core/actor/mailbox.ts";
import type { RefData } from "../../core/actor/ref.ts";
import type { Kernel } from "../../core/kernel/kernel.ts";
import type { Player } from "./players.ts";
import { reasonKey } from "./players.ts";
import type { Stage } from "./stage.ts";

export function watchKernel(stage: Stage, kernel: Kernel): void {
  const { delivery, signals, starts } = kernel;
  const isMute = () => stage.isMute(kernel.thread);
  const playerOf = (cell: Cell): Player | undefined => {
    const player = stage.playerOf(kernel.refOf(cell));
    return player === stage.guest ? undefined : player;
  };

  const announceDeath = signals.announceDeath.bind(signals);
  signals.announceDeath = (cell, ref, reason, except) => {
    const player = playerOf(cell);
    if (player !== undefined && !isMute()) {
      if (kernel.isAlive(ref) || kernel.memory.isAlive(ref.thread, ref.slot, ref.generation))
        stage.trace.breach("S4.2", `${player.id} sends its signals before its word says that it is dead`);
      player.deathMs = stage.system.nowMs;
      stage.ties.died(player, reason);
    }
    announceDeath(cell, ref, reason, except);
  };

  const exitReceived = signals.exitReceived.bind(signals);
  signals.exitReceived = (cell, from, reason, byLink, isForced) => {
    const at = playerOf(cell);
    const sender = stage.playerOf(from);
    if (at === undefined || sender === undefined || isMute()) {
      exitReceived(cell, from, reason, byLink, isForced);
      return;
    }
    const expected = stage.ties.exitArrives(at, sender, reason, byLink, isForced === true);
    const queued = cell.mailbox?.size ?? 0;
    const letter = byLink || isForced ? undefined : stage.letterOf(reason);
    if (expected === "death" && letter !== undefined) stage.letters.exitActed(letter);
    exitReceived(cell, from, reason, byLink, isForced);
    const isDead = (cell.flags & Flag.dead) !== 0;
    const actual = isDead ? "death" : (cell.mailbox?.size ?? 0) > queued ? "message" : "none";
    stage.ties.exitActed(at, sender, reason, expected, actual);
  };

  const linkReceived = signals.linkReceived.bind(signals);
  signals.linkReceived = (ref, from) => {
    const [at, other] = pairOf(ref, from);
    if (at !== undefined && other !== undefined && !isMute()) stage.ties.linkReceived(at, other);
    linkReceived(ref, from);
  };
  const unlinkReceived = signals.unlinkReceived.bind(signals);
  signals.unlinkReceived = (ref, from) => {
    const [at, other] = pairOf(ref, from);
    if (at !== undefined && other !== undefined && !isMute()) stage.ties.unlinkReceived(at, other);
    unlinkReceived(ref, from);
  };
  const unlinkConfirmed = signals.unlinkConfirmed.bind(signals);
  signals.unlinkConfirmed = (ref, from) => {
    const [at, other] = pairOf(ref, from);
    if (at !== undefined && other !== undefined && !isMute()) stage.ties.unlinkConfirmed(at, other);
    unlinkConfirmed(ref, from);
  };
  const startEnded = starts.ended.bind(starts);
  starts.ended = (ref, result) => {
    const child = stage.playerOf(ref);
    if (!result.ok && child?.parent !== undefined && !isMute()) stage.ties.startFailed(child.parent, child);
    startEnded(ref, result);
  };
  function pairOf(ref: RefData, from: RefData): [Player | undefined, Player | undefined] {
    return [kernel.cellOf(ref) === undefined ? undefined : stage.playerOf(ref), stage.playerOf(from)];
  }

  const deliverSystem = delivery.deliverSystem.bind(delivery);
  delivery.deliverSystem = (cell, meta: Meta, payload) => {
    const player = playerOf(cell);
    if (player !== undefined && !isMute() && (cell.flags & Flag.dead) === 0) {
      if (meta.kind === MetaKind.down) stage.ties.downQueued(player, meta.id, (payload as DownMessage).reason);
      else if (meta.kind === MetaKind.exit) {
        const { from, reason } = payload as ExitMessage;
        const sender = stage.playerOf(from);
        if (sender !== undefined) stage.ties.exitQueued(player, sender, reason);
        // gen_server: the exit of the parent ends it (S3.5).
        if (sender === player.parent && player.isServer) player.ownReasons.add(reasonKey(reason));
      } else if (meta.kind === MetaKind.group) stage.groups.queued(player, payload as GroupMessage);
    }
    deliverSystem(cell, meta, payload);
  };

  const { groups } = kernel;
  const change = groups.change.bind(groups);
  groups.change = (verb, group, ref) => {
    const number = change(verb, group, ref);
    const member = stage.playerOf(ref);
    if (member !== undefined && !isMute()) stage.groups.changed(verb, group, member, number > 0);
    return number;
  };

  const { peers } = kernel;
  const pauseReceived = peers.pauseReceived.bind(peers);
  peers.pauseReceived = (from) => {
    stage.pauses.add(`${kernel.thread} ${stage.playerOf(from)?.id}`);
    pauseReceived(from);
  };
  const resumeReceived = peers.resumeReceived.bind(peers);
  peers.resumeReceived = (from) => {
    stage.pauses.delete(`${kernel.thread} ${stage.playerOf(from)?.id}`);
    resumeReceived(from);
  };

  const { spawner } = kernel;
  const spawn = spawner.spawn.bind(spawner);
  spawner.spawn = (parent, spawnable, argument, options, ties) => {
    const spawned = spawn(parent, spawnable, argument, options, ties);
    stage.deeds.born(spawned.ref);
    return spawned;
  };
  const received = spawner.received.bind(spawner);
  spawner.received = (to, from, monitorId, payload) => {
    received(to, from, monitorId, payload);
    const player = stage.playerOf(to);
    if (player !== undefined && !isMute()) player.isThere = true;
  };
  const spawnFailed = starts.spawnFailed.bind(starts);
  starts.spawnFailed = (parent, ref, monitorId, reason) => {
    stage.deeds.born(ref);
    spawnFailed(parent, ref, monitorId, reason);
  };

  const { deadLetters } = kernel;
  const addDeadLetter = deadLetters.add.bind(deadLetters);
  deadLetters.add = (to, mail, why) => {
    const id = typeof mail === "string" ? undefined : (mail.payload as { id?: unknown } | undefined)?.id;
    const letter = typeof id === "number" ? stage.letters.all[id] : undefined;
    if (why === "thread_lost" && typeof mail === "string" && !isMute()) stage.undecoded++;
    if (letter !== undefined && !isMute()) stage.letters.deadLetter(letter, why);
    addDeadLetter(to, mail, why);
  };
}
