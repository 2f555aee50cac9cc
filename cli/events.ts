/** `mofa events [type…]`: the event stream of a running program, one line each, until Ctrl-C or the program's end. */

import type { Command } from "commander";
import { eventTypes, type RuntimeEvent } from "../core/index.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { eventText } from "./attach/event-text.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

export function describe(command: Command): void {
  describeAttached(command).argument("[types...]", `which of them; all if none is given: ${eventTypes.join(", ")}`);
}

export async function run(
  operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const unknown = operands.filter((type) => !(eventTypes as readonly string[]).includes(type));
  if (unknown.length > 0) {
    context.err.write(`mofa events: there is no event ${unknown.join(", ")}: there are ${eventTypes.join(", ")}\n`);
    return exitCodes.usage;
  }
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    client.onEvent = (event) =>
      void context.out.write(given.json ? `${JSON.stringify(event)}\n` : `${eventText(event)}\n`);
    client.onMissed = (count) => void context.err.write(`mofa events: ${count} events were missed: read too slowly\n`);
    // Checked above.
    const types = (operands.length === 0 ? eventTypes : operands) as readonly RuntimeEvent["type"][];
    await client.ask({ verb: "watch", types });
    const { promise: stopped, resolve } = Promise.withResolvers<void>();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
    await Promise.race([client.closed, stopped]);
    return exitCodes.ok;
  });
}
