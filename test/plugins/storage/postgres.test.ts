/** The contract over PostgreSQL, and what a server adds. Not in every placement: the plugin shares a thread, or has a process. */
import { afterAll, expect, test } from "@jest/globals";
import { Client } from "pg";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { postgres } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { describeStorage } from "./conformance.ts";
import { describeServer } from "./server.ts";

/** Of this run alone. */
const schema = `mofa_test_${process.pid}`;
const config = { url: postgres.url, schema };

async function asked<T>(question: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(postgres.url);
  await client.connect();
  try {
    return await question(client);
  } finally {
    await client.end();
  }
}

await describeWith(postgres, () => {
  afterAll(async () => {
    await asked((client) => client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`));
  });

  describeStorage("storage-postgres", "storage-postgres", () => ({ plugin: storagePostgres, config }));
  describeServer("storage-postgres, as a server", {
    plugin: storagePostgres,
    config,
    kick: async () => {
      const kicked = await asked((client) =>
        client.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mofa'"),
      );
      return kicked.rowCount ?? 0;
    },
    age: (version) => asked((client) => client.query(`INSERT INTO ${schema}.migrations VALUES ($1)`, [version])),
    unage: () => asked((client) => client.query(`DELETE FROM ${schema}.migrations WHERE version > 50`)),
    wrongUrl: "postgres://root@127.0.0.1:1/test",
  });

  test("the names of this suite are its own", () => {
    expect(schema).toMatch(/^mofa_test_\d+$/);
  });
});
