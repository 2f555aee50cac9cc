/** The contract over PostgreSQL, and what a server adds. Not in every placement: the plugin shares a thread, or has a process. */
import { afterAll, expect, test } from "@jest/globals";
import { storagePostgres } from "../../../plugins/storage-postgres/index.ts";
import { postgres } from "../../support/known-services.ts";
import { askPostgres, disconnectPostgres, dropPostgresSchema } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { describeStorage } from "./conformance.ts";
import { describeServer } from "./server.ts";

/** Of this run alone. */
const schema = `mofa_test_${process.pid}`;
const config = { url: postgres.url, schema };

await describeWith(postgres, () => {
  afterAll(() => dropPostgresSchema(schema));

  describeStorage("storage-postgres", "storage-postgres", () => ({ plugin: storagePostgres, config }));
  describeServer("storage-postgres, as a server", {
    plugin: storagePostgres,
    config,
    disconnect: disconnectPostgres,
    age: (version) => askPostgres((client) => client.query(`INSERT INTO ${schema}.migrations VALUES ($1)`, [version])),
    unage: () => askPostgres((client) => client.query(`DELETE FROM ${schema}.migrations WHERE version > 50`)),
    spoil: (table, column) =>
      askPostgres((client) =>
        client.query(`UPDATE ${schema}.${table} SET ${column} = substring(${column} FOR length(${column}) - 1)`),
      ),
    wrongUrl: "postgres://root@127.0.0.1:1/test",
  });

  test("the names of this suite are its own", () => {
    expect(schema).toMatch(/^mofa_test_\d+$/);
  });
});
