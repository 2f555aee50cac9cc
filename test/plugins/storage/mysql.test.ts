/** The contract over MySQL or MariaDB, and what a server adds. Not in every placement: the plugin shares a thread. */
import { afterAll, describe, expect, test } from "@jest/globals";
import type { RowDataPacket } from "mysql2/promise";
import { storageMysql } from "../../../plugins/storage-mysql/index.ts";
import { mysql } from "../../support/known-services.ts";
import { askMysql, disconnectMysql, dropMysqlTables } from "../../support/server-side.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { describeStorage } from "./conformance.ts";
import { describeServer } from "./server.ts";
import { failureOf, storeOf } from "./store.ts";

/** Of this run alone. */
const tablePrefix = `mofa_test_${process.pid}_`;
const config = { url: mysql.url, tablePrefix };

await describeWith(mysql, () => {
  afterAll(() => dropMysqlTables(tablePrefix));

  describeStorage("storage-mysql", "storage-mysql", () => ({ plugin: storageMysql, config }));
  describeServer("storage-mysql, as a server", {
    plugin: storageMysql,
    config,
    disconnect: disconnectMysql,
    age: (version) =>
      askMysql((connection) => connection.query(`INSERT INTO ${tablePrefix}migrations VALUES (?)`, [version])),
    unage: () => askMysql((connection) => connection.query(`DELETE FROM ${tablePrefix}migrations WHERE version > 50`)),
    spoil: (table, column) =>
      askMysql((connection) =>
        connection.query(`UPDATE ${tablePrefix}${table} SET ${column} = LEFT(${column}, LENGTH(${column}) - 1)`),
      ),
    wrongUrl: "mysql://root@127.0.0.1:1/test",
  });

  describe("max_allowed_packet", () => {
    const system = useSystem({ clock: "system", threads: 1 });
    const store = storeOf(system, "storage-mysql");

    test("a value beyond it is refused, with its name and sizes, and those beside it are kept", async () => {
      const bytes = await askMysql(async (connection) => {
        const [rows] = await connection.query<RowDataPacket[]>("SELECT @@max_allowed_packet AS bytes");
        return Number(rows[0]?.["bytes"]);
      });
      await system().startPlugins([{ plugin: storageMysql, config }]);
      const value = "x".repeat(bytes);
      const [before, key, event, state, inMidst, after] = await Promise.all([
        failureOf(store.put({ key: "packet/before", value: 1 })),
        failureOf(store.put({ key: "packet/large", value })),
        failureOf(store.append({ journal: "packet", events: [1, value] })),
        failureOf(store.saveSnapshot({ journal: "packet", seq: 1, state: value })),
        failureOf(
          store.transact([
            { type: "put", key: "packet/midst", value: 1 },
            { type: "put", key: "packet/large", value },
          ]),
        ),
        failureOf(store.put({ key: "packet/after", value: 1 })),
      ]);
      expect([before, after]).toEqual([before, after].map(() => ({ value: { version: expect.any(Number) } })));
      for (const [refused, what] of [
        [key, 'the value of "packet/large"'],
        [event, 'an event of "packet"'],
        [state, 'the snapshot of "packet"'],
        [inMidst, '[1]: the value of "packet/large"'],
      ] as const)
        expect(refused).toMatchObject({
          code: "bad_argument",
          message: expect.stringContaining(`${what} has ${value.length + 6} bytes, and the store takes `),
        });
      expect((await store.list({ prefix: "packet/" })).map((one) => one.key)).toEqual([
        "packet/after",
        "packet/before",
      ]);
      expect([await store.lastSeq("packet"), await store.read({ journal: "packet" })]).toEqual([0, []]);
    });
  });
});
