/** `mofa inspect <actor>`: where it is, in which state of its life, and its own state. */

import { inspect } from "node:util";
import type { Command } from "commander";
import { type ActorInfo, refKey } from "../index.ts";
import { placeText } from "./attach/actor-text.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

export function describe(command: Command): void {
  describeAttached(command).argument("<actor>", "its name, or its ref as mofa ps shows it");
}

export async function run(
  [target = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  const given = options as AttachOptions;
  return await withAttached(given, context, async (client) => {
    const actors = (await client.ask({ verb: "actors" })) as readonly ActorInfo[];
    const actor = actors.find(({ name, ref }) => name === target || refKey(ref) === target);
    if (actor === undefined) {
      context.err.write(`mofa inspect: there is no actor ${target}: mofa ps lists them\n`);
      return exitCodes.failed;
    }
    const { state, error } = await stateOf(client.ask({ verb: "getState", target: refKey(actor.ref) }));
    if (given.json) context.out.write(`${JSON.stringify({ actor, state, error })}\n`);
    else {
      const { ref, name, behaviour, parent, childId, messages, state: life } = actor;
      const facts = {
        ref: refKey(ref),
        name,
        behaviour,
        parent: parent && refKey(parent),
        childId,
        life,
        place: placeText(actor),
        messages,
      };
      for (const [key, value] of Object.entries(facts))
        if (value !== undefined && value !== null) context.out.write(`${key.padEnd(10)}${value}\n`);
      context.out.write(
        `state     ${error === null ? inspect(state, { depth: 4, maxArrayLength: 20, maxStringLength: 500 }) : `not shown: ${error}`}\n`,
      );
    }
    return exitCodes.ok;
  });
}

/** A state that is no data cannot be shown; all else can. */
async function stateOf(asked: Promise<unknown>): Promise<{ readonly state: unknown; readonly error: string | null }> {
  try {
    return { state: await asked, error: null };
  } catch (error) {
    return { state: null, error: error instanceof Error ? error.message : String(error) };
  }
}
