/** What users see of the keys that the stores behind a server have in common. */
import type { ConfigSchema } from "../../../core/index.ts";
import type { AnyPlugin } from "../../../index.ts";
import type { Service } from "../../support/known-services.ts";
import { TcpRelay } from "../../support/tcp-relay.ts";
import { type KeyDifference, type KeyRun, type KeyTable, outcomeOf } from "./key-table.ts";

export interface ServerTable {
  readonly plugin: AnyPlugin;
  readonly name: string;
  readonly schema: ConfigSchema<unknown>;
  readonly service: Service;
  /** Databases of this run alone. */
  readonly url: string;
  readonly otherUrl: string;
  /** The key that says where the tables are, and another place for them. */
  readonly place: readonly [key: string, changed: string];
  /** The key that bounds a wait for others, a value that is short, and one in its unit that is longer, and shorter than the default. */
  readonly patience: readonly [key: string, short: number, longer: number];
  prepare(): Promise<unknown>;
  remove(): Promise<unknown>;
  /** Forgets all tables. */
  empty(): Promise<unknown>;
  /** Where the tables are, of that database. */
  places(url: string): Promise<readonly string[]>;
  /** Keeps everybody from writing until it is released. */
  lock(): Promise<() => Promise<void>>;
  /** Resolves when somebody waits for that. */
  someoneWaits(): Promise<void>;
}

const isKept = async (outcome: Promise<object>) => "value" in (await outcome);

export function serverTable(server: ServerTable): KeyTable {
  const { plugin, name, schema, service, url, otherUrl, place, patience } = server;
  const put = { key: "a", value: 1 };
  const [placeKey, changedPlace] = place;
  const [patienceKey, short, longer] = patience;
  const whereTables: KeyDifference["look"] = async ({ start, call }) => {
    await start();
    await call("put", put);
    return [await server.places(url), await server.places(otherUrl)];
  };
  /** What is held up until another store, of that configuration, has given up: whether it is borne so long. */
  const borne = async (
    { call, startOther, callOther }: KeyRun,
    other: object,
    hold: () => Promise<() => Promise<void> | void>,
    [verb, argument]: [string, unknown],
  ) => {
    await startOther({ url, ...other });
    const goOn = await hold();
    const outcome = isKept(call(verb, argument));
    const isBorne = await isKept(callOther(verb, argument));
    await goOn();
    return [await outcome, isBorne];
  };
  return {
    plugin,
    name,
    schema,
    base: { url },
    needs: service,
    prepare: () => server.prepare(),
    refresh: () => server.empty(),
    remove: () => server.remove(),
    keys: {
      url: { from: url, changed: otherUrl, look: whereTables },
      sqlUrl: {
        changed: Object.assign(new URL(url), { host: "127.0.0.1:1" }).href,
        // Nobody listens there, which is not as if none were named.
        async look({ start, call }) {
          await start();
          const bounds = { maxRows: 1, maxBytes: 100, timeoutMs: 60_000 };
          return await call("querySql", { id: "a", sql: "SELECT 1", mode: "read", ...bounds });
        },
      },
      [placeKey]: { changed: changedPlace, look: whereTables },
      poolSize: {
        changed: 1,
        // A read beside a write that is held up, until another store has read twenty times.
        async look({ start, call, startOther, callOther }) {
          await start();
          await startOther({ url });
          await call("put", put);
          const order: string[] = [];
          const release = await server.lock();
          const written = call("put", { key: "a", value: 2 }).then(() => order.push("put"));
          await server.someoneWaits();
          const read = call("get", "a").then(() => order.push("get"));
          for (let n = 0; n < 20; n++) await callOther("get", "a");
          await release();
          await Promise.all([written, read]);
          return order;
        },
      },
      connectTimeoutMs: {
        changed: 50,
        // A server that does not answer until another store has given up.
        async look({ start, startOther }) {
          await using relay = await TcpRelay.open(url);
          const goOn = relay.hold();
          const started = isKept(outcomeOf(start({ url: relay.url })));
          const other = await isKept(outcomeOf(startOther({ url: relay.url, connectTimeoutMs: 400 })));
          goOn();
          return [await started, other];
        },
      },
      [patienceKey]: {
        changed: short,
        async look(run) {
          await run.start();
          return await borne(run, { [patienceKey]: longer }, server.lock, ["put", put]);
        },
      },
      silenceTimeoutMs: {
        // Tables are made in less, also on a loaded machine.
        changed: 1_000,
        async look(run) {
          await using relay = await TcpRelay.open(url);
          await run.start({ url: relay.url });
          const other = { url: relay.url, silenceTimeoutMs: 2_500 };
          return await borne(run, other, async () => relay.pause(), ["get", "a"]);
        },
      },
    },
  };
}
