/** In which order plugins start: each after those that provide what it requires. They stop in the reverse order. */
import { RuntimeError } from "../errors.ts";
import { isCompatible, type PluginFacts, type RequiredCapability } from "./plugin-facts.ts";

/**
 * As they were given, but for what must be before. Deterministic.
 * @param running those that have started already.
 * @param starting those whose start is not over: their names and capabilities are taken, and they provide nothing yet.
 * @throws RuntimeError `plugin_conflict`: two of one name, or two that provide one capability; `plugin_missing`: what one
 *   requires nobody provides, or not in that version; `plugin_cycle`.
 */
export function startOrder<T extends PluginFacts>(
  plugins: readonly T[],
  running: readonly PluginFacts[] = [],
  starting: readonly PluginFacts[] = [],
): T[] {
  const providers = providersOf([...running, ...starting, ...plugins]);
  const order: T[] = [];
  const path: PluginFacts[] = [];
  const visit = (plugin: T): void => {
    if (order.includes(plugin)) return;
    if (path.includes(plugin)) throw cycle([...path.slice(path.indexOf(plugin)), plugin]);
    path.push(plugin);
    for (const required of plugin.requires) {
      const provider = providerOf(plugin, required, providers);
      if (starting.includes(provider))
        throw new RuntimeError(
          "plugin_missing",
          `plugin ${plugin.name} requires ${required.name}, and ${provider.name}, which provides it, is still starting: await its startPlugins first, or start both by one`,
        );
      const isNew = plugins.includes(provider as T);
      if (isNew) visit(provider as T);
    }
    path.pop();
    order.push(plugin);
  };
  for (const plugin of plugins) visit(plugin);
  return order;
}

interface Provider {
  readonly plugin: PluginFacts;
  readonly version: string;
}

function providersOf(plugins: readonly PluginFacts[]): Map<string, Provider> {
  const names = new Set<string>();
  const providers = new Map<string, Provider>();
  for (const plugin of plugins) {
    if (names.has(plugin.name))
      throw new RuntimeError("plugin_conflict", `two plugins are named ${plugin.name}: one of them must go`);
    names.add(plugin.name);
    for (const { name, version } of plugin.provides) {
      const other = providers.get(name);
      if (other !== undefined)
        throw new RuntimeError(
          "plugin_conflict",
          `capability ${name} is provided by both ${other.plugin.name} and ${plugin.name}: one of them must go`,
        );
      providers.set(name, { plugin, version });
    }
  }
  return providers;
}

function providerOf(
  plugin: PluginFacts,
  { name, version }: RequiredCapability,
  providers: ReadonlyMap<string, Provider>,
): PluginFacts {
  const provider = providers.get(name);
  const wanted = version === undefined ? name : `${name} from ${version} on`;
  if (provider === undefined) {
    const known = [...providers.keys()].join(", ") || "none";
    throw new RuntimeError(
      "plugin_missing",
      `plugin ${plugin.name} requires ${wanted}, and no plugin provides that (provided: ${known}): add one that does`,
    );
  }
  if (!isCompatible(provider.version, version))
    throw new RuntimeError(
      "plugin_missing",
      `plugin ${plugin.name} requires ${wanted}, and ${provider.plugin.name} provides ${name} ${provider.version}: take versions of the two that fit`,
    );
  return provider.plugin;
}

function cycle(path: readonly PluginFacts[]): RuntimeError {
  const names = path.map(({ name }) => name).join(" -> ");
  return new RuntimeError(
    "plugin_cycle",
    `plugins require one another in a circle: ${names}; what two of them need of each other belongs into a third`,
  );
}
