/** Tools of several plugins as one box: what a model may call, and the messages that its calls are answered by. */
import type { Context } from "../actor/context.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import type { ChatToolMessage, ToolCall, ToolSpec } from "./model.ts";
import { type ToolCallOptions, type ToolsClient, toolsOf } from "./tool-client.ts";
import { ToolError } from "./tool-failure.ts";

export interface Toolbox {
  /**
   * For `ChatRequest.tools`, asked anew each time: a plugin's tools may change.
   * @throws ToolError `tool_ambiguous`, by rejection: two plugins have a tool of one name; what `tools()` fails with.
   */
  specs(): Promise<readonly ToolSpec[]>;
  /** Whether somebody has to approve of the tool's calls, as `specs` found it last. One that nobody has wants none. */
  needsApproval(name: string): boolean;
  /**
   * Runs what the model has called, and gives the message that answers it: that of a failure, too, for the model to see.
   * @throws the signal's reason, by rejection; what one of the caller's own functions throws; RuntimeError `bad_argument`: wrong options.
   */
  answer(call: ToolCall, options?: ToolCallOptions): Promise<ChatToolMessage>;
  /** The same, with what it has failed with: `killed`, `timeout` and the like leave open how far the tool came. */
  run(call: ToolCall, options?: ToolCallOptions): Promise<ToolOutcome>;
}

export interface ToolOutcome {
  /** For the model. */
  readonly content: string;
  /** Of its failure. */
  readonly code?: string;
}

type Asker = Pick<Context, "call" | "callStream">;
type BusAsker = Pick<PluginBus, "request" | "requestStream">;

/**
 * @param asker a system, the `ctx` of an actor, or the bus of a plugin that requires them.
 * @param plugins their names, as `tool-fs`.
 * @throws RuntimeError `bad_argument`.
 */
export function toolboxOf(asker: Asker | BusAsker, plugins: readonly string[]): Toolbox {
  if (!Array.isArray(plugins))
    throw new RuntimeError("bad_argument", `toolboxOf: plugins is a list of their names, got ${describe(plugins)}`);
  const clients = new Map<string, ToolsClient>();
  for (const plugin of plugins) clients.set(plugin, toolsOf(asker as Asker, plugin));
  /** Whose each tool is, as it was found last. */
  let owners = new Map<string, string>();
  /** Those of them that want approval. */
  let guarded = new Set<string>();

  const specs = async (): Promise<ToolSpec[]> => {
    const found = new Map<string, string>();
    const wanting = new Set<string>();
    const all: ToolSpec[] = [];
    const lists = await Promise.all(
      Array.from(clients, async ([plugin, client]) => [plugin, await client.tools()] as const),
    );
    for (const [plugin, infos] of lists) {
      for (const { name, description, inputSchema, needsApproval } of infos) {
        const other = found.get(name);
        if (other !== undefined)
          throw new ToolError(
            "tool_ambiguous",
            `${other} and ${plugin} both have a tool ${name}: leave out one of them`,
          );
        found.set(name, plugin);
        if (needsApproval) wanting.add(name);
        all.push({ name, ...(description !== undefined && { description }), inputSchema });
      }
    }
    owners = found;
    guarded = wanting;
    return all;
  };

  const called = async (call: ToolCall, options: ToolCallOptions): Promise<string> => {
    const known = owners.get(call.name) ?? (await ownerOf(call.name));
    try {
      return await (clients.get(known) as ToolsClient).callForJson(call.name, call.arguments, options);
    } catch (error) {
      // It may be another's by now.
      if (!(error instanceof ToolError) || error.code !== "tool_unknown") throw error;
      const owner = await ownerOf(call.name);
      if (owner === known) throw error;
      return await (clients.get(owner) as ToolsClient).callForJson(call.name, call.arguments, options);
    }
  };

  /** Asks all of them. */
  const ownerOf = async (tool: string): Promise<string> => {
    await specs();
    const owner = owners.get(tool);
    if (owner !== undefined) return owner;
    const known = [...owners.keys()].join(", ") || "none";
    throw new ToolError("tool_unknown", `there is no tool ${describe(tool)} (there are: ${known})`);
  };

  const run: Toolbox["run"] = async (call, options = {}) => {
    try {
      return { content: textOf(await called(call, options)) };
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof ToolError)) throw error;
      return { content: `${error.code}: ${errorData(error).message}`, code: error.code };
    }
  };

  return {
    specs,
    needsApproval: (name) => guarded.has(name),
    async answer(call, options) {
      const { content, code } = await run(call, options);
      return { role: "tool", toolCallId: call.id, content, ...(code !== undefined && { isError: true }) };
    },
    run,
  };
}

/** A text stands for itself: a model reads it better than its JSON. */
function textOf(json: string): string {
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}
