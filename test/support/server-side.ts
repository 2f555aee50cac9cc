/** What is done to a database server from its own side: questions, and the end of connections that came from given ports. */
import { type Connection, createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { tableNames } from "../../plugins/storage-mysql/schema.ts";
import { mysql, postgres } from "./known-services.ts";

export async function askPostgres<T>(ask: (client: Client) => Promise<T>, url = postgres.url): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await ask(client);
  } finally {
    await client.end();
  }
}

export async function askMysql<T>(ask: (connection: Connection) => Promise<T>, url = mysql.url): Promise<T> {
  const connection = await createConnection(url);
  try {
    return await ask(connection);
  } finally {
    await connection.end();
  }
}

/** How many there were. */
export async function disconnectPostgres(ports: readonly number[]): Promise<number> {
  const text = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_port = ANY ($1)";
  return await askPostgres(async (client) => (await client.query(text, [ports])).rowCount ?? 0);
}

/** How many there were. */
export async function disconnectMysql(ports: readonly number[]): Promise<number> {
  return await askMysql(async (connection) => {
    const [rows] = await connection.query<RowDataPacket[]>("SHOW PROCESSLIST");
    let ended = 0;
    for (const { Id, Host, Command } of rows as { Id: number; Host: string; Command: string }[]) {
      const port = Number(Host.slice(Host.lastIndexOf(":") + 1));
      if (Command === "Killed" || !ports.includes(port)) continue;
      // It may have gone meanwhile.
      ended += await connection.query(`KILL ${Id}`).then(
        () => 1,
        () => 0,
      );
    }
    return ended;
  });
}

/** Of these how many the server still has. */
export async function countPostgres(ports: readonly number[]): Promise<number> {
  const text = "SELECT 1 FROM pg_stat_activity WHERE client_port = ANY ($1)";
  return await askPostgres(async (client) => (await client.query(text, [ports])).rowCount ?? 0);
}

/** Of these how many the server still has. */
export async function countMysql(ports: readonly number[]): Promise<number> {
  const text = "SELECT 1 FROM information_schema.processlist WHERE SUBSTRING_INDEX(host, ':', -1) IN (?)";
  return await askMysql(
    async (connection) => (await connection.query<RowDataPacket[]>(text, [ports.map(String)]))[0].length,
  );
}

export async function dropMysqlTables(prefix: string): Promise<void> {
  await askMysql(async (connection) => {
    for (const table of Object.values(tableNames(prefix))) await connection.query(`DROP TABLE IF EXISTS ${table}`);
  });
}

export async function dropPostgresSchema(schema: string): Promise<void> {
  await askPostgres((client) => client.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`));
}
