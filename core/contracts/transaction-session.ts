/**
 * How a group of transactions goes by way of a session with a database server, one write after the other. What a driver gives is
 * single statements; what they mean together stands here once.
 */
import { errorData, RuntimeError } from "../errors.ts";
import { failPoint } from "./fail-point.ts";
import type { DriverOutcome, DriverWrite } from "./storage-driver.ts";
import { assertDimension } from "./vector-search.ts";

/** A value as it is put. */
export interface PutRow {
  readonly key: string;
  readonly value: Uint8Array;
  readonly version: number;
  readonly expiresAtMs: number | undefined;
}

/** A connection to a server, for one transaction of the server's: the only one that writes to the store meanwhile. */
export interface TransactionSession {
  /** A value may be as long; one beyond that would cost the connection, and with it the whole group. */
  readonly valueBytesMax: number;
  /** Begins it, once nobody else writes, and says which version was given last. */
  begin(): Promise<number>;
  /** The last version that is given. */
  setVersion(version: number): Promise<void>;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
  /** Gives the connection back. @param isBroken nobody can use it any more */
  release(isBroken: boolean): void;
  /** The version of what has not expired by then; 0: it is not there. */
  versionOf(key: string, nowMs: number): Promise<number>;
  /** At least one; no key stands there twice. */
  put(rows: readonly PutRow[]): Promise<void>;
  remove(key: string): Promise<void>;
  /** Removes what has expired by then. */
  sweep(nowMs: number): Promise<void>;
  lastSeq(journal: string): Promise<number>;
  /** Events from that number on, which the journal ends with then. */
  append(journal: string, firstSeq: number, events: readonly Uint8Array[]): Promise<void>;
  /** Unless there is a newer one. */
  snapshot(journal: string, seq: number, state: Uint8Array): Promise<void>;
  prune(journal: string, seq: number): Promise<void>;
  /** 0: there is no such collection. */
  dimensionOf(collection: string): Promise<number>;
  createCollection(collection: string, dimension: number): Promise<void>;
  putVector(collection: string, id: string, value: Uint8Array): Promise<void>;
  /** Whether it was there. */
  removeVector(collection: string, id: string): Promise<boolean>;
  removeCollection(collection: string): Promise<void>;
  /** A point to which can be gone back; there is one at a time. */
  mark(): Promise<void>;
  goBack(): Promise<void>;
}

/**
 * @throws what the session throws: then nothing of the group is kept. RuntimeError `storage_in_doubt`: the connection was lost in
 *   the commit, and nobody here can know.
 */
export async function runGroup(
  session: TransactionSession,
  transactions: readonly (readonly DriverWrite[])[],
  nowMs: number,
): Promise<readonly DriverOutcome[]> {
  let isBroken = false;
  let isCommitting = false;
  try {
    const before = await session.begin();
    const group = new Group(session, nowMs, before);
    const outcomes: DriverOutcome[] = [];
    for (const writes of transactions) outcomes.push(await group.transact(writes));
    await group.flush();
    if (group.version !== before) await session.setVersion(group.version);
    failPoint("before-commit");
    isCommitting = true;
    await session.commit();
    return outcomes;
  } catch (error) {
    isBroken = await isGoneAtRollBack(session);
    // A server that could still say no has said it.
    if (!isCommitting || !isBroken) throw error;
    const why = errorData(error).message;
    throw new RuntimeError(
      "storage_in_doubt",
      `the connection to the store was lost in a commit (${why}): kept, or not`,
      {
        cause: error,
      },
    );
  } finally {
    session.release(isBroken);
  }
}

/** Takes away what has expired, while nobody else writes: two that lock the same rows in another order would end one another. */
export async function runSweep(session: TransactionSession, nowMs: number): Promise<void> {
  let isBroken = false;
  try {
    await session.begin();
    await session.sweep(nowMs);
    await session.commit();
  } catch (error) {
    isBroken = await isGoneAtRollBack(session);
    throw error;
  } finally {
    session.release(isBroken);
  }
}

/** Takes back what its transaction has done: whether the connection is gone, and the transaction with it. Why, the first error tells. */
async function isGoneAtRollBack(session: TransactionSession): Promise<boolean> {
  try {
    await session.rollBack();
    return false;
  } catch {
    return true;
  }
}

/** Puts that wait to be one statement: the next one of many would be too long for a server, or take long to build. */
const rowsMax = 500;
const rowBytesMax = 1_048_576;

/** What costs a transaction nothing but itself. */
const refusals: readonly string[] = ["version_conflict", "dimension_mismatch"];

class Group {
  readonly #session: TransactionSession;
  readonly #nowMs: number;
  version: number;
  /** Single puts that depend on nothing, by key, in their order: they go together before anything else does. */
  readonly #rows = new Map<string, PutRow>();
  #rowBytes = 0;

  constructor(session: TransactionSession, nowMs: number, version: number) {
    this.#session = session;
    this.#nowMs = nowMs;
    this.version = version;
  }

  async transact(writes: readonly DriverWrite[]): Promise<DriverOutcome> {
    const { version } = this;
    const large = tooLarge(writes, this.#session.valueBytesMax);
    if (large !== undefined) return { ok: false, error: large };
    const [first] = writes;
    if (writes.length === 1 && first?.type === "put" && first.ifVersion === undefined) {
      const row = { key: first.key, value: first.value, version: ++this.version, expiresAtMs: first.expiresAtMs };
      if (this.#rows.size >= rowsMax || this.#rowBytes + row.value.length > rowBytesMax) await this.flush();
      this.#rows.set(row.key, row);
      this.#rowBytes += row.value.length;
      return { ok: true, results: [{ version: row.version }] };
    }
    await this.flush();
    // One write that cannot be has changed nothing.
    const isMarked = writes.length > 1;
    if (isMarked) await this.#session.mark();
    const results: unknown[] = [];
    for (const [at, write] of writes.entries()) {
      try {
        results.push(await this.#write(write));
      } catch (error) {
        if (!(error instanceof RuntimeError) || !refusals.includes(error.code)) throw error;
        this.version = version;
        if (isMarked) await this.#session.goBack();
        return { ok: false, error: isMarked ? new RuntimeError(error.code, `[${at}]: ${error.message}`) : error };
      }
    }
    return { ok: true, results };
  }

  /** What waits is written. */
  async flush(): Promise<void> {
    if (this.#rows.size === 0) return;
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    this.#rowBytes = 0;
    await this.#session.put(rows);
  }

  async #write(write: DriverWrite): Promise<unknown> {
    const session = this.#session;
    switch (write.type) {
      case "put": {
        const { key, value, ifVersion, expiresAtMs } = write;
        if (ifVersion !== undefined) assertAt(key, ifVersion, await session.versionOf(key, this.#nowMs));
        await session.put([{ key, value, version: ++this.version, expiresAtMs }]);
        return { version: this.version };
      }
      case "delete": {
        const { key, ifVersion } = write;
        const version = await session.versionOf(key, this.#nowMs);
        if (ifVersion !== undefined) assertAt(key, ifVersion, version);
        await session.remove(key);
        return { isDeleted: version > 0 };
      }
      case "append": {
        const { journal, events, ifSeq } = write;
        const last = await session.lastSeq(journal);
        if (ifSeq !== undefined) assertAt(journal, ifSeq, last);
        await session.append(journal, last + 1, events);
        return { seq: last + events.length };
      }
      case "snapshot":
        await session.snapshot(write.journal, write.seq, write.state);
        return undefined;
      case "prune":
        await session.prune(write.journal, write.seq);
        return undefined;
      case "putVector": {
        const { collection, id, dimension, value } = write;
        const is = await session.dimensionOf(collection);
        if (is === 0) await session.createCollection(collection, dimension);
        else assertDimension(collection, is, dimension);
        await session.putVector(collection, id, value);
        return undefined;
      }
      case "deleteVector":
        return { isDeleted: await session.removeVector(write.collection, write.id) };
      case "dropVectors": {
        const isDropped = (await session.dimensionOf(write.collection)) > 0;
        if (isDropped) await session.removeCollection(write.collection);
        return { isDropped };
      }
    }
  }
}

function tooLarge(writes: readonly DriverWrite[], max: number): RuntimeError | undefined {
  for (const [at, write] of writes.entries()) {
    for (const [what, { length }] of bytesOf(write)) {
      if (length <= max) continue;
      const where = writes.length > 1 ? `[${at}]: ` : "";
      const text = `${where}${what} has ${length} bytes, and the store takes ${max}: make it smaller, or that larger`;
      return new RuntimeError("bad_argument", text);
    }
  }
  return undefined;
}

/** What of a write may be large, with its name for people. */
function bytesOf(write: DriverWrite): readonly (readonly [string, Uint8Array])[] {
  switch (write.type) {
    case "put":
      return [[`the value of "${write.key}"`, write.value]];
    case "append":
      return write.events.map((event) => [`an event of "${write.journal}"`, event]);
    case "snapshot":
      return [[`the snapshot of "${write.journal}"`, write.state]];
    case "putVector":
      return [[`the vector "${write.id}" of "${write.collection}"`, write.value]];
    default:
      return [];
  }
}

/** @throws RuntimeError `version_conflict`. */
export function assertAt(name: string, wanted: number, is: number): void {
  if (wanted !== is) throw new RuntimeError("version_conflict", `"${name}" stands at ${is}, and not at ${wanted}`);
}
