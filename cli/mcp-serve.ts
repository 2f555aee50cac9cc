/** `mofa mcp-serve`: the tools of a running program as a server of MCP on stdin and stdout. Logs go to stderr alone. */
import type { CallToolResult, Server, ServerContext, Tool } from "@modelcontextprotocol/server";
import type { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { Command } from "commander";
import { RuntimeError, type ToolDelta } from "../index.ts";
import type { AttachClient } from "./attach/attach-client.ts";
import type { ToolList } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeSystem, withAttached } from "./attach/attached-command.ts";
import { type ServedTool, servedTools } from "./attach/served-tools.ts";
import { oneLine, paragraph } from "./attach/table.ts";
import { CallProgress } from "./call-progress.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";

interface ServeOptions extends AttachOptions {
  readonly tools?: string;
  readonly approve?: boolean;
}

/** Between two looks at which tools there are, from the first list that somebody has asked for. */
const lookMs = 5_000;
const progressChars = 1_000;
const invalidParams = -32_602;

export function describe(command: Command): void {
  describeSystem(command)
    .option("--tools <plugins>", "of these plugins alone, with commas between them")
    .option("--approve", "say yes where somebody has to; without it such a call waits for mofa approve")
    .addHelpText(
      "after",
      "\nFor a host of MCP to start: stdin and stdout are the protocol, stderr is for people. It ends with stdin, with the\nprogram (exit code 1) and by Ctrl-C. Tools of one name in several plugins are called <plugin>_<tool>.",
    );
}

/** Until stdin ends, or the program does. */
export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const { tools, approve = false, ...attach } = options as ServeOptions;
  const [{ Server }, { StdioServerTransport, serveStdio }] = await Promise.all([
    import("@modelcontextprotocol/server"),
    import("@modelcontextprotocol/server/stdio"),
  ]).catch((error: unknown) => {
    const text =
      "mofa mcp-serve needs the package @modelcontextprotocol/server: npm install @modelcontextprotocol/server";
    throw new RuntimeError("module_failed", text, { cause: error });
  });
  return await withAttached(attach, context, async (client, { name }) => {
    const served = new ToolServer(
      client,
      tools?.split(",").map((one) => one.trim()),
      approve,
      context,
    );
    await served.assertPlugins();
    const wire = new StdioServerTransport();
    const stdinEnded = endOf(wire);
    const handle = serveStdio(
      () =>
        served.connect(
          new Server({ name: `mofa: ${name}`, version: "0.1.0" }, { capabilities: { tools: { listChanged: true } } }),
        ),
      { transport: wire, onerror: (error) => served.warn(error.message) },
    );
    const ended = await Promise.race([stdinEnded.then(() => "stdin"), client.closed.then(() => "program")]);
    served.close();
    await handle.close();
    if (ended === "stdin" || context.signal.aborted) return exitCodes.ok;
    served.warn("the program has ended");
    return exitCodes.failed;
  });
}

/** Resolves when it was closed, by whom ever: there may be no server yet that would say so. */
async function endOf(wire: StdioServerTransport): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const close = wire.close.bind(wire);
  wire.close = async () => {
    await close();
    resolve();
  };
  await promise;
}

class ToolServer {
  readonly #client: AttachClient;
  readonly #only: readonly string[] | undefined;
  readonly #isApproved: boolean;
  readonly #context: CommandContext;
  #tools: ReadonlyMap<string, ServedTool> = new Map();
  #left = "";
  #look: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(client: AttachClient, only: readonly string[] | undefined, isApproved: boolean, context: CommandContext) {
    this.#client = client;
    this.#only = only;
    this.#isApproved = isApproved;
    this.#context = context;
  }

  warn(text: string): void {
    this.#context.err.write(`mofa mcp-serve: ${paragraph(text)}\n`);
  }

  /** @throws RuntimeError `bad_argument`, by rejection: one that is named has no tools. */
  async assertPlugins(): Promise<void> {
    const known = (await this.#read()).map(({ plugin }) => plugin);
    const missing = this.#only?.find((plugin) => !known.includes(plugin));
    if (missing !== undefined)
      throw new RuntimeError(
        "bad_argument",
        `--tools: no plugin ${missing} with tools runs: ${known.length === 0 ? "no plugin has any" : `there are ${known.join(", ")}`}`,
      );
  }

  connect(server: Server): Server {
    server.setRequestHandler("tools/list", async () => {
      await this.#read();
      this.#watch(server);
      return { tools: [...this.#tools.values()].map(toolOf) };
    });
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      // It may have come since.
      if (!this.#tools.has(params.name)) await this.#read();
      const tool = this.#tools.get(params.name);
      if (tool === undefined)
        throw Object.assign(
          new Error(`there is no tool ${params.name} (there are: ${[...this.#tools.keys()].join(", ") || "none"})`),
          {
            code: invalidParams,
          },
        );
      return await this.#call(tool, params.arguments ?? {}, mcpReq);
    });
    return server;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#look);
  }

  async #read(): Promise<ToolList["tools"]> {
    const list = (await this.#client.ask({ verb: "tools" })) as ToolList;
    const { tools, left } = servedTools(list, this.#only);
    this.#tools = new Map(tools.map((tool) => [tool.name, tool]));
    const words = left.join("\n");
    if (words !== this.#left) for (const word of left) this.warn(word);
    this.#left = words;
    return list.tools;
  }

  /** Says so when they are others. */
  #watch(server: Server): void {
    const told = JSON.stringify([...this.#tools.values()]);
    clearTimeout(this.#look);
    const look = async (): Promise<void> => {
      try {
        await this.#read();
        if (this.#isClosed) return;
        if (JSON.stringify([...this.#tools.values()]) !== told) return await server.sendToolListChanged();
      } catch (error) {
        // The program's end is seen by the line to it.
        if (!this.#isClosed) this.warn(`which tools there are was not to be learned: ${(error as Error).message}`);
      }
      if (!this.#isClosed) this.#look = setTimeout(() => void look(), lookMs);
    };
    this.#look = setTimeout(() => void look(), lookMs);
  }

  async #call(
    { name, plugin, info }: ServedTool,
    given: unknown,
    { signal, _meta, notify }: ServerContext["mcpReq"],
  ): Promise<CallToolResult> {
    const progressToken = _meta?.progressToken;
    const said =
      progressToken === undefined
        ? undefined
        : new CallProgress((told) => notify({ method: "notifications/progress", params: { progressToken, ...told } }));
    const onDelta = (delta: ToolDelta) => {
      if (delta.type === "progress") return said?.progress(oneLine(textOf(delta.data), progressChars));
      if (this.#isApproved) return void this.#approve(plugin, delta.id);
      const word = `${name} waits for approval: mofa approve ${delta.id}`;
      this.warn(word);
      said?.word(word);
    };
    try {
      const json = await this.#client.callTool({ plugin, tool: info.name, arguments: given }, { signal, onDelta });
      const value: unknown = JSON.parse(json);
      // Behind its answer nobody hears of it.
      await said?.end();
      return {
        content: [{ type: "text", text: typeof value === "string" ? value : json }],
        ...(isObject(value) && { structuredContent: value }),
      };
    } catch (error) {
      const { code = "error", message } = error as { readonly code?: string; readonly message: string };
      return { content: [{ type: "text", text: `${code}: ${message}` }], isError: true };
    }
  }

  async #approve(plugin: string, id: string): Promise<void> {
    try {
      await this.#client.ask({ verb: "decide", plugin, decision: { id, isApproved: true } });
    } catch (error) {
      this.warn(`${id} was not approved: ${(error as Error).message}`);
    }
  }
}

/** What it gives is told by its schema where that is of an object: another is none of the protocol. */
function toolOf({ name, info }: ServedTool): Tool {
  const { description, inputSchema, outputSchema, isReadOnly, needsApproval } = info;
  return {
    name,
    ...(description !== undefined && { description }),
    inputSchema: inputSchema as Tool["inputSchema"], // of an object, as the contract has it
    ...(outputSchema?.["type"] === "object" && { outputSchema: outputSchema as NonNullable<Tool["outputSchema"]> }),
    annotations: { readOnlyHint: isReadOnly, destructiveHint: needsApproval },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
