/** The contract, over the stores that need nothing but Node. Not in every placement: one shares a thread with others, one has a thread of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { describeStorage } from "./conformance.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-storage-"));
afterAll(() => rmSync(folder, { recursive: true }));

describeStorage("storage-memory", "storage-memory", () => ({ plugin: storageMemory }));
describeStorage("storage-sqlite", "storage-sqlite", () => ({
  plugin: storageSqlite,
  config: { file: join(folder, "store.sqlite") },
}));
