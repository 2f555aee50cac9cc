/**
 * The contract of models: what is asked of a plugin that has one, and what it answers, whoever's model it is. Plain data on both
 * sides: it crosses threads, processes and languages.
 *
 * A plugin made by `defineModel` provides a capability of its own name (`llm-openai`), so several can run beside one another. Its
 * call `chat` answers by a stream: deltas as the model writes them, and in the end the whole answer.
 */

import type { BudgetNeed, BudgetSetting, ModelBudget } from "./model-budget.ts";

/** Of the contract, in what a plugin `provides`. */
export const modelVersion = "1.0.0";

/** Of a plugin that has a model, among its `tags`. */
export const modelTag = "model";

export interface ChatSystemMessage {
  readonly role: "system";
  readonly content: string;
}

export interface ChatUserMessage {
  readonly role: "user";
  readonly content: string;
}

/** What the model has said in an earlier answer: text, calls of tools, or both. */
export interface ChatAssistantMessage {
  readonly role: "assistant";
  readonly content?: string;
  readonly toolCalls?: readonly ToolCall[];
}

/** What a tool has given back for one of the calls of the assistant's message before it. */
export interface ChatToolMessage {
  readonly role: "tool";
  readonly toolCallId: string;
  readonly content: string;
  /** The tool failed, and the content says why. Default false. */
  readonly isError?: boolean;
}

export type ChatMessage = ChatSystemMessage | ChatUserMessage | ChatAssistantMessage | ChatToolMessage;

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: what should be JSON of the tool's schema, and may be none. */
  readonly arguments: string;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** A tool that the model may call. */
export interface ToolSpec {
  /** 1 to 64 of `a-z A-Z 0-9 _ -`. */
  readonly name: string;
  readonly description?: string;
  /** Of an object: the arguments. */
  readonly inputSchema: JsonSchema;
}

export interface ChatRequest {
  /** Default: the plugin's own. */
  readonly model?: string;
  /** One or more, the oldest first. */
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolSpec[];
  /** Whether it may call a tool, must call one, or must call that one. Default `auto`. */
  readonly toolChoice?: "auto" | "none" | "required" | { readonly name: string };
  /** The answer is JSON of this schema; `ChatAnswer.output` has it, checked. */
  readonly output?: { readonly name: string; readonly schema: JsonSchema };
  /** It stops before it would write one of these. At most four. */
  readonly stop?: readonly string[];
  readonly maxOutputTokens?: number;
  /** From 0 to 2. */
  readonly temperature?: number;
  /** Above 0, at most 1. */
  readonly topP?: number;
  /** Those providers that know seeds draw alike by one. */
  readonly seed?: number;
  /** Keys of budgets (`tenant:a`, `agent:7`), 16 at most, which all have to bear it. Of who keeps some (`llm-router`); others refuse it. */
  readonly budgets?: readonly string[];
}

/** What a stream of `chat` has, in its order. */
export type ChatDelta =
  | { readonly type: "text"; readonly text: string }
  /** A part of a call. The first of an `index` has id and name, each some more of the arguments. */
  | {
      readonly type: "toolCall";
      readonly index: number;
      readonly id?: string;
      readonly name?: string;
      readonly arguments: string;
    }
  /** It has failed on its way, and is asked for anew: what came is void. Of who asks others alone (`llm-router`), where it was told to. */
  | { readonly type: "again" }
  /** Before a failure, where the provider has counted what it has read and written up to there. */
  | { readonly type: "usage"; readonly usage: ChatUsage }
  /** The last one before a failure, where the provider has said when to ask again: in so long. */
  | { readonly type: "retryAfter"; readonly afterMs: number };

/** Money, as `{ amount: 0.0125, currency: "USD" }`. */
export interface ChatCost {
  readonly amount: number;
  readonly currency: string;
}

/** `length`: `maxOutputTokens`, or the model's own bound. */
export type FinishReason = "stop" | "length" | "toolCalls";

export interface ChatUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input, what the provider had in its cache. */
  readonly cachedInputTokens?: number;
  /** Of this answer, by the prices of who was asked (`llm-router`); absent: it knows none. */
  readonly cost?: ChatCost;
}

export interface ChatAnswer {
  /** As the provider names it; empty: it did not. */
  readonly model: string;
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finishReason: FinishReason;
  /** Undefined: the provider did not say, or not in whole numbers. */
  readonly usage: ChatUsage | undefined;
  /** Where the request wants `output`: what the content says, by its schema. */
  readonly output?: unknown;
}

export interface EmbedRequest {
  /** Default: the plugin's own. */
  readonly model?: string;
  /** 1 to 2,048. */
  readonly texts: readonly string[];
  /** As of a chat. */
  readonly budgets?: readonly string[];
}

export interface EmbedAnswer {
  /** As of a chat. */
  readonly model: string;
  /** One a text, in their order. */
  readonly vectors: readonly (readonly number[])[];
  readonly usage: Pick<ChatUsage, "inputTokens" | "cost"> | undefined;
}

export interface ModelInfo {
  readonly name: string;
}

export interface PullRequest {
  /** As the provider names it. */
  readonly model: string;
}

/** What a stream of `pull` has: how far it is, in the provider's words. */
export interface PullProgress {
  readonly status: string;
  /** Of the part that is fetched at present. */
  readonly completedBytes?: number;
  readonly totalBytes?: number;
}

export interface PullAnswer {
  readonly model: string;
}

/** The calls of a plugin that has a model. Those that it does not have are `undef`. */
export interface ModelCalls {
  chat(request: ChatRequest): ChatAnswer;
  embed(request: EmbedRequest): EmbedAnswer;
  models(): readonly ModelInfo[];
  /** Has the provider fetch a model, so that it can be asked. */
  pull(request: PullRequest): PullAnswer;
  /** Undefined: nobody has set it. */
  budget(key: string): ModelBudget | undefined;
  /** Sets its limits, and leaves what was spent. */
  setBudget(setting: BudgetSetting): ModelBudget;
  /** @throws RuntimeError `model_budget`: one of them has less left. */
  assertBudget(need: BudgetNeed): undefined;
}
