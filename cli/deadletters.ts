/** `mofa deadletters`: messages of a running program that reached nobody, and sending one of them again. */
import type { Command } from "commander";
import { refKey } from "../index.ts";
import { unansweredText } from "./attach/actor-text.ts";
import type { DeadLetterList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";
import { rowsThatFit } from "./screen.ts";
import { wholeNumber } from "./whole-number.ts";

interface DeadLettersOptions extends AttachOptions {
  readonly resend?: string;
  readonly to?: string;
  readonly limit?: number;
}

/** Of a message that is shown in a row. */
const messageChars = 100;
/** Lines beside the rows: titles and sums. */
const otherLines = 3;

export function describe(command: Command): void {
  describeAttached(command)
    .option("--resend <id>", "send this one again")
    .option("--to <actor>", "with --resend: to this actor, by name or ref")
    .option(
      "--limit <n>",
      "the newest so many; 0: all (default: as many as fit at a terminal, else all)",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    );
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as DeadLettersOptions;
  const { json, limit = json ? undefined : rowsThatFit(context.out, otherLines) } = given;
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
    const list = (await client.ask({ verb: "deadLetters", limit: limit === 0 ? undefined : limit })) as DeadLetterList;
    if (given.json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      context.out.write(lettersText(list));
      const { kept, deadLetters, unanswered } = list;
      const shown =
        kept === deadLetters.length ? "" : `; the newest ${deadLetters.length} are shown, --limit 0 shows all`;
      context.err.write(`${countText(kept, "dead letter")}${shown}\n`);
      for (const one of unanswered) context.err.write(`mofa deadletters: ${unansweredText(one, "its letters are")}\n`);
    }
    return exitCodes.ok;
  });
}

function lettersText({ deadLetters, nowMs }: DeadLetterList): string {
  const rows = deadLetters.map(({ id, to, why, message, atMs }) => [
    id,
    `${Math.max(0, Math.round((nowMs - atMs) / 1_000))} s`,
    refKey(to),
    why,
    oneLine(message, messageChars),
  ]);
  return tableText(["id", { right: "age" }, "to", "why", "message"], rows);
}
