/** `mofa plugins`: those of a running program, in the order of their starts; or those that come with MoFA. */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { pluginFacts, pluginPackages } from "../core/index.ts";
import {
  type AnyPlugin,
  isPlugin,
  type PackageState,
  type ProvidedCapability,
  type RequiredCapability,
  refKey,
} from "../index.ts";
import type { PluginList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

/** Of what a plugin says of its health. */
const detailChars = 80;

export function describe(command: Command): void {
  describeAttached(command);
  const available = command.createOption(
    "--available",
    "the plugins that come with MoFA, and what they need; no program has to run",
  );
  command
    .addOption(available.conflicts("system"))
    .addHelpText("after", "\nThe exit code is 1 where one of them is down.");
}

/** Fails where one of them is down. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as AttachOptions & { readonly available?: boolean };
  if (given.available === true) return await listAvailable(given.json === true, context);
  return await withAttached(given, context, async (client) => {
    const list = (await client.ask({ verb: "plugins" })) as PluginList;
    if (given.json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      context.out.write(listText(list));
      context.err.write(`${countText(list.plugins.length, "plugin")}\n`);
    }
    return list.plugins.some(({ health }) => health.status === "down") ? exitCodes.failed : exitCodes.ok;
  });
}

function listText({ plugins }: PluginList): string {
  const rows = plugins.map(({ name, version, state, isolation, ref, health, provides, requires, packages }) => [
    name,
    version,
    state,
    isolation,
    ref === null ? "" : refKey(ref),
    health.status,
    capabilitiesText(provides),
    capabilitiesText(requires),
    missingText(packages),
    oneLine(health.detail ?? "", detailChars),
  ]);
  return tableText(
    ["plugin", "version", "state", "isolation", "ref", "health", "provides", "requires", "missing", "detail"],
    rows,
  );
}

function capabilitiesText(capabilities: readonly (ProvidedCapability | RequiredCapability)[]): string {
  return capabilities.map((one) => (one.version === undefined ? one.name : `${one.name} ${one.version}`)).join(", ");
}

function missingText(packages: readonly PackageState[]): string {
  return packages
    .filter(({ install }) => install !== undefined)
    .map(({ install, for: purpose }) => (purpose === undefined ? install : `${install} (for ${purpose})`))
    .join(", ");
}

async function listAvailable(isJson: boolean, { out, err }: CommandContext): Promise<ExitCode> {
  const found = await availablePlugins();
  const plugins = found.map(({ specifier, plugin }) => {
    const { name, version, provides, requires } = pluginFacts(plugin);
    return { name, version, import: specifier, provides, requires, packages: pluginPackages(plugin) };
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

/** What the entry points `mofa/plugins/...` export. One that exports no plugin, but what makes one, is left out. */
async function availablePlugins(): Promise<{ readonly specifier: string; readonly plugin: AnyPlugin }[]> {
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
  return lists.flat();
}
