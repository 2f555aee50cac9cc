/** Values that are put whatever stands there, many rows by one statement. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { putMany, rowsAtOnce, sql } from "./statements.ts";

type Field = string | number | Uint8Array | null;

const fieldsOfRow = 4;
/** What a statement was given stays in it until it is run again: a larger value goes alone. */
const togetherMaxBytes = 65_536;

export class PutRows {
  readonly #one: StatementSync;
  readonly #many: StatementSync;
  #fields: Field[] = [];

  constructor(database: DatabaseSync) {
    this.#one = database.prepare(sql.put);
    this.#many = database.prepare(putMany);
  }

  /** It may stand there only after `flush`. */
  add(key: string, value: Uint8Array, version: number, expiresAtMs: number | undefined): void {
    if (value.byteLength > togetherMaxBytes) {
      this.flush(); // what came before may have the same key
      this.#one.run(key, value, version, expiresAtMs ?? null);
      return;
    }
    const fields = this.#fields;
    fields.push(key, value, version, expiresAtMs ?? null);
    if (fields.length < rowsAtOnce * fieldsOfRow) return;
    this.#fields = [];
    this.#many.run(...fields);
  }

  flush(): void {
    const fields = this.#fields;
    if (fields.length === 0) return;
    this.#fields = [];
    for (let at = 0; at < fields.length; at += fieldsOfRow) this.#one.run(...fields.slice(at, at + fieldsOfRow));
  }

  /** Nothing of the group is kept. */
  forget(): void {
    this.#fields = [];
  }
}
