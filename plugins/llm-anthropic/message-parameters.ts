/** A chat, as the protocol of Anthropic's messages asks for it. */
import type {
  ContentBlockParam,
  MessageCreateParamsStreaming,
  MessageParam,
  ToolChoice,
} from "@anthropic-ai/sdk/resources/messages";
import { type ChatMessage, type ChatRequest, toolInput } from "../../core/index.ts";
import type { AnthropicConfig } from "./config.ts";

export function messageParameters(
  request: ChatRequest,
  { model, maxOutputTokens }: Pick<AnthropicConfig, "model" | "maxOutputTokens">,
): MessageCreateParamsStreaming {
  const { messages, tools = [], toolChoice, output, stop, temperature, topP } = request;
  const system = messages.filter(({ role }) => role === "system").map(({ content = "" }) => content);
  return {
    model: request.model ?? model,
    max_tokens: request.maxOutputTokens ?? maxOutputTokens,
    messages: turnsOf(messages),
    stream: true,
    ...(system.length > 0 && { system: system.join("\n\n") }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        name,
        input_schema: { ...inputSchema, type: "object" },
        ...(description !== undefined && { description }),
      })),
    }),
    ...(toolChoice !== undefined && tools.length > 0 && { tool_choice: choiceOf(toolChoice) }),
    ...(output !== undefined && { output_config: { format: { type: "json_schema", schema: { ...output.schema } } } }),
    ...(stop !== undefined && stop.length > 0 && { stop_sequences: [...stop] }),
    ...(temperature !== undefined && { temperature: Math.min(1, temperature) }),
    ...(topP !== undefined && { top_p: topP }),
  };
}

/** Results of tools are the user's here, and two turns of one side are one. */
function turnsOf(messages: readonly ChatMessage[]): MessageParam[] {
  const turns: { role: "user" | "assistant"; content: ContentBlockParam[] }[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const role = message.role === "assistant" ? "assistant" : "user";
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...blocksOf(message));
    else turns.push({ role, content: blocksOf(message) });
  }
  return turns;
}

function blocksOf(message: ChatMessage): ContentBlockParam[] {
  const { content = "" } = message;
  if (message.role === "tool")
    return [
      {
        type: "tool_result",
        tool_use_id: message.toolCallId,
        content,
        ...(message.isError === true && { is_error: true }),
      },
    ];
  const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
  // A block without text is refused.
  const text: ContentBlockParam[] = content === "" && calls.length > 0 ? [] : [{ type: "text", text: content }];
  return [
    ...text,
    ...calls.map((call) => ({ type: "tool_use" as const, id: call.id, name: call.name, input: toolInput(call) })),
  ];
}

function choiceOf(choice: NonNullable<ChatRequest["toolChoice"]>): ToolChoice {
  if (typeof choice === "object") return { type: "tool", name: choice.name };
  return { type: choice === "required" ? "any" : choice };
}
