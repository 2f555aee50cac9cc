/**
 * Plugins as children of one supervisor: each starts after those that provide what it requires, and they stop in the reverse
 * order. One that ends is started again by itself: those that require it speak to it by topic, and find it again.
 */
import {
  type AnyPlugin,
  assertKeys,
  assertPackages,
  describe,
  type Isolation,
  isPlugin,
  type PluginFacts,
  pluginActorName,
  pluginFacts,
  pluginIsolation,
  pluginObserves,
  pluginPackages,
  RuntimeError,
  startOrder,
} from "../core/index.ts";
import type { ChildSpec, Shutdown } from "./child-spec.ts";
import type { SupervisorSetup } from "./flags.ts";

/** A plugin, and how it is used here. */
export interface PluginUse {
  readonly plugin: AnyPlugin;
  /** Its configuration: goes before its file and the environment. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Default: as the plugin says, which is `shared` for most. */
  readonly isolation?: Isolation;
  /** Heap of its thread or process in MiB; refused without such an isolation. */
  readonly heapMb?: number;
  /** Time for its start; then it is killed, and the start of all has failed with `init_timeout`. Default 10,000. */
  readonly startTimeoutMs?: number;
  /** How it is stopped. Default: asked to, and killed after 5,000 ms. */
  readonly shutdown?: Shutdown;
}

/** A plugin of which is settled where it runs. */
export interface PlacedPlugin {
  readonly plugin: AnyPlugin;
  readonly isolation: Isolation;
}

export interface PluginSupervision {
  /** Restarts of all of them within one period. Default 3. */
  readonly intensity?: number;
  /** Default 5,000. */
  readonly periodMs?: number;
}

const useKeys = ["plugin", "config", "isolation", "heapMb", "startTimeoutMs", "shutdown"] as const;
const startTimeoutMsDefault = 10_000;

/**
 * @param running plugins that were started before.
 * @param starting those of other lists whose start is not over.
 * @throws RuntimeError `bad_argument`, `plugin_conflict`, `plugin_missing`, `plugin_cycle`, `package_missing`.
 */
export function pluginSetup(
  given: readonly (AnyPlugin | PluginUse)[],
  { intensity = 3, periodMs = 5_000 }: PluginSupervision = {},
  running: ReadonlyMap<string, PluginFacts> = new Map(),
  starting: readonly PluginFacts[] = [],
): { readonly setup: SupervisorSetup; readonly order: readonly PlacedPlugin[] } {
  if (!Array.isArray(given))
    throw new RuntimeError("bad_argument", `startPlugins wants a list of plugins, got ${describe(given)}`);
  const uses = given.map(useOf);
  const ordered = startOrder(
    uses.map((use) => ({ ...pluginFacts(use.plugin), use })),
    [...running.values()],
    starting,
  );
  assertPackages(ordered.map(({ name, use }) => ({ name, packages: pluginPackages(use.plugin) })));
  return {
    order: ordered.map(({ use }) => ({ plugin: use.plugin, isolation: isolationOf(use) })),
    setup: {
      strategy: "one_for_one",
      intensity,
      periodMs,
      childPlacement: "spread",
      children: ordered.map(({ use }) => childOf(use)),
    },
  };
}

function useOf(given: AnyPlugin | PluginUse, at: number): PluginUse {
  if (isPlugin(given)) return { plugin: given };
  assertKeys(`startPlugins: [${at}]`, given, useKeys);
  const { plugin } = given as PluginUse;
  if (!isPlugin(plugin))
    throw new RuntimeError(
      "bad_argument",
      `startPlugins: [${at}] is a plugin (of definePlugin), or { plugin } with one, got ${describe(plugin)}`,
    );
  return given as PluginUse;
}

function isolationOf({ plugin, isolation, config }: PluginUse): Isolation {
  return pluginIsolation(plugin, config, isolation);
}

function childOf(use: PluginUse): ChildSpec {
  const { plugin, config, heapMb, startTimeoutMs, shutdown } = use;
  const { name } = pluginFacts(plugin);
  return {
    id: name,
    name: pluginActorName(name),
    start: [plugin],
    startTimeoutMs: startTimeoutMs ?? startTimeoutMsDefault,
    ...(config !== undefined && { configuration: config }),
    isolation: isolationOf(use),
    ...(pluginObserves(plugin) && { placement: { thread: 0 } }),
    ...(heapMb !== undefined && { heapMb }),
    ...(shutdown !== undefined && { shutdown }),
  };
}
