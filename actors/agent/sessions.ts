/** Sessions of agents in a store, for whoever looks after them: which there are, what was said, and their end. */
import { type Context, type Ref, RuntimeError, type StorageClient, storageOf } from "../../core/index.ts";
import { type Kept, keptOf } from "../kept.ts";
import { applied, emptySession, type Session, type SessionEvent, sessionVersion } from "./session.ts";
import { type SessionEntry, sessionKey } from "./session-log.ts";

export interface StoredSession extends SessionEntry {
  /** Of `events`. */
  readonly version: number;
  /** Their numbers go up by one; of a name that was deleted before, from where that ended. */
  readonly events: readonly { readonly seq: number; readonly event: SessionEvent }[];
  /** What they come to. */
  readonly state: Session;
}

export interface Sessions {
  /** In the order of their names. @param agent those of that one alone */
  list(agent?: string): Promise<readonly SessionEntry[]>;
  /** Undefined: there is none. @throws RuntimeError `storage_version`, `storage_corrupt`, by rejection. */
  read(agent: string, session: string): Promise<StoredSession | undefined>;
  /** Nothing of it is left. An agent that has it ends with its next step. False: there was none. */
  delete(agent: string, session: string): Promise<boolean>;
}

const pageSize = 1_000;

/**
 * @param asker a system, or the `ctx` of an actor.
 * @param store the name of a plugin, as `storage-sqlite`, or a ref to it.
 * @throws RuntimeError `bad_argument`. Each call fails with what the store fails with.
 */
export function sessionsOf(asker: Pick<Context, "call">, store: string | Ref): Sessions {
  const client = storageOf(asker, store);
  return {
    async list(agent) {
      const prefix = agent === undefined ? "agent/" : sessionKey(agent, "");
      const all: SessionEntry[] = [];
      for (let after: string | undefined; ; ) {
        const page = await client.list({ prefix, limit: pageSize, ...(after !== undefined && { after }) });
        // Others may have keys there, too.
        all.push(...page.map(({ value }) => value).filter(isEntry));
        after = page.at(-1)?.key;
        if (page.length < pageSize) return all;
      }
    },

    async read(agent, session) {
      const journal = sessionKey(agent, session);
      const entry = await client.get(journal);
      if (entry === undefined) return undefined;
      const events = await eventsOf(client, journal);
      const state = emptySession();
      for (const { event } of events) applied(state, event);
      return { ...(entry.value as SessionEntry), version: sessionVersion, events, state };
    },

    async delete(agent, session) {
      const journal = sessionKey(agent, session);
      const entry = await client.get(journal);
      if (entry === undefined) return false;
      const last = await client.lastSeq(journal);
      const kept = (value: unknown): Kept => ({ version: sessionVersion, value });
      await client.transact([
        // Whoever writes it learns that somebody else has.
        { type: "append", journal, ifSeq: last, events: [kept({ type: "deleted" })] },
        { type: "snapshot", journal, seq: last + 1, state: kept(emptySession()) },
        { type: "prune", journal, seq: last + 1 },
        { type: "delete", key: journal, ifVersion: entry.version },
      ]);
      return true;
    },
  };
}

function isEntry(value: unknown): value is SessionEntry {
  const { agent, session, beganAtMs } = (
    typeof value === "object" && value !== null ? value : {}
  ) as Partial<SessionEntry>;
  return typeof agent === "string" && typeof session === "string" && Number.isFinite(beganAtMs);
}

async function eventsOf(client: StorageClient, journal: string): Promise<StoredSession["events"]> {
  const events: { readonly seq: number; readonly event: SessionEvent }[] = [];
  for (let fromSeq = 1; ; ) {
    const page = await client.read({ journal, fromSeq, limit: pageSize });
    for (const { seq, event } of page) {
      const what = `session ${journal}: event ${seq}`;
      const { value } = keptOf(event, sessionVersion, { what, kind: "agent", remedy: "take it from a backup" });
      events.push({ seq, event: value as SessionEvent });
    }
    const last = events.at(-1);
    if (page.length < pageSize || last === undefined) return events;
    fromSeq = last.seq + 1;
  }
}

/** The plugin that keeps sessions here. @throws RuntimeError `plugin_missing`: none does. */
export function storeOf(asker: Pick<Context, "find">): Ref {
  const [store] = asker.find({ capability: "storage", tags: ["plugin"] });
  if (store !== undefined) return store.ref;
  throw new RuntimeError("plugin_missing", "no plugin runs that keeps sessions: start one, as storage-sqlite");
}
