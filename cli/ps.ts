/** `mofa ps`: the actors of a running program, as a list. */
import type { Command } from "commander";
import { refKey } from "../index.ts";
import { behavioursText, placeText, unansweredText } from "./attach/actor-text.ts";
import type { ActorList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText, numberText } from "./number-text.ts";
import { rowsThatFit } from "./screen.ts";
import { wholeNumber } from "./whole-number.ts";

interface PsOptions extends AttachOptions {
  readonly match?: string;
  readonly limit?: number;
}

/** Lines beside the rows: titles, sums, threads that do not answer, and the next prompt. */
const otherLines = 6;

export function describe(command: Command): void {
  describeAttached(command)
    .option("--match <text>", "those with this in name, child id, behaviour or ref; * stands for any text")
    .option(
      "--limit <n>",
      "so many, the busiest first; 0: all (default: as many as fit at a terminal, else all)",
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    );
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { match, json, limit = json ? undefined : rowsThatFit(context.out, otherLines) } = options as PsOptions;
  return await withAttached(options as PsOptions, context, async (client) => {
    const list = (await client.ask({ verb: "actors", match, limit: limit === 0 ? undefined : limit })) as ActorList;
    if (json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      context.out.write(listText(list));
      context.err.write(`${sumText(list)}\n`);
      for (const one of list.unanswered) context.err.write(`mofa ps: ${unansweredText(one)}\n`);
    }
    return exitCodes.ok;
  });
}

function listText({ actors }: ActorList): string {
  const rows = actors.map((info) => [
    refKey(info.ref),
    info.name ?? "",
    String(info.childId ?? ""),
    info.behaviour,
    info.state,
    placeText(info),
    info.messages,
  ]);
  return tableText(["ref", "name", "child", "behaviour", "state", "place", { right: "messages" }], rows);
}

/** `10,022 actors: 10,000 agent, 16 crew; 20 are shown, --limit 0 shows all`. */
function sumText({ actors, matching, living, behaviours }: ActorList): string {
  const which =
    matching === living ? countText(living, "actor") : `${countText(matching, "actor")} of ${numberText(living)}`;
  const kinds = matching === 0 ? "" : `: ${behavioursText(behaviours)}`;
  const shown = actors.length === matching ? "" : `; ${numberText(actors.length)} are shown, --limit 0 shows all`;
  return `${which}${kinds}${shown}`;
}
