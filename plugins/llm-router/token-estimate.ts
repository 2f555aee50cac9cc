/** How many tokens something will be, before a provider has counted them: by its bytes. */
import type { ChatDelta, ChatRequest, EmbedRequest } from "../../core/index.ts";

/** Of UTF-8. Of English a token has about four letters, of Chinese about one character of three bytes. */
const bytesPerToken = 4;
/** What providers put around each message. */
const tokensPerMessage = 4;

export function tokensOfText(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / bytesPerToken);
}

export function inputTokensOf(request: Omit<ChatRequest, "budgets"> | Omit<EmbedRequest, "budgets">): number {
  if ("texts" in request) return request.texts.reduce((sum, text) => sum + tokensOfText(text), 0);
  const { messages, tools = [], output } = request;
  const beside = tools.length > 0 || output !== undefined ? tokensOfText(JSON.stringify([tools, output])) : 0;
  return messages.reduce((sum, message) => {
    const calls = message.role === "assistant" && message.toolCalls ? JSON.stringify(message.toolCalls) : "";
    return sum + tokensPerMessage + tokensOfText((message.content ?? "") + calls);
  }, beside);
}

/** What a delta says, in bytes. */
export function bytesOfDelta(delta: ChatDelta): number {
  if (delta.type === "text") return Buffer.byteLength(delta.text);
  return delta.type === "toolCall" ? Buffer.byteLength((delta.name ?? "") + delta.arguments) : 0;
}
