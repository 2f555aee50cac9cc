/**
 * Who declares one capability, in the order in which they are given tasks: the fewest in hand, then as `find` has it. The
 * next one is found without a walk over all of them, of whom there may be many thousands.
 *
 * How much waits for an agent is told by its thread and by nobody to the pool. Whoever is about to get a task is looked at
 * anew, so that nobody is taken for better than it is; for worse, until all are looked at, which is done after so long that it
 * costs main a hundredth of its time at most.
 */
import { type Ref, refKey } from "../actor/ref.ts";
import type { Capability } from "../registry/declaration.ts";
import { type Ranked, RankedHeap } from "./ranked-heap.ts";

/** What a pool asks about its agents. */
export interface PoolSources {
  isAlive(ref: Ref): boolean;
  /** State of life and load as one number: the less the better. */
  standingOf(ref: Ref): number;
  /** Paused, or about to end: a task is given to it for want of anybody else. */
  isUnable(standing: number): boolean;
  /** How many tasks it says itself that it may have in hand; undefined: it says nothing. */
  limitOf(ref: Ref): number | undefined;
  inHand(key: string): number;
}

/** So many are looked at anew for each millisecond that has passed. */
const looksPerMs = 100;

interface Member extends Ranked {
  readonly key: string;
  readonly ref: Ref;
  readonly cost: number;
  readonly latencyMs: number;
  readonly limit: number | undefined;
  inHand: number;
  standing: number;
  /** Of those that are alike the one that has waited longest is first. */
  turn: number;
}

export class AgentPool {
  /** The key of the recipient that these are. */
  readonly recipient: string;
  readonly #sources: PoolSources;
  readonly #members = new Map<string, Member>();
  /** Those that say nothing of how many tasks they may have. */
  readonly #common = new RankedHeap<Member>(isBefore);
  /** Of those that do, who has room. */
  readonly #declared = new RankedHeap<Member>(isBefore);
  /** When last looked at they could not take anything. */
  readonly #unable = new Set<Member>();
  #turn = 0;
  #lookedMs: number;

  constructor(recipient: string, sources: PoolSources, nowMs: number) {
    this.recipient = recipient;
    this.#sources = sources;
    this.#lookedMs = nowMs;
  }

  get size(): number {
    return this.#members.size;
  }

  /** It declares the capability so from now on. */
  put(ref: Ref, { cost = 0, latencyMs = 0 }: Capability): void {
    const sources = this.#sources;
    const key = refKey(ref);
    this.remove(key);
    const inHand = sources.inHand(key);
    const limit = sources.limitOf(ref);
    const standing = sources.standingOf(ref);
    const member: Member = { key, ref, cost, latencyMs, limit, inHand, standing, turn: this.#turn++, place: -1 };
    this.#members.set(key, member);
    this.#enter(member);
  }

  remove(key: string): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    this.#members.delete(key);
    this.#leave(member);
  }

  /** How many tasks it has in hand now. */
  has(key: string, inHand: number): void {
    const member = this.#members.get(key);
    if (member === undefined) return;
    // What it gets counts for its place behind its equals.
    if (inHand > member.inHand) member.turn = this.#turn++;
    member.inHand = inHand;
    if (this.#unable.has(member)) return;
    const heap = this.#heapOf(member);
    if (member.place < 0) this.#enter(member);
    else if (hasRoomOfItsOwn(member)) heap.moved(member);
    else heap.remove(member);
  }

  /** Looks at all of them anew, if it is time for it. */
  refresh(nowMs: number): void {
    if (nowMs - this.#lookedMs >= Math.floor(this.#members.size / looksPerMs)) this.#lookAtAll(nowMs);
  }

  /** The best that has room; those that do not say how much may have `concurrency`. */
  best(concurrency: number): Ref | undefined {
    for (let member = this.#first(concurrency); member !== undefined; member = this.#first(concurrency))
      if (this.#isAsGood(member)) return member.ref;
    return this.#unable.size < this.#members.size ? undefined : this.#forWantOfBetter(concurrency);
  }

  /** Whether what waits here may be given to it when it has room. */
  mayServe(key: string): boolean {
    const member = this.#members.get(key);
    return member !== undefined && (!this.#unable.has(member) || this.#unable.size === this.#members.size);
  }

  #first(concurrency: number): Member | undefined {
    const declared = this.#declared.first;
    const common = this.#common.first;
    if (common === undefined || common.inHand >= concurrency) return declared;
    return declared === undefined || isBefore(common, declared) ? common : declared;
  }

  /** Looks at one anew. False: it is worse than it was, and stands elsewhere now. */
  #isAsGood(member: Member): boolean {
    const { isAlive, isUnable, standingOf } = this.#sources;
    if (!isAlive(member.ref)) {
      this.remove(member.key);
      return false;
    }
    const standing = standingOf(member.ref);
    if (standing === member.standing) return true;
    const wasWorse = member.standing > standing;
    member.standing = standing;
    if (isUnable(standing)) {
      this.#leave(member);
      this.#unable.add(member);
      return false;
    }
    this.#heapOf(member).moved(member);
    return wasWorse;
  }

  #lookAtAll(nowMs: number): void {
    const { isAlive, standingOf } = this.#sources;
    this.#lookedMs = nowMs;
    const common: Member[] = [];
    const declared: Member[] = [];
    this.#unable.clear();
    for (const member of this.#members.values()) {
      if (!isAlive(member.ref)) this.#members.delete(member.key);
      else {
        member.standing = standingOf(member.ref);
        if (this.#sources.isUnable(member.standing)) this.#unable.add(member);
        else if (member.limit === undefined) common.push(member);
        else if (hasRoomOfItsOwn(member)) declared.push(member);
      }
    }
    this.#common.fill(common);
    this.#declared.fill(declared);
  }

  #forWantOfBetter(concurrency: number): Ref | undefined {
    let best: Member | undefined;
    for (const member of this.#unable)
      if (member.inHand < (member.limit ?? concurrency) && (best === undefined || isBefore(member, best)))
        best = member;
    return best?.ref;
  }

  #enter(member: Member): void {
    if (this.#sources.isUnable(member.standing)) this.#unable.add(member);
    else if (hasRoomOfItsOwn(member)) this.#heapOf(member).add(member);
  }

  #leave(member: Member): void {
    this.#unable.delete(member);
    if (member.place >= 0) this.#heapOf(member).remove(member);
  }

  #heapOf({ limit }: Member): RankedHeap<Member> {
    return limit === undefined ? this.#common : this.#declared;
  }
}

/** Whoever says nothing of its own stands in the heap also without room: what limits it is the task's request. */
function hasRoomOfItsOwn({ inHand, limit }: Member): boolean {
  return limit === undefined || inHand < limit;
}

function isBefore(a: Member, b: Member): boolean {
  if (a.inHand !== b.inHand) return a.inHand < b.inHand;
  if (a.standing !== b.standing) return a.standing < b.standing;
  if (a.cost !== b.cost) return a.cost < b.cost;
  if (a.latencyMs !== b.latencyMs) return a.latencyMs < b.latencyMs;
  return a.turn < b.turn;
}
