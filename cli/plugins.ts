/** `mofa plugins`: those of a running program, in the order of their starts. */
import type { Command } from "commander";
import { refKey } from "../index.ts";
import type { PluginList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

/** Of what a plugin says of its health. */
const detailChars = 80;

export function describe(command: Command): void {
  describeAttached(command);
}

/** Fails where one of them is down. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as AttachOptions;
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
  const rows = plugins.map(({ name, version, ref, health, provides, requires }) => [
    name,
    version,
    ref === null ? "" : refKey(ref),
    health.status,
    provides.map((one) => `${one.name} ${one.version}`).join(", "),
    requires.map((one) => (one.version === undefined ? one.name : `${one.name} ${one.version}`)).join(", "),
    oneLine(health.detail ?? "", detailChars),
  ]);
  return tableText(["plugin", "version", "ref", "health", "provides", "requires", "detail"], rows);
}
