/** `mofa deadletters`: messages of a running program that reached nobody, and sending one of them again. */
import type { Command } from "commander";
import { type DeadLetter, refKey } from "../index.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

interface DeadLettersOptions extends AttachOptions {
  readonly resend?: string;
  readonly to?: string;
}

export function describe(command: Command): void {
  describeAttached(command)
    .option("--resend <id>", "send this one again")
    .option("--to <actor>", "with --resend: to this actor, by name or ref");
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as DeadLettersOptions;
  return await withAttached(given, context, async (client) => {
    if (given.resend !== undefined) {
      const isSent = await client.ask({ verb: "resend", letter: given.resend, target: given.to });
      if (given.json) context.out.write(`${JSON.stringify({ resent: isSent })}\n`);
      else if (isSent) context.out.write(`${given.resend} sent again\n`);
      if (isSent) return exitCodes.ok;
      context.err.write(
        `mofa deadletters: ${given.resend} cannot be sent again: there is none such any more, or it is a call\n`,
      );
      return exitCodes.failed;
    }
    const letters = (await client.ask({ verb: "deadLetters" })) as readonly DeadLetter[];
    if (given.json) context.out.write(`${JSON.stringify({ deadLetters: letters })}\n`);
    else {
      const rows = letters.map(({ id, to, why, message }) => [
        id,
        refKey(to),
        why,
        message.replaceAll(/\s+/g, " ").slice(0, 100),
      ]);
      context.out.write(tableText([["id", "to", "why", "message"], ...rows]));
    }
    return exitCodes.ok;
  });
}
