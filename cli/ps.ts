/** `mofa ps`: the actors of a running program, as a list. */
import type { Command } from "commander";
import { type ActorInfo, refKey } from "../index.ts";
import { placeText } from "./attach/actor-text.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

export function describe(command: Command): void {
  describeAttached(command);
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    const actors = (await client.ask({ verb: "actors" })) as readonly ActorInfo[];
    if (given.json) context.out.write(`${JSON.stringify({ actors })}\n`);
    else {
      const rows = actors.map((info) => [
        refKey(info.ref),
        info.name ?? "",
        info.behaviour,
        info.state,
        placeText(info),
        info.messages,
      ]);
      context.out.write(tableText([["ref", "name", "behaviour", "state", "place", "messages"], ...rows]));
    }
    return exitCodes.ok;
  });
}
