/** `mofa tree [actor]`: the actors of a running program under those that have started them. */
import type { Command } from "commander";
import { behavioursText, nameText, placeText, unansweredText } from "./attach/actor-text.ts";
import type { ActorBranch, ActorForest } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { wholeNumber } from "./whole-number.ts";

/** Children that are shown, of each behaviour under one parent; the others are counted. */
const childrenShown = 3;

interface TreeOptions extends AttachOptions {
  readonly limit?: number;
  readonly all?: boolean;
}

export function describe(command: Command): void {
  describeAttached(command)
    .argument("[actor]", "the one at the top: its name, or its ref as mofa ps shows it")
    .option(
      "--limit <n>",
      `children without children that are shown, of each behaviour under one parent (default: ${childrenShown})`,
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option("--all", "show everybody; so does --json where no --limit is given");
}

export async function run(
  [root]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { all, json, limit = all || json ? undefined : childrenShown } = options as TreeOptions;
  return await withAttached(options as TreeOptions, context, async (client) => {
    const forest = (await client.ask({ verb: "tree", root, limit })) as ActorForest;
    if (json) context.out.write(`${JSON.stringify(forest)}\n`);
    else {
      context.out.write(branchesText(forest.roots, forest.more, ""));
      for (const one of forest.unanswered) context.err.write(`mofa tree: ${unansweredText(one)}\n`);
    }
    return exitCodes.ok;
  });
}

function branchesText(branches: readonly ActorBranch[], more: ActorBranch["more"], indent: string): string {
  const hasMore = Object.keys(more).length > 0;
  const lines: string[] = [];
  for (const [at, node] of branches.entries()) {
    const isLast = at === branches.length - 1 && !hasMore;
    lines.push(`${indent}${isLast ? "└" : "├"}─ ${lineOf(node)}\n`);
    lines.push(branchesText(node.children, node.more, `${indent}${isLast ? " " : "│"}  `));
  }
  if (hasMore) lines.push(`${indent}└─ and ${behavioursText(more)} more: --all shows them\n`);
  return lines.join("");
}

/** A child's id is not said again where it is its name. */
function lineOf(node: ActorBranch): string {
  const { childId, name, state, messages } = node;
  const id = childId === undefined || childId === null || childId === name ? "" : `${childId}: `;
  const waiting = messages === 0 ? "" : `, messages: ${messages}`;
  return `${id}${nameText(node)}  (${state}, ${placeText(node)}${waiting})`;
}
