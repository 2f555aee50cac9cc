/** The keys that every plugin of tools has, by tools of the suite's own. Not in every placement: the contract's suite is. */
import { expect, test } from "@jest/globals";
import { toolLimits, toolsConfig } from "../../../core/index.ts";
import { workshop } from "../../fixtures/tools.ts";
import { describeKeyTable } from "../key-tables/key-table.ts";
import { toolKeys } from "../key-tables/tool-keys.ts";

const name = "workshop";
const keys = toolKeys({ name, call: { tool: "brief" } });
await describeKeyTable(name, { plugin: workshop, name, schema: toolsConfig, base: {}, keys });

test("each of the limits is looked at", () => {
  expect(Object.keys(keys)).toEqual(Object.keys(toolLimits));
});
