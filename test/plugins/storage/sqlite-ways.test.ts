/** The contract, by a client, and over the second driver of SQLite. Not in every placement: the store has a thread of its own, or works in threads of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { sqlite3 } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { describeStorage } from "./conformance.ts";
import { clientOf } from "./store.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-storage-"));
afterAll(() => rmSync(folder, { recursive: true }));

describeStorage(
  "storage-sqlite, by a client",
  "storage-sqlite",
  () => ({ plugin: storageSqlite, isolation: "thread", config: { file: join(folder, "client.sqlite") } }),
  clientOf,
);

await describeWith(sqlite3, () =>
  describeStorage("storage-sqlite by sqlite3", "storage-sqlite", () => ({
    plugin: storageSqlite,
    config: { file: join(folder, "sqlite3.sqlite"), driver: "sqlite3" },
  })),
);
