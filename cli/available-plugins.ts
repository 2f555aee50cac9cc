/** The plugins that come with MoFA, and what is missing to use them. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { pluginFacts, pluginPackages } from "../core/index.ts";
import { type AnyPlugin, isPlugin } from "../index.ts";
import { capabilitiesText, missingText } from "./attach/plugin-text.ts";
import { tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

export interface AvailablePlugin {
  /** What a program imports it from. */
  readonly specifier: string;
  readonly plugin: AnyPlugin;
}

/** `--available`, with which no program is asked. @param which as a person names them */
export function describeAvailable(command: Command, which = "plugins"): void {
  const option = command.createOption(
    "--available",
    `the ${which} that come with MoFA, and what they need; no program has to run`,
  );
  command.addOption(option.conflicts("system"));
}

export function listAvailable(
  found: readonly AvailablePlugin[],
  isJson: boolean,
  { out, err }: CommandContext,
): ExitCode {
  const plugins = found.map(({ specifier, plugin }) => {
    const { name, version, tags, provides, requires } = pluginFacts(plugin);
    return { name, version, tags, import: specifier, provides, requires, packages: pluginPackages(plugin) };
  });
  if (isJson) out.write(`${JSON.stringify({ plugins })}\n`);
  else {
    const rows = plugins.map((one) => [
      one.name,
      one.version,
      one.import,
      capabilitiesText(one.provides),
      capabilitiesText(one.requires),
      missingText(one.packages),
    ]);
    out.write(tableText(["plugin", "version", "import", "provides", "requires", "missing"], rows));
    err.write(`${countText(plugins.length, "plugin")}\n`);
  }
  return exitCodes.ok;
}

/** What the entry points `mofa/plugins/...` export. One that exports no plugin, but what makes one, is left out. @param tag of one kind alone */
export async function availablePlugins(tag?: string): Promise<AvailablePlugin[]> {
  const page = new URL("../../package.json", import.meta.url);
  const { name, exports } = JSON.parse(await readFile(page, "utf8")) as {
    readonly name: string;
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  };
  const entries = Object.entries(exports).filter(([path]) => path.startsWith("./plugins/"));
  const lists = await Promise.all(
    entries.map(async ([path, target]) => {
      const file = typeof target === "string" ? target : target.default;
      const values = Object.values((await import(new URL(file, page).href)) as Record<string, unknown>);
      return values.filter(isPlugin).map((plugin) => ({ specifier: `${name}${path.slice(1)}`, plugin }));
    }),
  );
  return lists.flat().filter(({ plugin }) => tag === undefined || pluginFacts(plugin).tags.includes(tag));
}
