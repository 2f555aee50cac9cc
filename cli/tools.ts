/** `mofa tools`: what can be done by the tools of a running program. */
import type { Command } from "commander";
import type { ToolList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine, printable, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

const descriptionChars = 80;

export function describe(command: Command): void {
  describeAttached(command).addHelpText("after", "\nThe exit code is 1 where one of the plugins does not answer.");
}

/** Fails where one of the plugins does not answer. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    const list = (await client.ask({ verb: "tools" })) as ToolList;
    if (given.json) context.out.write(`${JSON.stringify(list)}\n`);
    else {
      const rows = list.tools.flatMap(({ plugin, tools }) =>
        tools.map(({ name, needsApproval, isReadOnly, inputSchema, description = "" }) => [
          plugin,
          name,
          needsApproval ? "yes" : "",
          isReadOnly ? "yes" : "",
          argumentsText(inputSchema),
          oneLine(description, descriptionChars),
        ]),
      );
      context.out.write(tableText(["plugin", "tool", "approval", "read-only", "arguments", "description"], rows));
      context.err.write(`${countText(rows.length, "tool")}\n`);
      for (const { plugin, failure } of list.tools)
        if (failure !== undefined)
          context.err.write(`mofa tools: ${plugin} does not say what it has: ${printable(failure)}\n`);
    }
    return list.tools.every(({ failure }) => failure === undefined) ? exitCodes.ok : exitCodes.failed;
  });
}

/** Their names; in brackets what may be left out. */
function argumentsText(schema: Readonly<Record<string, unknown>>): string {
  const { properties, required } = schema;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const names = typeof properties === "object" && properties !== null ? Object.keys(properties) : [];
  return oneLine(names.map((name) => (needed.includes(name) ? name : `[${name}]`)).join(", "), descriptionChars);
}
