/** `mofa plugins`: those of a running program, in the order of their starts; or those that come with MoFA. */
import type { Command } from "commander";
import { refKey } from "../index.ts";
import type { PluginList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { capabilitiesText, missingText } from "./attach/plugin-text.ts";
import { oneLine, tableText } from "./attach/table.ts";
import { availablePlugins, describeAvailable, listAvailable } from "./available-plugins.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

/** Of what a plugin says of its health. */
const detailChars = 80;

export function describe(command: Command): void {
  describeAttached(command);
  describeAvailable(command);
  command.addHelpText("after", "\nThe exit code is 1 where one of them is down.");
}

/** Fails where one of them is down. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as AttachOptions & { readonly available?: boolean };
  if (given.available === true) return listAvailable(await availablePlugins(), given.json === true, context);
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
