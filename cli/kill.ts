/** `mofa kill <actor>`: ends it, also in a turn that loops; its supervisor decides what follows, and that is told. */
import type { Command } from "commander";
import { refKey } from "../index.ts";
import type { Killed } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { actorArgument } from "./attach/target-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

export function describe(command: Command): void {
  describeAttached(command).argument(...actorArgument);
}

export async function run(
  [target = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    const { restartedAs } = (await client.ask({ verb: "kill", target })) as Killed;
    const restart = restartedAs === null ? "" : `, and started again by its supervisor as ${refKey(restartedAs)}`;
    context.out.write(
      given.json
        ? `${JSON.stringify({ actor: target, done: "killed", restartedAs })}\n`
        : `${target} killed${restart}\n`,
    );
    return exitCodes.ok;
  });
}
