/** `mofa sessions`: the sessions of a module's agents, in the store that it names. */
import type { Command } from "commander";
import { type SessionEntry, type Sessions, type StoredSession, sessionsOf, storeOf } from "../actors/index.ts";
import { startSystem } from "../index.ts";
import { loadAgent, nameOf, storesOf } from "./agents/agent-module.ts";
import { messageText } from "./agents/message-text.ts";
import { oneLine, printable, tableText } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { countText } from "./number-text.ts";

interface SessionsOptions {
  readonly agent?: string;
  readonly json?: boolean;
}

const verbs = ["list", "show", "export", "delete"] as const;
type Verb = (typeof verbs)[number];

export function describe(command: Command): void {
  command
    .argument("<verb>", "list, show, export (as JSON: its events, and what they come to), or delete")
    .argument("<module>", "a .js or .ts file that exports `agent`, and in `plugins` the store")
    .argument("[session]", "its name; list wants none")
    .option("--agent <name>", "of that agent (default: the module's; of list, all)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nOf the module's plugins the store alone is started. Delete sessions while nobody uses them.",
    );
}

export async function run(
  [verb = "", module = "", session]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  { out, err }: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { agent, json = false } = options as SessionsOptions;
  const wrong = (text: string) => {
    err.write(`mofa sessions: ${text}\n`);
    return exitCodes.usage;
  };
  if (!isVerb(verb)) return wrong(`${printable(verb)} is none of ${verbs.join(", ")}`);
  if ((verb === "list") !== (session === undefined))
    return wrong(verb === "list" ? "list wants no session" : `${verb} wants the name of a session`);
  const loaded = await loadAgent(module);
  await using system = await startSystem({ threads: 1, spare: false });
  await system.startPlugins(storesOf(loaded));
  const sessions = sessionsOf(system, storeOf(system));
  if (session === undefined) return await list(sessions, agent, json, out, err);
  const name = agent ?? nameOf(loaded.agent);
  if (verb === "delete") {
    if (!(await sessions.delete(name, session))) return missing(name, session, err);
    out.write(
      json ? `${JSON.stringify({ agent: name, session, done: "deleted" })}\n` : `${printable(session)} deleted\n`,
    );
    return exitCodes.ok;
  }
  const found = await sessions.read(name, session);
  if (found === undefined) return missing(name, session, err);
  out.write(verb === "export" || json ? `${JSON.stringify(found)}\n` : shown(found));
  return exitCodes.ok;
}

function isVerb(verb: string): verb is Verb {
  return verbs.some((one) => one === verb);
}

async function list(
  sessions: Sessions,
  agent: string | undefined,
  json: boolean,
  out: NodeJS.WritableStream,
  err: NodeJS.WritableStream,
): Promise<ExitCode> {
  const all = await sessions.list(agent);
  if (json) out.write(`${JSON.stringify({ sessions: all })}\n`);
  else {
    out.write(tableText(["agent", "session", "began"], all.map(rowOf)));
    err.write(`${countText(all.length, "session")}\n`);
  }
  return exitCodes.ok;
}

function rowOf({ agent, session, beganAtMs }: SessionEntry): readonly string[] {
  return [agent, oneLine(session, 60), new Date(beganAtMs).toISOString()];
}

function missing(agent: string, session: string, err: NodeJS.WritableStream): ExitCode {
  err.write(
    `mofa sessions: ${printable(agent)} has no session ${printable(session)}: mofa sessions list shows those it has\n`,
  );
  return exitCodes.failed;
}

function shown({ state }: StoredSession): string {
  const { summary, forgotten, messages } = state;
  const before = summary === undefined ? [] : [`${countText(forgotten, "message")} before: ${oneLine(summary, 400)}`];
  return [...before, ...messages.map(messageText)].map((line) => `${line}\n`).join("");
}
