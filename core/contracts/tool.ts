/**
 * The contract of tools: what an agent, or a person, can have done, and how it is asked for. Plain data on both sides: it crosses
 * threads, processes and languages.
 *
 * A plugin made by `defineTools` has one tool or several, and provides a capability of its own name (`tool-fs`). Its call `callTool`
 * answers by a stream, so that what is asked for ends with whoever has asked for it.
 */
import type { JsonSchema } from "./model.ts";

/** Of the contract, in what a plugin `provides`. */
export const toolsVersion = "1.0.0";

/** Of a plugin that has tools, among its `tags`. */
export const toolsTag = "tools";

export interface ToolInfo {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`: what models take. */
  readonly name: string;
  readonly description?: string;
  /** Of an object: the arguments. */
  readonly inputSchema: JsonSchema;
  /** Of what it gives, where it says so. */
  readonly outputSchema?: JsonSchema;
  /** Nothing is done before somebody has approved of the call. */
  readonly needsApproval: boolean;
  /** It changes nothing, by its own word. */
  readonly isReadOnly: boolean;
}

export interface ToolRequest {
  readonly name: string;
  /** The arguments; a text is JSON of them, as a model has written it. Default none: `{}`. */
  readonly arguments?: unknown;
  /** Names the call for good, 1 to 256 characters: a tool that keeps it does nothing twice. */
  readonly key?: string;
}

export interface ToolAnswer {
  /** What the tool has given, as JSON. */
  readonly json: string;
}

/** What a stream of `callTool` has before its end, a `ToolAnswer`. */
export type ToolDelta =
  /** What the tool says of how far it is. */
  | { readonly type: "progress"; readonly data: unknown }
  /** Somebody has to approve of it, by the call `decide`. */
  | { readonly type: "approval"; readonly id: string };

/** A call that waits for somebody's word. Published as `plugin.<name>.approval`, too. */
export interface ToolApproval {
  readonly id: string;
  readonly tool: string;
  /** Checked. */
  readonly arguments: unknown;
  /** The time of day from which it waits, in ms since 1970. */
  readonly sinceMs: number;
}

export interface ToolDecision {
  /** Of the approval. */
  readonly id: string;
  readonly isApproved: boolean;
  /** Why not: the caller, and so the model, is told. */
  readonly reason?: string;
}

/** The calls of a plugin that has tools. */
export interface ToolsCalls {
  tools(): readonly ToolInfo[];
  callTool(request: ToolRequest): ToolAnswer;
  /** Those that wait. */
  approvals(): readonly ToolApproval[];
  /** False: it waits no longer. */
  decide(decision: ToolDecision): boolean;
}
