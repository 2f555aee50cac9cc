/** Commands that do one thing to one actor of a running program, and say that it was done. */
import type { Command } from "commander";
import { type CommandContext, type CommandModule, type ExitCode, exitCodes } from "../command.ts";
import type { AttachVerb } from "./attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attached-command.ts";

export const actorArgument = ["<actor>", "its name, or its ref as mofa ps shows it"] as const;

export function targetCommand(
  verb: (target: string) => AttachVerb,
  done: string | ((answer: unknown) => string),
): CommandModule {
  return {
    describe(command: Command): void {
      describeAttached(command).argument(...actorArgument);
    },
    async run(
      [target = ""]: readonly string[],
      options: Readonly<Record<string, unknown>>,
      context: CommandContext,
    ): Promise<ExitCode> {
      const given = options as AttachOptions;
      return await withAttached(given, context, async (client) => {
        const answer = await client.ask(verb(target));
        const what = typeof done === "string" ? done : done(answer);
        context.out.write(given.json ? `${JSON.stringify({ actor: target, done: what })}\n` : `${target} ${what}\n`);
        return exitCodes.ok;
      });
    },
  };
}
