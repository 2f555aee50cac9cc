/** `mofa trace <actor>`: the messages that an actor of a running program gets and sends, until its end or Ctrl-C. */
import type { Command } from "commander";
import type { RuntimeEvent } from "../index.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { eventText, traceText } from "./attach/event-text.ts";
import { actorArgument } from "./attach/target-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { wholeNumber } from "./whole-number.ts";

interface TraceOptions extends AttachOptions {
  readonly count?: number;
}

export function describe(command: Command): void {
  describeAttached(command)
    .argument(...actorArgument)
    .option("--count <n>", "so many messages (default: all)", wholeNumber(1, Number.MAX_SAFE_INTEGER));
}

export async function run(
  [target = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as TraceOptions;
  return await withAttached(given, context, async (client) => {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    let left = given.count ?? Number.POSITIVE_INFINITY;
    client.onEvent = (event) => {
      if (left <= 0) return;
      context.out.write(`${given.json ? JSON.stringify(event) : lineOf(event)}\n`);
      if (event.type === "exited" || --left <= 0) resolve();
    };
    client.onMissed = (count) => void context.err.write(`mofa trace: ${count} events were missed: read too slowly\n`);
    await client.ask({ verb: "trace", target });
    context.err.write(`mofa trace: ${target} is traced until its end, or Ctrl-C\n`);
    context.signal.addEventListener("abort", () => resolve(), { once: true });
    await Promise.race([client.closed, over]);
    return exitCodes.ok;
  });
}

function lineOf(event: RuntimeEvent): string {
  return event.type === "trace" ? traceText(event) : eventText(event);
}
