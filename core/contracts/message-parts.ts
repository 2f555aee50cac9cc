/** Messages of a chat in the shape that OpenTelemetry's conventions for generative AI have for them: each with its parts. */
import type { ChatAnswer, ChatMessage, ToolCall } from "./model.ts";

type Part = Readonly<Record<string, unknown>>;

/** What a model was asked. */
export function inputMessages(messages: readonly ChatMessage[]): readonly Part[] {
  return messages.map((message) => {
    if (message.role === "tool")
      return {
        role: "tool",
        parts: [{ type: "tool_call_response", id: message.toolCallId, response: message.content }],
      };
    const { role, content } = message;
    return { role, parts: partsOf(content, message.role === "assistant" ? message.toolCalls : undefined) };
  });
}

/** What it has answered. @param reason why it stopped, in the conventions' word */
export function outputMessages({ content, toolCalls }: ChatAnswer, reason: string): readonly Part[] {
  return [{ role: "assistant", parts: partsOf(content, toolCalls), finish_reason: reason }];
}

function partsOf(content: string | undefined, toolCalls: readonly ToolCall[] = []): readonly Part[] {
  const text = content === undefined || content === "" ? [] : [{ type: "text", content }];
  return [
    ...text,
    ...toolCalls.map(({ id, name, arguments: given }) => ({ type: "tool_call", id, name, arguments: given })),
  ];
}
