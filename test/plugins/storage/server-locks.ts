/** Who holds a store's group lock on a server's side, and whether somebody waits for it. */
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { askMysql, askPostgres } from "../../support/server-side.ts";

export interface ServerLock {
  /** Locks out whoever would write to the store; what is returned lets them go on. */
  lock(): Promise<() => Promise<void>>;
  /** Resolves when somebody waits for that. */
  someoneWaits(): Promise<void>;
}

/** @param url of that database */
export function mysqlLock(url: string, database: string): ServerLock {
  return {
    async lock() {
      const connection = await createConnection(url);
      await connection.query("START TRANSACTION");
      await connection.query("SELECT version FROM mofa_counter FOR UPDATE");
      return async () => {
        await connection.query("ROLLBACK");
        await connection.end();
      };
    },
    async someoneWaits() {
      // Not by innodb_trx, which is not looked up anew for who asks all the time.
      const text = "SELECT 1 FROM information_schema.processlist WHERE db = ? AND info LIKE '%counter% FOR UPDATE'";
      await askMysql(async (connection) => {
        while ((await connection.query<RowDataPacket[]>(text, [database]))[0].length === 0);
      });
    },
  };
}

/** @param url of that database */
export function postgresLock(url: string, database: string): ServerLock {
  return {
    async lock() {
      const client = new Client(url);
      await client.connect();
      await client.query("BEGIN");
      await client.query("SELECT version FROM mofa.counter FOR UPDATE");
      return async () => {
        await client.query("ROLLBACK");
        await client.end();
      };
    },
    async someoneWaits() {
      const text = "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'";
      await askPostgres(async (client) => {
        while ((await client.query(text, [database])).rowCount === 0);
      });
    },
  };
}
