/** The configuration of storage-postgres, key by key. Not in every placement: no actors but the plugin's. */
import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import { Client } from "pg";
import { postgresConfig } from "../../../plugins/storage-postgres/config.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { keyTests } from "../../support/key-tests.ts";
import { postgres } from "../../support/known-services.ts";
import { askPostgres } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { ServerKeys } from "./server-keys.ts";

/** A database of this run alone: the schema is the one that the plugin takes by itself. */
const database = `mofa_keys_${process.pid}`;
const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
const url = urlOf(database);

async function lock(): Promise<() => Promise<void>> {
  const client = new Client(url);
  await client.connect();
  await client.query("BEGIN");
  await client.query("SELECT version FROM mofa.counter FOR UPDATE");
  return async () => {
    await client.query("ROLLBACK");
    await client.end();
  };
}

async function someoneWaits(): Promise<void> {
  const text = "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
  await askPostgres(async (client) => {
    while ((await client.query(text, [database])).rowCount === 0);
  });
}

const tablesOf = (schema: string) =>
  askPostgres(async (client) => {
    const text = "SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = $1";
    return Number((await client.query<{ n: string }>(text, [schema])).rows[0]?.n);
  }, url);

await describeWith(postgres, () => {
  describe("configuration of storage-postgres", () => {
    const key = keyTests("storage-postgres", postgresConfig);
    const systems = [useSystem({ clock: "system", threads: 1 }), useSystem({ clock: "system", threads: 1 })] as const;
    const keys = new ServerKeys(
      { plugin: storagePostgres, name: "storage-postgres", url, lock, someoneWaits },
      systems,
    );

    beforeAll(async () => {
      for (const name of [database, `${database}_b`])
        await askPostgres((client) => client.query(`CREATE DATABASE ${name}`));
    });
    afterEach(() => keys.stop());
    afterAll(async () => {
      for (const name of [database, `${database}_b`])
        await askPostgres((client) => client.query(`DROP DATABASE ${name} WITH (FORCE)`));
    });

    key("url", "each database has what was written to it", async () => {
      await keys.open();
      await keys.store.put({ key: "a", value: 1 });
      await keys.stop();
      await keys.open({ url: urlOf(`${database}_b`) });
      expect(await keys.store.get("a")).toBeUndefined();
      await keys.stop();
      await keys.open();
      expect(await keys.store.get("a")).toMatchObject({ value: 1 });
    });

    key("schema", "the tables are in mofa, or where it says, and apart", async () => {
      await keys.open();
      await keys.store.put({ key: "b", value: 1 });
      await keys.stop();
      expect([await tablesOf("mofa"), await tablesOf("apart")]).toEqual([expect.any(Number), 0]);
      await keys.open({ schema: "apart" });
      expect(await keys.store.get("b")).toBeUndefined();
      expect(await tablesOf("apart")).toBe(await tablesOf("mofa"));
    });

    key("poolSize", "a read goes beside a write that is held up, unless there is one connection", async () => {
      expect(await keys.readBesideWrite()).toEqual(["get", "put"]);
      await keys.stop();
      expect(await keys.readBesideWrite({ poolSize: 1 })).toEqual(["put", "get"]);
    });

    key("connectTimeoutMs", "so long a server may take to answer, and a pool of which all are in use", async () => {
      expect(await keys.slowServer({ connectTimeoutMs: 50 })).toMatchObject({
        code: "start_failed",
        message: expect.stringMatching(/timeout/),
      });
      const patient = await keys.usedUpPool({});
      expect(patient.reads).toEqual(patient.reads.map(() => ({ value: expect.objectContaining({ value: 2 }) })));
      await keys.stop();
      const { reads, write, after } = await keys.usedUpPool({ connectTimeoutMs: 100 });
      for (const refused of reads)
        expect(refused).toMatchObject({
          code: "storage_failed",
          message: expect.stringMatching(
            /^none of poolSize \(1\) connections could be had within connectTimeoutMs \(100\)$/,
          ),
        });
      expect(reads).toHaveLength(20);
      expect([write, after]).toMatchObject([{ value: { version: expect.any(Number) } }, { value: { value: 2 } }]);
    });

    key("statementTimeoutMs", "so long a write may wait for others", async () => {
      expect(await keys.heldWrite({ statementTimeoutMs: 50 })).toMatchObject({
        code: "storage_failed",
        message: expect.stringMatching(/statement timeout/),
      });
      await keys.stop();
      expect(await keys.patientWrite()).toMatchObject({ value: { version: expect.any(Number) } });
    });

    key("silenceTimeoutMs", "so long a server may say nothing", async () => {
      expect(await keys.silentServer({ silenceTimeoutMs: 100 })).toMatchObject({
        code: "storage_failed",
        message: "the server has said nothing for silenceTimeoutMs (100)",
      });
    });
  });
});
