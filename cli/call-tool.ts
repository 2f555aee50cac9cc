/** `mofa call-tool`: calls a tool of a running program, as an agent would. */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import type { ToolDelta } from "../index.ts";
import type { AttachClient } from "./attach/attach-client.ts";
import type { ApprovalList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

interface CallToolOptions extends AttachOptions {
  readonly approve?: boolean;
}

const argumentsChars = 200;

export function describe(command: Command): void {
  describeAttached(command)
    .argument("<plugin>", "whose tool it is: mofa tools lists them")
    .argument("<tool>", "its name")
    .argument("[arguments]", "JSON of an object; - reads it from standard input (default: {})")
    .option(
      "--approve",
      "say yes where somebody has to; without it you are asked at a terminal, and elsewhere it waits",
    )
    .addHelpText(
      "after",
      "\nWhat the tool gives goes to stdout: a text as it is, all else, and with --json everything, as JSON.",
    );
}

export async function run(
  [plugin = "", tool = "", given]: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { approve = false, ...attach } = options as CallToolOptions;
  const text = given === "-" ? await textOf(process.stdin) : given;
  return await withAttached(attach, context, async (client) => {
    const words = new Words(client, plugin, approve, context);
    const call = { plugin, tool, ...(text !== undefined && { arguments: text }) };
    const json = await client.callTool(call, { onDelta: (delta) => words.take(delta) });
    const value: unknown = JSON.parse(json);
    context.out.write(`${attach.json !== true && typeof value === "string" ? value : json}\n`);
    return exitCodes.ok;
  });
}

/** What is said while the call is under way. */
class Words {
  readonly #client: AttachClient;
  readonly #plugin: string;
  readonly #isApproved: boolean;
  readonly #context: CommandContext;

  constructor(client: AttachClient, plugin: string, isApproved: boolean, context: CommandContext) {
    this.#client = client;
    this.#plugin = plugin;
    this.#isApproved = isApproved;
    this.#context = context;
  }

  take(delta: ToolDelta): void {
    const { err } = this.#context;
    if (delta.type === "progress") {
      err.write(`${oneLine(JSON.stringify(delta.data), argumentsChars)}\n`);
      return;
    }
    this.#decide(delta.id).catch((error: unknown) => err.write(`mofa call-tool: ${String(error)}\n`));
  }

  async #decide(id: string): Promise<void> {
    const isApproved = this.#isApproved || (await this.#asked(id));
    if (isApproved === undefined) return;
    await this.#client.ask({ verb: "decide", plugin: this.#plugin, decision: { id, isApproved } });
  }

  /** Undefined: there is nobody to ask here. */
  async #asked(id: string): Promise<boolean | undefined> {
    const { err, signal } = this.#context;
    const { approvals } = (await this.#client.ask({ verb: "approvals" })) as ApprovalList;
    const approval = approvals.find((one) => one.id === id);
    if (approval === undefined) return undefined;
    const what = `${approval.tool} ${oneLine(JSON.stringify(approval.arguments), argumentsChars)}`;
    if (process.stdin.isTTY !== true) {
      err.write(`${what} waits for approval: mofa approve ${id}\n`);
      return undefined;
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      const said = await terminal.question(`${what}: do it? [y/N] `, { signal });
      return /^y(?:es)?$/i.test(said.trim());
    } finally {
      terminal.close();
    }
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  stream.setEncoding("utf8");
  for await (const chunk of stream) text += String(chunk);
  return text;
}
