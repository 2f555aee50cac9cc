/**
 * Process groups (S12): each member's memberships as its own thread makes them, what every thread's copy shows of them, and
 * what each monitor was told.
 *
 * The truth of one membership is the list of its counts, in the order in which the member's thread made them. A copy
 * may be behind, but never goes back, and never shows a count that was not there.
 */
import type { GroupMessage, GroupMonitor } from "../../core/actor/context.ts";
import type { RefData } from "../../core/actor/ref.ts";
import type { Player, Players } from "./players.ts";
import type { Trace } from "./trace.ts";

export type GroupVerb = "join" | "leave";

/** How often one player is in one group. */
class Membership {
  readonly group: string;
  readonly member: Player;
  /** Its counts so far; the first is 0. */
  readonly counts: number[] = [0];
  /** What made each of them. */
  readonly verbs: (GroupVerb | undefined)[] = [undefined];
  /** By thread: the earliest of its counts that the copy there can be. */
  readonly shown = new Map<number, number>();

  constructor(group: string, member: Player) {
    this.group = group;
    this.member = member;
  }

  get count(): number {
    return this.member.isGone ? 0 : (this.counts.at(-1) as number);
  }
}

/** A monitor, and what it has been told. */
interface Watch {
  readonly id: number;
  readonly owner: Player;
  /** Undefined: every group. */
  readonly group: string | undefined;
  /** By membership. */
  readonly view: Map<Membership, number>;
  /** Messages that are still to be handled. */
  readonly queued: GroupMessage[];
  isOver: boolean;
}

/** A join or leave that has not ended. */
interface Asked {
  readonly verb: GroupVerb;
  readonly membership: Membership;
  /** How many counts there were. */
  readonly counts: number;
}

/** What the oracle asks of the system that it judges. */
export interface Grouping {
  /** Threads that are up. */
  threads(): readonly number[];
  /** What a thread's copy holds, also of the dead: a look that removes nothing. */
  countAt(thread: number, group: string, member: Player): number;
  /** Groups that a thread's copy holds, also of the dead. */
  groupsAt(thread: number): readonly string[];
  playerOf(ref: RefData): Player | undefined;
}

export class GroupsOracle {
  readonly #trace: Trace;
  readonly #players: Players;
  readonly #grouping: Grouping;
  readonly #memberships = new Map<string, Membership>();
  /** By the owner's thread and the monitor's id, which another thread may have as well. */
  readonly #watches = new Map<string, Watch>();

  constructor(trace: Trace, players: Players, grouping: Grouping) {
    this.#trace = trace;
    this.#players = players;
    this.#grouping = grouping;
  }

  #of(group: string, member: Player): Membership {
    const key = `${group} ${member.id}`;
    let membership = this.#memberships.get(key);
    if (membership === undefined) this.#memberships.set(key, (membership = new Membership(group, member)));
    return membership;
  }

  // Joins and leaves ----------------------------------------------------------------------------------------------

  asked(verb: GroupVerb, by: Player, group: string, member: Player): Asked {
    this.#trace.note(verb, by.id, member.id, group.charCodeAt(0));
    const membership = this.#of(group, member);
    return { verb, membership, counts: membership.counts.length };
  }

  /** The member's own thread has made the change, or has refused to. */
  changed(verb: GroupVerb, group: string, member: Player, isMade: boolean): void {
    this.#trace.note("groupChange", member.id, isMade ? 1 : 0);
    const membership = this.#of(group, member);
    const { counts, verbs } = membership;
    const count = membership.count;
    const isExpected = !member.isGone && (verb === "join" || count > 0);
    if (isMade !== isExpected && member.isThere)
      this.#trace.breach(
        "S12.1",
        `${verb} of ${member.id}, ${count} times in ${group}, was ${isMade ? "" : "not "}made`,
      );
    if (!isMade) return;
    counts.push(count + (verb === "join" ? 1 : -1));
    verbs.push(verb);
    const seen = this.#grouping.countAt(member.thread, group, member);
    if (seen !== membership.count)
      this.#trace.breach("S12.1", `${member.id} is in ${group} ${membership.count} times, and its thread says ${seen}`);
  }

  /** For its caller on this thread it has ended well. */
  ended({ verb, membership, counts }: Asked, thread: number, outcome: string | undefined): void {
    const { group, member, verbs } = membership;
    this.#trace.note("groupEnd", member.id, outcome?.length ?? 0);
    if (outcome === "not_joined" || member.isGone) return;
    // Of changes that were asked for at the same time it may be any, so at least the first is there.
    const at = verbs.findIndex((made, index) => index >= counts && made === verb);
    if (at < 0) {
      this.#trace.breach("S12.2", `${verb} of ${member.id} in ${group} ended well, and was never made`);
      return;
    }
    membership.shown.set(thread, Math.max(at, membership.shown.get(thread) ?? 0));
    this.#showAt(membership, thread, "S12.2");
  }

  failed({ verb, membership: { member, group } }: Asked, code: string | undefined): void {
    this.#trace.note("groupFailed", member.id, code?.length ?? 0);
    const isExplained = verb === "join" && code === "noproc" && (member.isGone || member.mayNeverCome);
    if (!isExplained) this.#trace.breach("S12.2", `${verb} of ${member.id} in ${group} failed with ${code}`);
  }

  // Reads ---------------------------------------------------------------------------------------------------------

  /** What `members` and `groups` have said on a thread. */
  read(thread: number, group: string, members: readonly RefData[], groups: readonly string[]): void {
    this.#trace.note("members", thread, members.length);
    const counts = new Map<Player, number>();
    for (const ref of members) {
      const player = this.#grouping.playerOf(ref);
      if (player === undefined || player.isGone) {
        this.#trace.breach("S12.3", `${player?.id ?? "nobody"} has ended and is in ${group} on thread ${thread}`);
        return;
      }
      counts.set(player, (counts.get(player) ?? 0) + 1);
    }
    for (const membership of this.#memberships.values()) {
      const { member } = membership;
      if (membership.group !== group || member.isGone) continue;
      const held = this.#grouping.countAt(thread, group, member);
      if (held !== (counts.get(member) ?? 0))
        this.#trace.breach(
          "S12.1",
          `members of ${group} on thread ${thread} has ${member.id} ${counts.get(member)} times`,
        );
    }
    if (groups.includes(group) !== members.length > 0)
      this.#trace.breach("S12.1", `${group} has ${members.length} members, and groups() says otherwise`);
  }

  // Monitors ------------------------------------------------------------------------------------------------------

  monitored(owner: Player, group: string | undefined, { id, members }: GroupMonitor): void {
    this.#trace.note("monitorGroup", owner.id, id);
    const view = new Map<Membership, number>();
    for (const [name, refs] of members) {
      for (const ref of refs) {
        const member = this.#grouping.playerOf(ref);
        if (member === undefined || member.isGone) {
          this.#trace.breach(
            "S12.4",
            `a monitor of ${owner.id} begins with ${member?.id ?? "nobody"}, which has ended`,
          );
          continue;
        }
        const membership = this.#of(name, member);
        view.set(membership, (view.get(membership) ?? 0) + 1);
      }
    }
    this.#watches.set(keyOf(owner, id), { id, owner, group, view, queued: [], isOver: false });
  }

  demonitored(owner: Player, id: number, wasThere: boolean): void {
    this.#trace.note("demonitorGroup", owner.id, id);
    const watch = this.#watches.get(keyOf(owner, id));
    if (wasThere !== (watch?.isOver === false))
      this.#trace.breach("S12.4", `demonitorGroup of monitor ${id} of ${owner.id} said ${wasThere}`);
    if (watch !== undefined) watch.isOver = true;
  }

  /** A message of a monitor was put into its owner's mailbox. */
  queued(owner: Player, message: GroupMessage): void {
    const watch = this.#watches.get(keyOf(owner, message.monitor));
    if (watch === undefined || watch.isOver) {
      this.#trace.breach("S12.4", `${owner.id} is told of ${message.group} by a monitor that is over`);
      return;
    }
    watch.queued.push(message);
    for (const ref of message.refs) {
      const member = this.#grouping.playerOf(ref);
      if (member === undefined) continue;
      const membership = this.#of(message.group, member);
      const count = (watch.view.get(membership) ?? 0) + (message.change === "join" ? 1 : -1);
      if (count < 0)
        this.#trace.breach("S12.4", `${owner.id} is told that ${member.id} left more often than it joined`);
      watch.view.set(membership, count);
    }
  }

  /** It is in its owner's hands. */
  handled(owner: Player, message: GroupMessage): void {
    const watch = this.#watches.get(keyOf(owner, message.monitor));
    this.#trace.note("groupMessage", owner.id, message.refs.length);
    if (watch?.isOver !== false) this.#trace.breach("S12.4", `${owner.id} got a message of a monitor that is over`);
    else if (watch.queued.shift() !== message)
      this.#trace.breach("S12.4", `${owner.id} got its messages of ${message.group} in another order`);
  }

  // At any time ---------------------------------------------------------------------------------------------------

  /** After each step: what every copy shows can be explained, and every monitor says what its copy holds. */
  hold(): void {
    const threads = this.#grouping.threads();
    for (const membership of this.#memberships.values()) {
      if (membership.member.isGone) continue;
      for (const thread of threads) this.#showAt(membership, thread, "S12.2");
    }
    for (const watch of this.#watches.values()) if (!watch.isOver && !watch.owner.isGone) this.#holdWatch(watch);
  }

  #showAt(membership: Membership, thread: number, clause: string): void {
    const { group, member, counts, shown } = membership;
    const count = this.#grouping.countAt(thread, group, member);
    const from = member.thread === thread ? counts.length - 1 : (shown.get(thread) ?? 0);
    const at = counts.indexOf(count, from);
    if (at >= 0) shown.set(thread, at);
    else
      this.#trace.breach(
        clause,
        `thread ${thread} sees ${member.id} ${count} times in ${group}: its counts are ${counts.join(", ")}, and number ${from} was there`,
      );
  }

  #holdWatch({ id, owner, group, view }: Watch): void {
    for (const membership of this.#memberships.values()) {
      if (group !== undefined && membership.group !== group) continue;
      const held = this.#grouping.countAt(owner.thread, membership.group, membership.member);
      const told = view.get(membership) ?? 0;
      if (held !== told)
        this.#trace.breach(
          "S12.4",
          `monitor ${id} of ${owner.id} was told of ${membership.member.id} ${told} times in ${membership.group}: the copy holds ${held}`,
        );
    }
  }

  /** Nothing is on its way: all copies are the same, and nothing is left of the dead. */
  atRest(): void {
    for (const thread of this.#grouping.threads()) {
      const groups = new Set<string>();
      for (const membership of this.#memberships.values()) {
        const { group, member, count } = membership;
        if (count > 0) groups.add(group);
        const seen = this.#grouping.countAt(thread, group, member);
        if (seen !== count && !member.mayNeverCome)
          this.#trace.breach(
            "S12.2",
            `at rest ${member.id} is ${count} times in ${group}${member.isGone ? ", having ended" : ""}: thread ${thread} holds ${seen}`,
          );
      }
      const held = [...this.#grouping.groupsAt(thread)].sort().join(" ");
      const expected = [...groups].sort().join(" ");
      if (held !== expected)
        this.#trace.breach("S12.1", `at rest thread ${thread} holds the groups ${held}, not ${expected}`);
    }
    const living = this.#players.living();
    for (const { owner, isOver, queued } of this.#watches.values())
      if (!isOver && queued.length > 0 && living.includes(owner) && !owner.inTurn)
        this.#trace.breach("S12.4", `at rest ${owner.id} has ${queued.length} messages of a monitor to come`);
  }
}

function keyOf(owner: Player, id: number): string {
  return `${owner.thread} ${id}`;
}
