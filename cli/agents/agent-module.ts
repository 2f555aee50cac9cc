/**
 * A module with an agent, as `mofa ask`, `mofa chat` and `mofa sessions` take it. It exports the agent (`agent`, or by default), and where
 * it has them `plugins`, a list for `startPlugins`, and `agents`, those that it hands conversations to.
 */
import { resolve } from "node:path";
import { type AgentApi, type AgentStart, agentTag } from "../../actors/index.ts";
import { type Behaviour, describe, isBehaviour, isPlugin, pluginFacts, storageCapability } from "../../core/index.ts";
import { type PluginUse, RuntimeError } from "../../index.ts";
import { loadExports } from "../run/program.ts";

export type AgentBehaviour = Behaviour<AgentStart | undefined, AgentApi>;

export interface AgentModule {
  readonly agent: AgentBehaviour;
  /** The agent itself is none of them. */
  readonly others: readonly AgentBehaviour[];
  readonly plugins: readonly PluginUse[];
}

/** As agents have it. */
const sessionLengthMax = 128;

const wanted =
  "Export the agent: `export const agent = defineAgent({ ... })`, and `export const plugins = [ ... ]` for what it needs.";

/** @throws RuntimeError `bad_argument`: no such file; `module_failed`: it does not load; `module_export_missing`: it exports no agent. */
export async function loadAgent(module: string): Promise<AgentModule> {
  const path = resolve(module);
  const exports = await loadExports(path);
  const agent = ["agent", "default"].map((name) => exports[name]).find(isAgent);
  if (agent === undefined) {
    const names = Object.keys(exports).join(", ") || "nothing";
    throw new RuntimeError("module_export_missing", `${path} exports ${names}, and no agent. ${wanted}`);
  }
  const { plugins = [], agents = [] } = exports;
  if (!Array.isArray(plugins))
    throw new RuntimeError(
      "module_export_missing",
      `${path}: plugins is a list for startPlugins, got ${describe(plugins)}`,
    );
  for (const [at, use] of plugins.entries())
    if (!isPlugin(use) && !isPlugin((use as PluginUse | undefined | null)?.plugin))
      throw new RuntimeError(
        "module_export_missing",
        `${path}: plugins[${at}] is a plugin (of definePlugin), or { plugin } with one, got ${describe(use)}`,
      );
  if (!Array.isArray(agents) || !agents.every(isAgent))
    throw new RuntimeError("module_export_missing", `${path}: agents is a list of agents, got ${describe(agents)}`);
  return { agent, others: agents.filter((one) => one !== agent), plugins: plugins as readonly PluginUse[] };
}

/** What it is called, and its sessions stand under. */
export function nameOf({ options }: AgentBehaviour): string {
  return options.name as string; // `defineAgent` wants one
}

/** The plugins that keep sessions. @throws RuntimeError `plugin_missing`: there is none. */
export function storesOf({ plugins }: AgentModule): readonly PluginUse[] {
  const stores = plugins.filter((use) => {
    const plugin = isPlugin(use) ? use : use.plugin;
    return pluginFacts(plugin).provides.some(({ name }) => name === storageCapability.name);
  });
  if (stores.length > 0) return stores;
  throw new RuntimeError(
    "plugin_missing",
    "the module's plugins have no store, and a session is kept in one: add one to its plugins, as storage-sqlite",
  );
}

/** Before anything is started for it. @throws RuntimeError `plugin_missing`; `bad_argument`: no session has such a name. */
export function assertKept(module: AgentModule, session: string): void {
  if (session === "" || session.length > sessionLengthMax || session.includes("\0"))
    throw new RuntimeError(
      "bad_argument",
      `--session is the name of a session, 1 to ${sessionLengthMax} characters, got ${describe(session)}`,
    );
  storesOf(module);
}

function isAgent(value: unknown): value is AgentBehaviour {
  return isBehaviour(value) && value.options.declaration?.tags?.includes(agentTag) === true;
}
