/** What has happened to one actor, as a store keeps it: read at a start, and added to. */
import { type Context, errorData, type JournalEntry, RuntimeError, type StoredSnapshot } from "../core/index.ts";
import { askStore, copyOf, type Kept, keptOf } from "./kept.ts";
import { Persisting } from "./persisting.ts";

const pageSize = 1_000;

export interface JournalTerms {
  /** Of the events that are written. */
  readonly version: number;
  /** 0: never. */
  readonly snapshotEvery: number;
  readonly keepEvents: number;
}

export interface JournalOptions<S, E> {
  readonly journal: string;
  /** Whose it is, for people: what kind of actor. */
  readonly kind: string;
  empty(): S;
  apply(state: S, event: E): S | void;
  upgrade?: ((event: unknown, version: number) => E) | undefined;
  readonly terms: JournalTerms;
}

/** One actor's state, and where it stands in its journal. */
export class Journal<S, E> {
  readonly #options: JournalOptions<S, E>;
  readonly persisting = new Persisting();
  state: S;
  #seq = 0;
  #snapshotSeq = 0;

  constructor(options: JournalOptions<S, E>) {
    this.#options = options;
    this.state = options.empty();
  }

  async recover(ctx: Context): Promise<void> {
    const { journal, terms, upgrade } = this.#options;
    const snapshot = (await askStore(ctx, "loadSnapshot", journal)) as StoredSnapshot | undefined;
    // Asked after the snapshot, which is never ahead of it, and before the events, which are all there up to it.
    const last = (await askStore(ctx, "lastSeq", journal)) as number;
    if (snapshot !== undefined) {
      const { version, value } = this.#kept(snapshot.state, "the snapshot");
      if (snapshot.seq > last) throw this.#gap(`the snapshot is of event ${snapshot.seq}, and the last is ${last}`);
      // One of an older version may lack what events would have told: these are read anew, if all are there.
      if (version === terms.version) {
        this.state = structuredClone(value) as S; // a message is its receiver's to read, and this is to be changed
        this.#seq = snapshot.seq;
        this.#snapshotSeq = snapshot.seq;
      }
    }
    let page: readonly JournalEntry[];
    do {
      page = (await askStore(ctx, "read", { journal, fromSeq: this.#seq + 1, limit: pageSize })) as JournalEntry[];
      for (const { seq, event } of page) {
        if (seq !== this.#seq + 1) throw this.#gap(`event ${this.#seq + 1} is missing, and the next is ${seq}`);
        const { version, value } = this.#kept(event, `event ${seq}`);
        this.#apply(version < terms.version && upgrade !== undefined ? upgrade(value, version) : (value as E));
        this.#seq = seq;
      }
    } while (page.length === pageSize);
    if (this.#seq < last) throw this.#gap(`event ${this.#seq + 1} is missing, and all up to the last, ${last}`);
  }

  async persist(events: readonly E[], ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    const kept = events.map((value): Kept => ({ version: terms.version, value }));
    try {
      await askStore(ctx, "append", { journal, events: kept, ifSeq: this.#seq });
    } catch (error) {
      throw this.#explained(error as Error);
    }
    for (const event of events) this.#apply(event);
    this.#seq += events.length;
    if (terms.snapshotEvery > 0 && this.#seq - this.#snapshotSeq >= terms.snapshotEvery) await this.#snapshot(ctx);
  }

  /** The store knows numbers alone; what they mean is known here. */
  #explained(error: Error): Error {
    if ((error as Partial<RuntimeError>).code !== "version_conflict") return error;
    const { journal } = this.#options;
    const message = `journal "${journal}": somebody else has written to it, and one actor writes a journal at a time (${error.message})`;
    return new RuntimeError("version_conflict", message, { cause: error });
  }

  #apply(event: E): void {
    const next = this.#options.apply(this.state, event);
    if (next !== undefined) this.state = next;
  }

  /** One that the store does not take costs nothing: all of its events are kept. The next event tries again. */
  async #snapshot(ctx: Context): Promise<void> {
    const { journal, terms } = this.#options;
    const seq = this.#seq;
    const state: Kept = { version: terms.version, value: copyOf(this.state, `journal "${journal}": its snapshot`) };
    try {
      await askStore(ctx, "saveSnapshot", { journal, seq, state });
      this.#snapshotSeq = seq;
      if (terms.keepEvents < seq) await askStore(ctx, "prune", { journal, seq: seq - terms.keepEvents });
    } catch (error) {
      const { code } = error as RuntimeError; // as every call fails
      if (code === "not_cloneable" || code === "bad_argument") throw error;
      ctx.log("warning", `journal "${journal}": no snapshot of event ${seq}`, errorData(error));
    }
  }

  #kept(stored: unknown, what: string): Kept {
    const { journal, terms } = this.#options;
    return keptOf(stored, terms.version, {
      what: `journal "${journal}": ${what}`,
      kind: this.#options.kind,
      remedy: "take the journal from a backup",
    });
  }

  #gap(what: string): RuntimeError {
    const { journal } = this.#options;
    return new RuntimeError(
      "storage_corrupt",
      `journal "${journal}": ${what}: a snapshot that fits is gone, or events are: take the journal from a backup`,
    );
  }
}
