/** A session as its agent writes it: in a store, by a name, or in the agent's memory alone. */
import { type Context, RuntimeError, storageCapability } from "../../core/index.ts";
import { Journal } from "../journal.ts";
import { askStore } from "../kept.ts";
import { type Keeping, Persisting } from "../persisting.ts";
import { applied, emptySession, type Session, type SessionEvent, sessionVersion } from "./session.ts";

/** Adds events, in order: all of them are kept, or none. */
export type Keep = (...events: readonly SessionEvent[]) => Promise<void>;

/** Of a session in the list of all: what stands in the store under its key. */
export interface SessionEntry {
  readonly agent: string;
  readonly session: string;
  readonly beganAtMs: number;
}

const snapshotEvery = 100;

/** Where the list of sessions stands, and the name of each one's journal. */
export function sessionKey(agent: string, session: string): string {
  return `agent/${agent}/${session}`;
}

export interface SessionLog {
  readonly session: Session;
  /** It could not be kept: whoever writes it cannot go on. */
  readonly isLost: boolean;
  /** One turn of a handler, which may keep as long as it lasts. @throws what keeping has failed with, whatever the handler does. */
  turn<T>(ctx: Context, handler: (keep: Keep) => Promise<T>): Promise<T>;
}

/**
 * @param name of the session; undefined: it is as long as its agent lives.
 * @throws RuntimeError `storage_…`, `plugin_missing`, by rejection.
 */
export async function openSession(agent: string, name: string | undefined, ctx: Context): Promise<SessionLog> {
  if (name === undefined) return new MemoryLog();
  const key = sessionKey(agent, name);
  const journal = new Journal<Session, SessionEvent>({
    journal: key,
    kind: "agent",
    empty: emptySession,
    apply: applied,
    terms: { version: sessionVersion, snapshotEvery, keepEvents: Number.POSITIVE_INFINITY },
  });
  try {
    await journal.recover(ctx);
  } catch (error) {
    throw explained(error);
  }
  return new StoredLog(journal, { agent, session: name, beganAtMs: ctx.wallMs() });
}

class MemoryLog implements SessionLog {
  readonly session = emptySession();
  readonly #persisting = new Persisting();

  get isLost(): boolean {
    return this.#persisting.failure !== undefined;
  }

  turn<T>(ctx: Context, handler: (keep: Keep) => Promise<T>): Promise<T> {
    return this.#persisting.turn(ctx, (keeping: Keeping) =>
      handler((...events) =>
        keeping(() => {
          for (const event of events) applied(this.session, event);
          return Promise.resolve();
        }),
      ),
    ) as Promise<T>;
  }
}

class StoredLog implements SessionLog {
  readonly #journal: Journal<Session, SessionEvent>;
  readonly #entry: SessionEntry;
  #isListed: boolean;

  constructor(journal: Journal<Session, SessionEvent>, entry: SessionEntry) {
    this.#journal = journal;
    this.#entry = entry;
    this.#isListed = journal.state.turns > 0;
  }

  get session(): Session {
    return this.#journal.state;
  }

  get isLost(): boolean {
    return this.#journal.persisting.failure !== undefined;
  }

  turn<T>(ctx: Context, handler: (keep: Keep) => Promise<T>): Promise<T> {
    return this.#journal.persisting.turn(ctx, (keeping: Keeping) =>
      handler((...events) =>
        keeping(async () => {
          if (events.length === 0) return;
          await this.#list(ctx);
          await this.#journal.persist(events, ctx);
        }),
      ),
    ) as Promise<T>;
  }

  /** Before its first event: one that is listed and empty does no harm, one that is not is not found. */
  async #list(ctx: Context): Promise<void> {
    if (this.#isListed) return;
    const { agent, session } = this.#entry;
    try {
      await askStore(ctx, "put", { key: sessionKey(agent, session), value: this.#entry, ifVersion: 0 });
    } catch (error) {
      if ((error as Partial<RuntimeError>).code !== "version_conflict") throw error;
    }
    this.#isListed = true;
  }
}

/** Where nobody keeps anything. */
function explained(error: unknown): unknown {
  if (!(error instanceof RuntimeError) || error.code !== "noproc") return error;
  const text = `a session is kept by a plugin that provides ${storageCapability.name}, and none runs: start one before the agent, as storage-sqlite`;
  return new RuntimeError("plugin_missing", text, { cause: error });
}
