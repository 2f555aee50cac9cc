/** The configuration of storage-postgres, key by key. Not in every placement: no actors but the plugin's. */
import { afterAll, afterEach, beforeAll, describe, expect } from "@jest/globals";
import { postgresConfig } from "../../../plugins/storage-postgres/config.ts";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { keyTests } from "../../support/key-tests.ts";
import { postgres } from "../../support/known-services.ts";
import { askPostgres } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { ServerKeys } from "./server-keys.ts";
import { postgresLock } from "./server-locks.ts";

/** A database of this run alone: the schema is the one that the plugin takes by itself. */
const database = `mofa_keys_${process.pid}`;
const urlOf = (name: string) => Object.assign(new URL(postgres.url), { pathname: `/${name}` }).href;
const url = urlOf(database);

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
      { plugin: storagePostgres, name: "storage-postgres", url, ...postgresLock(url, database) },
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

    key("sqlUrl", "nobody is asked by SQL; the database that it names is", async () => {
      const request = { id: "a", sql: "SELECT 1", mode: "read", maxRows: 9, maxBytes: 900, timeoutMs: 30_000 };
      const ask = async () =>
        await systems[0]().call("plugin.storage-postgres", "querySql", request, { timeoutMs: 30_000 });
      await keys.open();
      await expect(ask()).rejects.toMatchObject({
        message: "the configuration of storage-postgres names no database for SQL",
      });
      await keys.stop();
      // Nobody listens there: that the right one is asked is in the suite of SQL.
      await keys.open({ sqlUrl: Object.assign(new URL(url), { host: "127.0.0.1:1" }).href });
      await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining("ECONNREFUSED") });
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
      await keys.expectPoolBound({ connectTimeoutMs: 100 });
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
