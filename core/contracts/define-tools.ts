/** A plugin of tools: the calls of the contract over what its driver has. */
import type { StreamWriter } from "../actor/context.ts";
import { describe, errorData, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import type { CallToken, PluginBus } from "../plugin/plugin-bus.ts";
import {
  definePlugin,
  type Plugin,
  type PluginBehaviour,
  type PluginCalls,
  type PluginDefinition,
  type PluginHealth,
} from "../plugin.ts";
import { assertOwnNames, type CheckedTool, checkedTools } from "./checked-tool.ts";
import { checkedName } from "./checked-values.ts";
import { beginOperation, type Operation } from "./operation.ts";
import { isToBeApproved, RunningTool, type ToolRoom } from "./running-tool.ts";
import { streamOf } from "./stream-of.ts";
import { type ToolDecision, type ToolInfo, type ToolRequest, type ToolsCalls, toolsTag, toolsVersion } from "./tool.ts";
import { ToolApprovals } from "./tool-approvals.ts";
import { type Tool, type ToolDriver, type ToolLimits, toolsConfig } from "./tool-definition.ts";
import { ToolError, toolError } from "./tool-failure.ts";
import { ToolSlots } from "./tool-slots.ts";

export interface ToolsDefinition<C extends ToolLimits>
  extends Omit<PluginDefinition<C, never, never>, "behaviour" | "provides" | "tags"> {
  /** Those that it always has. */
  readonly tools?: readonly Tool[];
  /** Makes them by the configuration. @param signal aborted when the plugin ends. @param bus for one that asks what it requires, or tells of changes. */
  open?(config: C, signal: AbortSignal, bus: PluginBus): ToolDriver | Promise<ToolDriver>;
}

const keyLengthMax = 256;

class Tools implements ToolRoom {
  readonly #name: string;
  readonly #bus: PluginBus;
  readonly #driver: ToolDriver;
  readonly limits: ToolLimits;
  readonly slots: ToolSlots;
  readonly approvals = new ToolApprovals();
  readonly #running = new Set<RunningTool>();
  /** Nothing begins any more. */
  #ended: ToolError | undefined;
  /** As the driver had them last, and what they are by name: a failure stays, until it has others. */
  #list: readonly Tool[] | undefined;
  #table: Promise<ReadonlyMap<string, CheckedTool>> = Promise.resolve(new Map());

  constructor(name: string, limits: ToolLimits, driver: ToolDriver, bus: PluginBus) {
    this.#name = name;
    this.limits = limits;
    this.#driver = driver;
    this.#bus = bus;
    this.slots = new ToolSlots(name, limits);
  }

  /** @throws RuntimeError `bad_argument`, by rejection: two have one name; one of their schemas is none. */
  async table(): Promise<ReadonlyMap<string, CheckedTool>> {
    try {
      const list = this.#driver.tools();
      if (list !== this.#list) {
        this.#list = list;
        this.#table = checkedTools(list);
      }
      return await this.#table;
    } catch (error) {
      if (error instanceof RuntimeError) throw error;
      // What a driver throws is no reason to end the plugin, whose other calls go on.
      throw new RuntimeError("bad_argument", `${this.#name} cannot say its tools: ${errorData(error).message}`, {
        cause: error,
      });
    }
  }

  async infos(): Promise<readonly ToolInfo[]> {
    const { limits } = this;
    return Array.from((await this.table()).values(), ({ info }) => ({
      ...info,
      needsApproval: isToBeApproved(info.needsApproval, limits),
    }));
  }

  call(given: unknown): unknown {
    assertKeys("callTool", given, ["name", "arguments", "key"]);
    const request = given as ToolRequest;
    if (typeof request.name !== "string")
      throw new RuntimeError("bad_argument", `callTool: name is that of a tool, got ${describe(request.name)}`);
    if (request.key !== undefined) checkedName(request.key, "callTool: key", keyLengthMax);
    const bus = this.#bus;
    const { from } = bus;
    // A plugin takes no casts.
    if (from === undefined) return undefined;
    const writer = streamOf(bus, from);
    const operation = beginOperation(bus, "execute_tool", request.name);
    // Of a plugin that has ended meanwhile the caller learns by its end.
    this.#answer(request, from, writer, operation).catch((error: unknown) => {
      if (!bus.signal.aborted) throw error;
    });
    return bus.noReply;
  }

  async #answer(
    request: ToolRequest,
    from: CallToken,
    writer: StreamWriter | undefined,
    operation: Operation,
  ): Promise<void> {
    // What a model has made up is no name to count by.
    const isKnown = await this.#knows(request.name);
    const attributes = {
      "gen_ai.operation.name": "execute_tool",
      ...(isKnown && { "gen_ai.tool.name": request.name }),
      "gen_ai.tool.type": "function",
    };
    const content = (output?: unknown) => () => ({ input: request.arguments, output });
    try {
      const answer = await this.#run(request, writer, operation.trace);
      if (writer === undefined) this.#bus.reply(from, answer);
      else writer.end(answer);
      operation.end({ attributes, content: content(answer.json) });
    } catch (thrown) {
      // Also of an answer that cannot be given: it may be larger than what crosses to a process.
      const error = toolError(thrown, request.name);
      operation.end({ attributes, failure: error.code, content: content() });
      if (error.code === "tool_failed")
        this.#bus.log("warning", error.message, { tool: request.name, error: error.cause });
      if (writer === undefined) this.#bus.replyError(from, error);
      else writer.fail(error);
    }
  }

  async #knows(name: string): Promise<boolean> {
    try {
      return (await this.table()).has(name);
    } catch {
      return false; // the call itself fails by it
    }
  }

  async #run(
    { name, arguments: given, key }: ToolRequest,
    writer: StreamWriter | undefined,
    trace: string | undefined,
  ) {
    const table = await this.table();
    const tool = table.get(name);
    if (tool === undefined) {
      const known = [...table.keys()].join(", ") || "none";
      throw new ToolError("tool_unknown", `${this.#name} has no tool ${describe(name)} (it has: ${known})`);
    }
    if (this.#ended !== undefined) throw this.#ended;
    const running = new RunningTool(tool, this, writer, { trace, key });
    this.#running.add(running);
    try {
      return await running.run(given);
    } finally {
      this.#running.delete(running);
    }
  }

  wallMs(): number {
    return this.#bus.wallMs();
  }

  tell(approval: Parameters<ToolRoom["tell"]>[0]): void {
    this.#bus.publish("approval", approval);
  }

  async health(): Promise<PluginHealth> {
    const { stuck } = this.slots;
    if (stuck.length > 0) {
      const which = stuck.map(([tool, calls]) => `${calls} of ${tool}`).join(", ");
      return { status: "degraded", detail: `calls that have not ended when they were told to: ${which}` };
    }
    return (await this.#driver.health?.()) ?? { status: "up" };
  }

  /** Whoever waits learns of the plugin's end by that itself. */
  async end(): Promise<void> {
    this.stop();
    await this.#driver.close?.();
  }

  stop(): void {
    this.#ended ??= new ToolError("shutdown", `${this.#name} has ended`);
    for (const running of this.#running) running.end(this.#ended);
  }
}

const calls = {
  tools: (tools: Tools) => tools.infos(),
  callTool: (tools: Tools, request: ToolRequest) => tools.call(request),
  approvals: (tools: Tools) => Promise.resolve(tools.approvals.all),
  decide: (tools: Tools, decision: ToolDecision) =>
    new Promise<boolean>((resolve) => resolve(tools.approvals.decide(decision))),
};

/** The contract's calls as handlers. */
export type ToolsHandlers = {
  readonly [N in keyof ToolsCalls]: (
    state: never,
    ...argument: Parameters<ToolsCalls[N]>
  ) => Promise<ReturnType<ToolsCalls[N]>>;
};

/**
 * It provides a capability of its own name. Without `config` its keys are those of `ToolLimits`.
 * @throws RuntimeError `bad_argument`, as `definePlugin`.
 */
export function defineTools<C extends ToolLimits = ToolLimits>(given: ToolsDefinition<C>): Plugin<ToolsHandlers> {
  const { tools = [], open, config = toolsConfig as never, ...definition } = given;
  if (!Array.isArray(tools))
    throw new RuntimeError("bad_argument", `defineTools: tools is a list, got ${describe(tools)}`);
  assertOwnNames(tools);
  const { name } = definition;
  const behaviour: PluginBehaviour<C, Tools, ToolsHandlers> = {
    async init(limits, bus) {
      const { signal } = bus;
      const driver = (await open?.(limits, signal, bus)) ?? { tools: () => tools };
      const made = new Tools(name, limits, driver, bus);
      signal.addEventListener("abort", () => made.stop(), { once: true });
      try {
        await made.table(); // what is wrong with one is a failed start
      } catch (error) {
        await made.end();
        throw error;
      }
      return made;
    },
    calls: calls as ToolsHandlers & PluginCalls<Tools>, // these answer what the contract says, later
    health: (made) => made.health(),
    terminate: (made) => made.end(),
    format: () => "tools",
  };
  const provides = [{ name, version: toolsVersion }];
  return definePlugin({ ...definition, config, provides, tags: [toolsTag], behaviour });
}
