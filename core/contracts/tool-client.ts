/** Tools as those see them who ask for them: one plugin's, or several plugins' as one box for a model. */
import type { Context, StreamReader } from "../actor/context.ts";
import { type CallOptions, isRef, type Ref } from "../actor/ref.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { PluginBus } from "../plugin/plugin-bus.ts";
import { pluginActorName } from "../plugin.ts";
import type { ToolAnswer, ToolApproval, ToolDecision, ToolDelta, ToolInfo } from "./tool.ts";
import { ToolError } from "./tool-failure.ts";

export interface ToolCallOptions {
  /** Gives the call up when it is aborted: the tool is told. */
  readonly signal?: AbortSignal;
  /** For the whole call, waiting and approval, too. Default: the plugin's own limits. */
  readonly timeoutMs?: number;
  /** See `CallOptions.trace`. */
  readonly trace?: string | undefined;
  /** Names the call for good: see `ToolRequest`. */
  readonly key?: string | undefined;
  /** Somebody has approved of it before: whoever wants to be asked is told so, and `onApproval` is not called. Default false. */
  readonly isApproved?: boolean;
  /** What it throws gives the call up, which fails by that. */
  onProgress?(data: unknown): void;
  /** Somebody has to approve of the call, by `decide` with that id. What it throws gives the call up, which fails by that. */
  onApproval?(id: string): void | Promise<void>;
}

export interface ToolsClient {
  tools(options?: CallOptions): Promise<readonly ToolInfo[]>;
  /**
   * What the tool gives. The call ends with whoever has asked, and by its signal.
   * @param given the arguments; a text is JSON of them.
   * @throws ToolError, by rejection.
   */
  call(name: string, given?: unknown, options?: ToolCallOptions): Promise<unknown>;
  /** The same as JSON: what a model is told. */
  callForJson(name: string, given?: unknown, options?: ToolCallOptions): Promise<string>;
  /** Calls that wait for somebody's word. */
  approvals(options?: CallOptions): Promise<readonly ToolApproval[]>;
  /** False: it waits no longer. */
  decide(decision: ToolDecision, options?: CallOptions): Promise<boolean>;
}

type Asker = Pick<Context, "call" | "callStream">;
type BusAsker = Pick<PluginBus, "request" | "requestStream">;

/**
 * @param asker a system, or the `ctx` of an actor.
 * @param plugin the name of a plugin, as `tool-fs`, or a ref to it.
 * @throws RuntimeError `bad_argument`.
 */
export function toolsOf(asker: Asker, plugin: string | Ref): ToolsClient;
/** For a plugin that requires it. @param asker its bus. @param plugin the capability, which is the plugin's name. */
export function toolsOf(asker: BusAsker, plugin: string): ToolsClient;
export function toolsOf(asker: Asker | BusAsker, plugin: string | Ref): ToolsClient {
  if (!isRef(plugin) && (typeof plugin !== "string" || plugin === ""))
    throw new RuntimeError("bad_argument", `toolsOf: the plugin is the name of one, or a ref, got ${describe(plugin)}`);
  if (!("callStream" in asker) && isRef(plugin))
    throw new RuntimeError("bad_argument", "toolsOf: a plugin reaches what it requires, by its name");
  const target = isRef(plugin) ? plugin : pluginActorName(plugin);
  const ask = async (call: string, argument: unknown, options?: CallOptions) => {
    try {
      if ("callStream" in asker) return await asker.call(target, call, argument, options);
      return await asker.request(plugin as string, call, argument, options);
    } catch (error) {
      throw asToolError(error);
    }
  };
  const callForJson: ToolsClient["callForJson"] = async (name, given, options = {}) => {
    const { signal, timeoutMs, trace, key, isApproved = false, ...heard } = options;
    if (timeoutMs !== undefined && !(timeoutMs >= 0))
      throw new RuntimeError("bad_argument", `callTool: timeoutMs is from 0, or Infinity, got ${describe(timeoutMs)}`);
    // The plugin's own limits hold: what is silent for long may still be at work, or wait for somebody's word.
    const patient = {
      idleTimeoutMs: Number.POSITIVE_INFINITY,
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(trace !== undefined && { trace }),
    };
    const request = { name, ...(given !== undefined && { arguments: given }), ...(key !== undefined && { key }) };
    // What is wrong with the options is no failure of the tool.
    const reader =
      "callStream" in asker
        ? asker.callStream(target, "callTool", request, patient)
        : asker.requestStream(plugin as string, "callTool", request, patient);
    if (isApproved) heard.onApproval = async (id) => void (await ask("decide", { id, isApproved }));
    return await answerOf(reader, heard);
  };
  return {
    tools: async (options) => (await ask("tools", undefined, options)) as readonly ToolInfo[],
    call: async (name, given, options) => JSON.parse(await callForJson(name, given, options)),
    callForJson,
    approvals: async (options) => (await ask("approvals", undefined, options)) as readonly ToolApproval[],
    decide: async (decision, options) => (await ask("decide", decision, options)) as boolean,
  };
}

/** @throws ToolError, by rejection; and as it is what one of the caller's own functions throws. */
async function answerOf(
  reader: StreamReader,
  { onProgress, onApproval }: Pick<ToolCallOptions, "onProgress" | "onApproval">,
): Promise<string> {
  let thrown: { readonly error: unknown } | undefined;
  const tell = async (delta: ToolDelta) => {
    try {
      if (delta.type === "progress") onProgress?.(delta.data);
      else await onApproval?.(delta.id);
    } catch (error) {
      thrown ??= { error };
      reader.cancel();
    }
  };
  const read = async (): Promise<unknown> => {
    // Somebody is asked beside: meanwhile the call may end.
    for await (const chunk of reader) void tell(chunk as ToolDelta);
    return reader.result;
  };
  const outcome = await read().catch((error: unknown) => asToolError(error));
  if (thrown !== undefined) throw thrown.error;
  if (outcome instanceof ToolError) throw outcome;
  return (outcome as ToolAnswer).json;
}

function asToolError(error: unknown): ToolError {
  const { code = "crashed", message } = errorData(error);
  return new ToolError(code, message, error);
}
