/** `mofa inspect <actor>`: where it is, in which state of its life, and its own state. */

import { inspect } from "node:util";
import type { Command } from "commander";
import { type ActorInfo, refKey } from "../index.ts";
import { placeText } from "./attach/actor-text.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { actorArgument } from "./attach/target-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

/** How much of a state is shown; `--json` shows all of it. */
const shown = { depth: 4, maxArrayLength: 20, maxStringLength: 500 };

export function describe(command: Command): void {
  describeAttached(command).argument(...actorArgument);
}

export async function run(
  [target = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    const actor = (await client.ask({ verb: "info", target })) as ActorInfo;
    const { state, error } = await stateOf(client.ask({ verb: "getState", target: refKey(actor.ref) }));
    if (given.json) context.out.write(`${JSON.stringify({ actor, state, error })}\n`);
    else {
      const stateText = error === null ? inspect(state, shown) : `not shown: ${error}`;
      for (const [key, value] of [...factsOf(actor), ["state", stateText]])
        context.out.write(`${String(key).padEnd(10)}${value}\n`);
    }
    return exitCodes.ok;
  });
}

function factsOf(actor: ActorInfo): readonly (readonly [string, string | number])[] {
  const { ref, name, behaviour, parent, childId, state, messages } = actor;
  const facts = [
    ["ref", refKey(ref)],
    ["name", name],
    ["behaviour", behaviour],
    ["parent", parent && refKey(parent)],
    ["child", childId],
    ["life", state],
    ["place", placeText(actor)],
    ["messages", messages],
  ] as const;
  return facts.flatMap(([key, value]) => (value === undefined || value === null ? [] : [[key, value] as const]));
}

/** A state that is no data cannot be shown, nor one in another process; all else of the actor can. */
async function stateOf(asked: Promise<unknown>): Promise<{ readonly state: unknown; readonly error: string | null }> {
  try {
    return { state: await asked, error: null };
  } catch (error) {
    return { state: null, error: error instanceof Error ? error.message : String(error) };
  }
}
