/** What a running program's models and tools are, for those that are attached to it, and calls of its tools. */
import {
  type MofaSystem,
  modelOf,
  modelTag,
  type PluginInfo,
  RuntimeError,
  type ToolDelta,
  toolsOf,
  toolsTag,
} from "../../index.ts";
import type { ApprovalList, AskedPlugin, AttachVerb, ModelList, ToolList } from "./attach-protocol.ts";
import { AttachedAgents } from "./attached-agents.ts";
import { tellable } from "./json-text.ts";

/** Time for a plugin to say what it has; a model's provider is asked meanwhile. */
const askMs = 5_000;

type CallTool = AttachVerb & { readonly verb: "callTool" };

export class AttachedPlugins {
  readonly #system: MofaSystem;

  readonly #agents: AttachedAgents;

  constructor(system: MofaSystem) {
    this.#system = system;
    this.#agents = new AttachedAgents(system);
  }

  async models(): Promise<ModelList> {
    const models = await this.#ask(modelTag, async ({ name }) => {
      const infos = await modelOf(this.#system, name).models({ timeoutMs: askMs });
      return { names: infos.map((info) => info.name) };
    });
    return { models: models.map((one) => ({ names: [], ...one })) };
  }

  async tools(): Promise<ToolList> {
    const tools = await this.#ask(toolsTag, async ({ name }) => ({
      tools: await toolsOf(this.#system, name).tools({ timeoutMs: askMs }),
    }));
    return { tools: tools.map((one) => ({ tools: [], ...one })) };
  }

  /** Each by itself: one that does not answer has its failure beside it. */
  async #ask<T>(tag: string, question: (plugin: PluginInfo) => Promise<T>): Promise<(AskedPlugin & Partial<T>)[]> {
    const plugins = (await this.#system.plugins()).filter(({ tags }) => tags.includes(tag));
    return await Promise.all(
      plugins.map(async (one): Promise<AskedPlugin & Partial<T>> => {
        const { name: plugin, state, health, packages } = one;
        const asked = { plugin, state, health, packages };
        try {
          return { ...asked, ...(await question(one)) };
        } catch (error) {
          // Providers that cannot list their models are no failure.
          if (tag === modelTag && codeOf(error) === "undef") return asked as AskedPlugin & Partial<T>;
          return { ...asked, failure: (error as Error).message } as AskedPlugin & Partial<T>;
        }
      }),
    );
  }

  /** @throws RuntimeError `bad_argument`: no such plugin has tools; what the tool's call fails with. */
  async callTool(
    { plugin, tool, arguments: given }: CallTool,
    signal: AbortSignal,
    tell: (delta: ToolDelta) => void,
  ): Promise<string> {
    await this.#assertTools(plugin);
    return await toolsOf(this.#system, plugin).callForJson(tool, given, {
      signal,
      onProgress: (data) => tell({ type: "progress", data }),
      onApproval: (id) => tell({ type: "approval", id }),
    });
  }

  async approvals(): Promise<ApprovalList> {
    const plugins = (await this.#system.plugins()).filter(({ tags }) => tags.includes(toolsTag));
    const approvals: ApprovalList["approvals"][number][] = [];
    const failures: ApprovalList["failures"][number][] = [];
    const ask = async ({ name: plugin }: PluginInfo) => {
      try {
        for (const one of await toolsOf(this.#system, plugin).approvals({ timeoutMs: askMs }))
          approvals.push({ ...one, arguments: tellable(one.arguments), plugin, agent: null, by: plugin });
      } catch (error) {
        failures.push({ plugin, failure: (error as Error).message });
      }
    };
    await Promise.all(plugins.map(ask));
    approvals.push(...(await this.#agents.approvals()));
    return { approvals: approvals.sort((a, b) => a.sinceMs - b.sinceMs), failures };
  }

  async decide({ plugin, agent, decision }: AttachVerb & { readonly verb: "decide" }): Promise<boolean> {
    if (plugin === undefined) return await this.#agents.decide(agent, decision);
    await this.#assertTools(plugin);
    return await toolsOf(this.#system, plugin).decide(decision, { timeoutMs: askMs });
  }

  async #assertTools(plugin: string): Promise<void> {
    const known = (await this.#system.plugins()).filter(({ tags }) => tags.includes(toolsTag)).map(({ name }) => name);
    if (known.includes(plugin)) return;
    const text = known.length === 0 ? "no plugin has any" : `there are ${known.join(", ")}`;
    throw new RuntimeError("bad_argument", `no plugin ${plugin} with tools runs: ${text}`);
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown }).code;
}
