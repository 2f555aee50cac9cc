/** `mofa tree`: the actors of a running program under those that have started them. */
import type { Command } from "commander";
import { type ActorInfo, refKey } from "../index.ts";
import { nameText, placeText } from "./attach/actor-text.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

/** Children of one parent that are shown; the others are counted. */
const childrenShown = 20;

interface Node extends ActorInfo {
  readonly children: readonly Node[];
}

export function describe(command: Command): void {
  describeAttached(command).option("--all", `show every child, not ${childrenShown} of each parent`);
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as AttachOptions & { readonly all?: boolean };
  return await withAttached(given, context, async (client) => {
    const roots = treeOf((await client.ask({ verb: "actors" })) as readonly ActorInfo[]);
    const shown = given.all ? Number.POSITIVE_INFINITY : childrenShown;
    context.out.write(given.json ? `${JSON.stringify({ roots })}\n` : branches(roots, "", shown));
    return exitCodes.ok;
  });
}

/** Whose parent is gone, or is the program itself, is a root. */
export function treeOf(actors: readonly ActorInfo[]): readonly Node[] {
  const nodes = new Map(actors.map((info) => [refKey(info.ref), { ...info, children: [] as Node[] }]));
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const siblings =
      node.parent === undefined || node.parent === null ? undefined : nodes.get(refKey(node.parent))?.children;
    (siblings ?? roots).push(node);
  }
  return roots;
}

function branches(nodes: readonly Node[], indent: string, shown: number): string {
  const lines: string[] = [];
  for (const [at, node] of nodes.slice(0, shown).entries()) {
    const isLast = at === nodes.length - 1;
    const id = node.childId === undefined || node.childId === null ? "" : `${node.childId}: `;
    lines.push(`${indent}${isLast ? "└" : "├"}─ ${id}${nameText(node)}  (${node.state}, ${placeText(node)})\n`);
    lines.push(branches(node.children, `${indent}${isLast ? " " : "│"}  `, shown));
  }
  const left = nodes.length - shown;
  if (left > 0) lines.push(`${indent}└─ and ${left} more: --all shows them\n`);
  return lines.join("");
}
