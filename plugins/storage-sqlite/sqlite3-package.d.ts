/** Of the package `sqlite3` what is used here, since it is not there where the sources are compiled. */
declare module "sqlite3" {
  type Done<T> = (error: Error | null, value: T) => void;

  export interface Statement {
    all(parameters: readonly unknown[], done: Done<Record<string, unknown>[]>): this;
    finalize(done: () => void): void;
  }

  export interface Database {
    exec(sql: string, done: Done<void>): this;
    prepare(sql: string, done: Done<void>): Statement;
    close(done: Done<void>): void;
  }

  const sqlite3: {
    readonly OPEN_READWRITE: number;
    readonly OPEN_CREATE: number;
    readonly OPEN_READONLY: number;
    readonly Database: new (file: string, mode: number, done: Done<void>) => Database;
  };
  export default sqlite3;
}
