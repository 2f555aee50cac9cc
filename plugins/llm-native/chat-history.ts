/** A conversation of the contract in the form that node-llama-cpp gives to a model's template. */
import type { ChatHistoryItem, ChatModelFunctionCall, ChatModelFunctions } from "node-llama-cpp";
import {
  type ChatMessage,
  ModelError,
  RuntimeError,
  type ToolCall,
  type ToolSpec,
  toolInput,
} from "../../core/index.ts";
import { grammarSchema } from "./grammar-schema.ts";

/** An answer that was begun: calls have their results in it, and the model goes on behind them. */
type ModelTurn = Extract<ChatHistoryItem, { readonly type: "model" }>;

/** It ends with the turn that the model is to write. @throws RuntimeError `bad_argument`: a result of a call that nobody has made. */
export function chatHistory(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const items: ChatHistoryItem[] = [];
  const results = new Map<string, string>();
  const calls = new Set<string>();
  for (const message of messages) {
    if (message.role === "assistant") for (const { id } of message.toolCalls ?? []) calls.add(id);
    if (message.role !== "tool") continue;
    if (!calls.has(message.toolCallId))
      throw new RuntimeError(
        "bad_argument",
        `chat: a tool's message is for the call ${message.toolCallId}, which no message before it has`,
      );
    results.set(message.toolCallId, message.isError === true ? `Error: ${message.content}` : message.content);
  }
  for (const message of messages) {
    if (message.role === "system" || message.role === "user") items.push({ type: message.role, text: message.content });
    // What tools have said stands beside their calls.
    else if (message.role === "assistant") {
      const turn = openTurn(items);
      if (message.content !== undefined && message.content !== "") turn.response.push(message.content);
      turn.response.push(...(message.toolCalls ?? []).map((call, at) => callOf(call, results.get(call.id), at === 0)));
    }
  }
  openTurn(items);
  return items;
}

function openTurn(items: ChatHistoryItem[]): ModelTurn {
  const last = items.at(-1);
  if (last?.type === "model") return last;
  const turn: ModelTurn = { type: "model", response: [] };
  items.push(turn);
  return turn;
}

function callOf(call: ToolCall, result: string | undefined, startsNewChunk: boolean): ChatModelFunctionCall {
  return { type: "functionCall", name: call.name, params: toolInput(call), result: result ?? null, startsNewChunk };
}

export function modelFunctions(tools: readonly ToolSpec[]): ChatModelFunctions {
  return Object.fromEntries(
    tools.map(({ name, description, inputSchema }, at) => [
      name,
      {
        params: grammarSchema(inputSchema, `tools[${at}].inputSchema`),
        ...(description !== undefined && { description }),
      },
    ]),
  );
}

/** The texts as they are, one behind the other. @throws ModelError `model_rejected`: there are calls of tools in it. */
export function rawPrompt(messages: readonly ChatMessage[]): string {
  for (const message of messages)
    if (message.role === "tool" || (message.role === "assistant" && message.toolCalls !== undefined))
      throw new ModelError("model_rejected", "chat: calls of tools have no place in a prompt without a template");
  return messages.map(({ content = "" }) => content).join("");
}
