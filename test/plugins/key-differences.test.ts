/** Every key of every plugin's configuration makes a difference that its users see. Not in every placement: no actors but the plugins'. */
import { expect, test } from "@jest/globals";
import { keyTables } from "./key-tables/index.ts";
import { describeKeyTable } from "./key-tables/key-table.ts";

const tables = await keyTables();
for (const [folder, table] of tables) await describeKeyTable(folder, table);

test("there are tables", () => {
  expect(tables.length).toBeGreaterThanOrEqual(4);
});
