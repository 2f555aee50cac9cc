/** A database that agents ask by SQL: that which a storage plugin names, with its driver. Values are parameters, and what writes has to be granted. */
import { defineTools, type Plugin, sqlVersion, type ToolsHandlers } from "../../core/index.ts";
import { sqlToolsConfig } from "./config.ts";
import { sqlToolList } from "./sql-tools.ts";

export type { SqlToolsConfig } from "./config.ts";

export interface SqlTools {
  /** The storage plugin that provides SQL, by its name: `storage-postgres`, `storage-mysql`, `storage-sqlite`. */
  readonly over: string;
  /** Its own name. Default `tool-sql`. */
  readonly name?: string;
}

/** @throws RuntimeError `bad_argument`. */
export function sqlTools({ over, name = "tool-sql" }: SqlTools): Plugin<ToolsHandlers> {
  return defineTools({
    name,
    version: "0.1.0",
    requires: [{ name: over, version: sqlVersion }],
    config: sqlToolsConfig,
    open(config, _signal, bus) {
      const tools = sqlToolList(over, config, bus);
      return { tools: () => tools };
    },
  });
}
