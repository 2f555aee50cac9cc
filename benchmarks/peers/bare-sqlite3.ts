/** The same table by the package `sqlite3` alone, which works in threads of its own: what is put is queued there until the commit. */
import type { Statement } from "sqlite3";
import { type BareDatabase, bareTable } from "./bare-database.ts";

export async function bareSqlite3(file: string): Promise<BareDatabase> {
  const { default: sqlite3 } = await import("sqlite3");
  const database = await told<InstanceType<typeof sqlite3.Database>>((done) => {
    const opened = new sqlite3.Database(file, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE, (error) =>
      done(error, opened),
    );
  });
  const exec = (sql: string) => told<void>((done) => database.exec(sql, done));
  const prepare = (sql: string) =>
    told<Statement>((done) => {
      const statement = database.prepare(sql, (error) => done(error, statement));
    });
  await exec(bareTable.settings);
  const [put, get] = [await prepare(bareTable.put), await prepare(bareTable.get)];
  let queued: Promise<unknown>[] = [];
  const run = (statement: Statement, ...parameters: readonly string[]) =>
    told<Record<string, unknown>[]>((done) => statement.all(parameters, done));
  return {
    begin: () => exec("BEGIN"),
    put(key, text) {
      queued.push(run(put, key, text));
    },
    async commit() {
      await Promise.all(queued);
      queued = [];
      await exec("COMMIT");
    },
    get: async (key) => (await run(get, key))[0]?.["value"],
    async close() {
      for (const statement of [put, get]) await new Promise<void>((resolve) => statement.finalize(resolve));
      await told<void>((done) => database.close(done));
    },
  };
}

function told<T>(does: (done: (error: Error | null, value: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    does((error, value) => (error === null ? resolve(value) : reject(error)));
  });
}
