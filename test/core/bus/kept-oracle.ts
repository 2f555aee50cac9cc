/**
 * What S17 says of a run, kept beside the runtime: what was published and kept, what came into whose hands and what became
 * of that. It asks the runtime only whether an actor lives.
 */
import type { Envelope } from "../../../core/actor/context.ts";

/** What was published once; numbers of one publisher count up. */
export interface News {
  readonly publisher: number;
  readonly number: number;
  readonly topic: string;
  readonly priority: number;
}

export const keyOf = ({ publisher, number }: News): string => `${publisher}:${number}`;

/** A queue of the run. */
export interface OracleQueue {
  readonly pattern: string;
  readonly name: string;
  /** Its bound drops nothing that was acknowledged to its publisher. */
  readonly isLossless: boolean;
  matches(topic: string): boolean;
}

interface Attempt {
  readonly ackId: string | undefined;
  readonly member: Holder;
  /** By the system's clock: until when it is the member's. */
  readonly dueMs: number;
  outcome: "open" | "acked" | "nacked";
  /** It was answered for when it was somebody else's to do so. */
  isLate: boolean;
}

/** Who has something in hand. */
export interface Holder {
  readonly name: string;
  /** It lives, and is subscribed. */
  isThere(): boolean;
}

export interface QueueCounts {
  readonly delivered: number;
  readonly dropped: number;
  readonly deadLettered: number;
  readonly left: number;
}

export class KeptOracle {
  readonly breaches: string[] = [];
  /** Whose publisher was told that they are kept. */
  readonly #receipts = new Map<string, number | undefined>();
  /** By queue: what came to main for it. */
  readonly #arrived = new Map<OracleQueue, Set<string>>();
  readonly #given = new Map<OracleQueue, Set<string>>();
  /** By queue, publisher and priority: the last that was given for the first time. */
  readonly #lastGiven = new Map<string, number>();
  readonly #attempts = new Map<OracleQueue, Map<string, Attempt[]>>();
  readonly #lastRead = new Map<Holder, number>();
  readonly #bySeq = new Map<number, string>();
  isThreadLost = false;

  arrives(queues: readonly OracleQueue[], news: News): void {
    for (const queue of queues) if (queue.matches(news.topic)) setOf(this.#arrived, queue).add(keyOf(news));
  }

  kept(news: News, seq: number | undefined): void {
    this.#receipts.set(keyOf(news), seq);
    if (seq !== undefined) this.#hasSeq(seq, news);
  }

  #hasSeq(seq: number, news: News): void {
    const known = this.#bySeq.get(seq);
    if (known !== undefined && known !== keyOf(news))
      this.breaches.push(`S17.1: ${seq} is ${known} and ${keyOf(news)}`);
    this.#bySeq.set(seq, keyOf(news));
  }

  /** Main gives it to a member. */
  gives(queue: OracleQueue, news: News): void {
    const given = setOf(this.#given, queue);
    if (given.has(keyOf(news))) return;
    given.add(keyOf(news));
    const line = `${queue.name} ${news.publisher} ${news.priority}`;
    const last = this.#lastGiven.get(line) ?? 0;
    if (last > news.number) this.breaches.push(`S17.8: ${keyOf(news)} is given behind ${last} (${line})`);
    this.#lastGiven.set(line, news.number);
  }

  /** It comes into a member's hands. */
  begins(queue: OracleQueue, { ackId, message }: Envelope, member: Holder, dueMs: number, nowMs: number): void {
    const key = keyOf(message as News); // as the run publishes it
    const attempts = this.#attemptsOf(queue, key);
    for (const { member: former, outcome, dueMs: formerDueMs, isLate: wasLate } of attempts) {
      const isLate = wasLate || formerDueMs <= nowMs;
      const name = `${key} begins at ${member.name} in ${queue.name}`;
      if (outcome === "acked" && !this.isThreadLost && !isLate)
        this.breaches.push(`S17.6: ${name}, and was acknowledged`);
      if (outcome === "open" && !isLate && former.isThere())
        this.breaches.push(`S17.6: ${name} while ${former.name} has it in hand`);
    }
    if (!setOf(this.#arrived, queue).has(key)) this.breaches.push(`${key} was not published for ${queue.name}`);
    attempts.push({ ackId, member, dueMs, outcome: "open", isLate: false });
  }

  answers(
    queue: OracleQueue,
    { ackId, message }: Envelope,
    member: Holder,
    outcome: "acked" | "nacked",
    nowMs: number,
  ): void {
    const attempt = this.#attemptsOf(queue, keyOf(message as News)).findLast((one) => one.ackId === ackId);
    if (attempt === undefined) return;
    attempt.outcome = outcome;
    attempt.isLate = !member.isThere() || attempt.dueMs <= nowMs;
  }

  #attemptsOf(queue: OracleQueue, key: string): Attempt[] {
    let ofQueue = this.#attempts.get(queue);
    if (ofQueue === undefined) this.#attempts.set(queue, (ofQueue = new Map<string, Attempt[]>()));
    let attempts = ofQueue.get(key);
    if (attempts === undefined) ofQueue.set(key, (attempts = []));
    return attempts;
  }

  /** A reader of everything that is kept. */
  reads(reader: Holder, { message, seq = 0, isAfterGap }: Envelope): void {
    const last = this.#lastRead.get(reader);
    if (last !== undefined && seq !== last + 1 && !(seq > last && isAfterGap === true))
      this.breaches.push(`S17.3: ${reader.name} reads ${seq} behind ${last}`);
    this.#lastRead.set(reader, seq);
    this.#hasSeq(seq, message as News); // as the run publishes it
  }

  /** At the end, when nothing is left to be done. @param lastSeq of the kept topic */
  verdict(countsOf: (queue: OracleQueue) => QueueCounts, lastSeq: number): string[] {
    for (const [reader, seq] of this.#lastRead)
      if (reader.isThere() && seq !== lastSeq)
        this.breaches.push(`S17.3: ${reader.name} has read to ${seq} of ${lastSeq}`);
    for (const [queue, arrived] of this.#arrived) this.#judge(queue, arrived, countsOf(queue));
    return this.breaches;
  }

  #judge(queue: OracleQueue, arrived: ReadonlySet<string>, counts: QueueCounts): void {
    const { delivered, dropped, deadLettered, left } = counts;
    const counted = delivered + dropped + deadLettered;
    if (left !== 0) this.breaches.push(`${left} are left in ${queue.name}`);
    if (counted !== arrived.size)
      this.breaches.push(`S17.9: ${counted} of ${arrived.size} are counted in ${queue.name}`);
    const ackedOf = (isMeant: (attempt: Attempt) => boolean) =>
      [...arrived].filter((key) => this.#attemptsOf(queue, key).some((one) => one.outcome === "acked" && isMeant(one)));
    const acked = ackedOf(() => true);
    // What comes too late may find that the message has ended, and what is lost with its thread was never said.
    const inTime = this.isThreadLost ? 0 : ackedOf(({ isLate }) => !isLate).length;
    if (delivered > acked.length || delivered < inTime)
      this.breaches.push(`S17.9: ${delivered} count as delivered in ${queue.name}, ${inTime} to ${acked.length} were`);
    if (!queue.isLossless) return;
    const lost = [...arrived].filter((key) => this.#receipts.has(key) && this.#attemptsOf(queue, key).length === 0);
    if (lost.length > 0) this.breaches.push(`S17.2: ${lost.join()} were kept for ${queue.name}, and never given`);
    const unanswered = [...arrived].filter((key) => this.#receipts.has(key) && !acked.includes(key)).length;
    if (unanswered > deadLettered)
      this.breaches.push(`S17.9: ${unanswered} of ${queue.name} have no end, ${deadLettered} are dead letters`);
  }
}

function setOf<K>(sets: Map<K, Set<string>>, key: K): Set<string> {
  let set = sets.get(key);
  if (set === undefined) sets.set(key, (set = new Set()));
  return set;
}
