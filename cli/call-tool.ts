/** `mofa call-tool`: calls a tool of a running program, as an agent would. */
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { ToolDelta } from "../index.ts";
import type { AttachClient } from "./attach/attach-client.ts";
import type { ApprovalList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { oneLine, printable, printableLines } from "./attach/table.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { standardInput } from "./standard-input.ts";

interface CallToolOptions extends AttachOptions {
  readonly approve?: boolean;
}

const progressChars = 200;

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
  const text = given === "-" ? await standardInput(context.signal) : given;
  if (given === "-" && text?.trim() === "") {
    context.err.write("mofa call-tool: standard input was empty: it should have JSON of an object\n");
    return exitCodes.usage;
  }
  return await withAttached(attach, context, async (client) => {
    const words = new Words(client, plugin, approve, context);
    const call = { plugin, tool, ...(text !== undefined && { arguments: text }) };
    try {
      const json = await client.callTool(call, { signal: words.signal, onDelta: (delta) => words.take(delta) });
      context.out.write(`${shownAs(json, attach.json === true, context.out)}\n`);
      return exitCodes.ok;
    } catch (error) {
      if (words.signal.aborted) return exitCodes.interrupted;
      throw error;
    }
  });
}

/** What it gives may not steer a terminal. */
function shownAs(json: string, isJson: boolean, out: NodeJS.WritableStream): string {
  const value: unknown = JSON.parse(json);
  if (isJson || typeof value !== "string")
    return json.replaceAll(/[\u007f-\u009f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
  const { isTTY = false } = out as { readonly isTTY?: boolean };
  return isTTY ? printableLines(value) : value;
}

/** What is said while the call is under way. */
class Words {
  readonly #client: AttachClient;
  readonly #plugin: string;
  readonly #isApproved: boolean;
  readonly #context: CommandContext;
  readonly #controller = new AbortController();

  constructor(client: AttachClient, plugin: string, isApproved: boolean, context: CommandContext) {
    this.#client = client;
    this.#plugin = plugin;
    this.#isApproved = isApproved;
    this.#context = context;
  }

  /** Aborted by Ctrl-C at the question, which is no signal then: the terminal has the key. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  take(delta: ToolDelta): void {
    const { err } = this.#context;
    if (delta.type === "progress") {
      err.write(`${oneLine(JSON.stringify(delta.data) ?? "null", progressChars)}\n`);
      return;
    }
    this.#decide(delta.id).catch((error: unknown) => err.write(`mofa call-tool: ${printable(String(error))}\n`));
  }

  async #decide(id: string): Promise<void> {
    const isApproved = this.#isApproved || (await this.#asked(id));
    if (isApproved === undefined) return;
    await this.#client.ask({ verb: "decide", plugin: this.#plugin, decision: { id, isApproved } });
  }

  /** Undefined: there is nobody to ask here, or the call is given up. */
  async #asked(id: string): Promise<boolean | undefined> {
    const { err, signal } = this.#context;
    const { approvals } = (await this.#client.ask({ verb: "approvals" })) as ApprovalList;
    const approval = approvals.find((one) => one.id === id);
    if (approval === undefined) return undefined;
    // All of it: what is not shown would be approved unseen.
    const what = `${approval.tool} ${printable(JSON.stringify(approval.arguments))}`;
    if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) {
      err.write(`${what} waits for approval: mofa approve ${id}\n`);
      return undefined;
    }
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const said = Promise.withResolvers<string | undefined>();
    terminal.once("SIGINT", () => said.resolve(undefined));
    // The end of the input is no yes.
    terminal.once("close", () => said.resolve(""));
    signal.addEventListener("abort", () => said.resolve(undefined), { once: true });
    terminal.question(`${what}: do it? [y/N] `, said.resolve);
    const answer = await said.promise;
    terminal.close();
    if (answer !== undefined) return /^y(?:es)?$/i.test(answer.trim());
    this.#controller.abort();
    return undefined;
  }
}
