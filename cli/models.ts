/** `mofa models`: the models that a running program has, or those that plugins of MoFA can have. */
import type { Command } from "commander";
import { modelTag } from "../index.ts";
import type { ModelList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { missingText } from "./attach/plugin-text.ts";
import { oneLine, tableText } from "./attach/table.ts";
import { availablePlugins, describeAvailable, listAvailable } from "./available-plugins.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

/** Of why a provider is unwell, and of the names of its models. */
const detailChars = 80;

export function describe(command: Command): void {
  describeAttached(command);
  describeAvailable(command, "plugins of models");
  command.addHelpText("after", "\nThe exit code is 1 where one of them is down, or does not say which models it has.");
}

/** Fails where one of them is down, or says nothing. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as AttachOptions & { readonly available?: boolean };
  if (given.available === true) return listAvailable(await availablePlugins(modelTag), given.json === true, context);
  return await withAttached(given, context, async (client) => {
    const list = (await client.ask({ verb: "models" })) as ModelList;
    if (given.json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      context.out.write(listText(list));
      context.err.write(`${countText(list.models.length, "plugin")}\n`);
    }
    const isWell = list.models.every(({ health, failure }) => health.status !== "down" && failure === undefined);
    return isWell ? exitCodes.ok : exitCodes.failed;
  });
}

function listText({ models }: ModelList): string {
  const rows = models.map(({ plugin, state, health, packages, names, failure }) => [
    plugin,
    state,
    health.status,
    oneLine(names.join(", "), detailChars),
    missingText(packages),
    oneLine(failure ?? health.detail ?? "", detailChars),
  ]);
  return tableText(["plugin", "state", "health", "models", "missing", "detail"], rows);
}
