/** `mofa ask`: asks the agent of a module once. */
import type { Command } from "commander";
import type { AgentAnswer, AgentDelta, SessionState } from "../actors/index.ts";
import { AgentHost } from "./agents/agent-host.ts";
import { assertKept, loadAgent } from "./agents/agent-module.ts";
import { toolLine } from "./agents/tool-line.ts";
import { printable, printableLines } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { standardInput } from "./standard-input.ts";

interface AskOptions {
  readonly session?: string;
  readonly approve?: boolean;
  readonly json?: boolean;
}

/** As `--json` prints it. */
interface AskResult {
  readonly text: string;
  readonly output?: unknown;
  readonly toolCalls: readonly { readonly name: string; readonly ok: boolean | null; readonly ms: number | null }[];
  readonly usage: { readonly input: number; readonly output: number };
  /** Null: nobody knows its price, or that is in another currency. */
  readonly costUsd: number | null;
  readonly ms: number;
  readonly finish: string;
}

export function describe(command: Command): void {
  command
    .argument("<module>", "a .js or .ts file that exports `agent`, and `plugins` that it needs")
    .argument("<text>", "what it is asked; - reads it from standard input")
    .option("--session <name>", "go on with the session of that name, which a storage plugin keeps")
    .option("--approve", "say yes to every call of a tool that wants approval; without it such a call is not made")
    .option("--json", "print { text, output?, toolCalls, usage, costUsd, ms, finish }")
    .addHelpText(
      "after",
      "\nThe answer goes to stdout, calls of tools to stderr. Exit code 1 where it has failed, or waits for approval.",
    );
}

export async function run(
  [module = "", given = ""]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  { out, err, signal }: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { session, approve = false, json = false } = options as AskOptions;
  const text = given === "-" ? await standardInput(signal) : given;
  if (text.trim() === "") {
    err.write("mofa ask: there is nothing to ask: give a text, or one on standard input with -\n");
    return exitCodes.usage;
  }
  const loaded = await loadAgent(module);
  if (session !== undefined) assertKept(loaded, session);
  await using host = await AgentHost.start(loaded, session, err);
  const onDelta = (delta: AgentDelta) => {
    const line = toolLine(delta);
    if (line !== undefined && !json) err.write(`${line}\n`);
  };
  const yes = async (approvals: AgentAnswer["approvals"]): Promise<AgentAnswer | undefined> => {
    let answer: AgentAnswer | undefined;
    for (let [next] = approvals; approve && next !== undefined; [next] = answer.approvals)
      answer = await host.turn("decide", { id: next.id, isApproved: true }, { signal, onDelta });
    return answer;
  };
  // What a session waits with since another time goes first.
  const state = (await host.system.call(host.name, "session")) as SessionState;
  await yes(state.approvals);
  const asked = await host.turn("ask", text, { signal, onDelta });
  const answer = (await yes(asked.approvals)) ?? asked;
  if (json) out.write(`${JSON.stringify(resultOf(answer))}\n`);
  else {
    const { isTTY = false } = out as { readonly isTTY?: boolean };
    if (answer.text !== "") out.write(`${isTTY ? printableLines(answer.text) : answer.text}\n`);
  }
  for (const { tool, arguments: what } of answer.approvals)
    err.write(`mofa ask: ${tool} ${printable(what)} waits for approval: --approve says yes, mofa chat asks you\n`);
  return answer.finish === "approval" ? exitCodes.failed : exitCodes.ok;
}

function resultOf({ text, output, toolCalls, usage, ms, finish }: AgentAnswer): AskResult {
  const { inputTokens, outputTokens, cost } = usage;
  return {
    text,
    ...(output !== undefined && { output }),
    toolCalls: toolCalls.map(({ name, ok = null, tookMs = null }) => ({ name, ok, ms: tookMs })),
    usage: { input: inputTokens, output: outputTokens },
    costUsd: cost?.currency === "USD" ? cost.amount : null,
    ms,
    finish,
  };
}
