/** A chat, as the protocol of OpenAI's chat completions asks for it. */
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
  ChatCompletionToolChoiceOption,
} from "openai/resources/chat/completions";
import type { ChatMessage, ChatRequest } from "../../core/index.ts";
import type { OpenaiConfig } from "./config.ts";

export function chatParameters(
  request: ChatRequest,
  { model, maxTokensField }: Pick<OpenaiConfig, "model" | "maxTokensField">,
): ChatCompletionCreateParamsStreaming {
  const { messages, tools = [], toolChoice, output, stop, maxOutputTokens, temperature, topP, seed } = request;
  return {
    model: request.model ?? model,
    messages: messages.map(messageOf),
    stream: true,
    stream_options: { include_usage: true },
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, inputSchema }) => ({
        type: "function",
        function: { name, parameters: { ...inputSchema }, ...(description !== undefined && { description }) },
      })),
    }),
    ...(toolChoice !== undefined && tools.length > 0 && { tool_choice: choiceOf(toolChoice) }),
    ...(output !== undefined && {
      response_format: { type: "json_schema", json_schema: { name: output.name, schema: { ...output.schema } } },
    }),
    ...(stop !== undefined && stop.length > 0 && { stop: [...stop] }),
    ...(maxOutputTokens !== undefined && { [maxTokensField]: maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(seed !== undefined && { seed }),
  };
}

function messageOf(message: ChatMessage): ChatCompletionMessageParam {
  if (message.role === "tool") return { role: "tool", tool_call_id: message.toolCallId, content: message.content };
  if (message.role !== "assistant") return { role: message.role, content: message.content };
  const { content, toolCalls = [] } = message;
  return {
    role: "assistant",
    ...(content !== undefined && { content }),
    ...(toolCalls.length > 0 && {
      tool_calls: toolCalls.map(({ id, name, arguments: said }) => ({
        id,
        type: "function",
        function: { name, arguments: said },
      })),
    }),
  };
}

function choiceOf(choice: NonNullable<ChatRequest["toolChoice"]>): ChatCompletionToolChoiceOption {
  return typeof choice === "string" ? choice : { type: "function", function: { name: choice.name } };
}
