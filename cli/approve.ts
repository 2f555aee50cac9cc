/** `mofa approve`: what waits for somebody's word in a running program, and that word. */
import type { Command } from "commander";
import { wallMs } from "../core/index.ts";
import type { AttachClient } from "./attach/attach-client.ts";
import type { ApprovalList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { printable, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

interface ApproveOptions extends AttachOptions {
  readonly deny?: boolean;
  readonly reason?: string;
}

export function describe(command: Command): void {
  describeAttached(command)
    .argument("[id]", "say yes to this one (default: list those that wait)")
    .option("--deny", "say no to it")
    .option("--reason <text>", "with --deny: why, which whoever has asked is told");
}

export async function run(
  [id]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as ApproveOptions;
  if (id === undefined && given.deny === true) {
    context.err.write("mofa approve: --deny wants the id of what is denied: mofa approve lists them\n");
    return exitCodes.usage;
  }
  if (given.reason !== undefined && given.deny !== true) {
    context.err.write("mofa approve: --reason says why something is denied: give it with --deny\n");
    return exitCodes.usage;
  }
  return await withAttached(given, context, async (client) => {
    const list = (await client.ask({ verb: "approvals" })) as ApprovalList;
    if (id !== undefined) return await decide(id, list, client, given, context);
    if (given.json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      context.out.write(listText(list));
      context.err.write(`${countText(list.approvals.length, "call")}\n`);
      for (const { plugin, failure } of list.failures)
        context.err.write(`mofa approve: ${plugin} does not say what waits there: ${printable(failure)}\n`);
    }
    return list.failures.length === 0 ? exitCodes.ok : exitCodes.failed;
  });
}

async function decide(
  id: string,
  { approvals }: ApprovalList,
  client: AttachClient,
  { deny = false, reason, json }: ApproveOptions,
  { out, err }: CommandContext,
): Promise<ExitCode> {
  const meant = approvals.find((one) => one.id === id);
  const decision = { id, isApproved: !deny, ...(reason !== undefined && { reason }) };
  const isDone = meant !== undefined && (await client.ask({ verb: "decide", ...placeOf(meant), decision })) === true;
  if (!isDone) {
    err.write(`mofa approve: ${id} does not wait (any more): mofa approve lists those that do\n`);
    return exitCodes.failed;
  }
  const done = deny ? "denied" : "approved";
  out.write(json ? `${JSON.stringify({ id, done })}\n` : `${meant.by} ${meant.tool} ${done}\n`);
  return exitCodes.ok;
}

function placeOf({ plugin, agent }: ApprovalList["approvals"][number]) {
  return plugin === null ? { agent: agent as string } : { plugin };
}

function listText({ approvals }: ApprovalList): string {
  const nowMs = wallMs();
  const rows = approvals.map(({ id, by, tool, sinceMs, arguments: given }) => [
    id,
    `${Math.max(0, Math.round((nowMs - sinceMs) / 1_000))} s`,
    by,
    tool,
    // All of it: what is not shown would be approved unseen.
    JSON.stringify(given),
  ]);
  return tableText(["id", { right: "waits" }, "of", "tool", "arguments"], rows);
}
