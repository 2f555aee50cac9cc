/** A file of SQLite by either driver. Not in every placement: no actors but the plugin's. */
import { sqlite3 } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { describeSqliteFile } from "./sqlite-file.ts";

describeSqliteFile("node:sqlite");
await describeWith(sqlite3, () => describeSqliteFile("sqlite3"));
