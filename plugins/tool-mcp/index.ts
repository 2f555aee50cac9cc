/** Tools of MCP servers as tools of plugins. Needs `npm install @modelcontextprotocol/client`. */
import { defineTools, type Plugin, RuntimeError, type ToolsHandlers } from "../../core/index.ts";
import { conflictOf, mcpConfig } from "./config.ts";

export type { McpConfig, McpOffer } from "./config.ts";

/**
 * A plugin for one server, which its configuration names: `McpConfig`. Several stand side by side, each under its own name.
 * @param name of the plugin. Default `tool-mcp`.
 * @throws RuntimeError `bad_argument`: it is no name of a plugin.
 */
export function mcpTools(name = "tool-mcp"): Plugin<ToolsHandlers> {
  return defineTools({
    name,
    version: "0.1.0",
    packages: [{ name: "@modelcontextprotocol/client", version: "2.4.0" }],
    config: { schema: mcpConfig, secrets: ["env", "headers"] },
    async open(config, signal, bus) {
      const conflict = conflictOf(config);
      if (conflict !== undefined) throw new RuntimeError("bad_configuration", conflict);
      const load = Promise.all([import("@modelcontextprotocol/client"), import("./mcp-driver.ts")]);
      const [client, { McpDriver }] = await load.catch((error: unknown) => {
        throw new RuntimeError(
          "module_failed",
          `${name} needs the package @modelcontextprotocol/client: npm install @modelcontextprotocol/client`,
          { cause: error },
        );
      });
      return await McpDriver.open(client, config, bus, signal);
    },
  });
}
