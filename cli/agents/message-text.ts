/** Messages and sums of a session, for people. */
import type { SessionState } from "../../actors/index.ts";
import type { ChatMessage } from "../../core/index.ts";
import { oneLine } from "../attach/table.ts";
import { countText } from "../number-text.ts";

const charsMax = 400;

export function messageText(message: ChatMessage): string {
  const { role, content = "" } = message;
  const calls =
    message.role === "assistant" ? (message.toolCalls ?? []).map((call) => `${call.name} ${call.arguments}`) : [];
  return oneLine([`${role}:`, content, ...calls.map((call) => `[${call}]`)].join(" "), charsMax);
}

export function usageText({
  turns,
  usage,
  estimateError,
}: Pick<SessionState, "turns" | "usage" | "estimateError">): string {
  const { inputTokens, outputTokens, cost } = usage;
  const price = cost === undefined ? "" : `, ${cost.amount.toFixed(6)} ${cost.currency}`;
  const off = estimateError === undefined ? "" : `; the last estimate was ${Math.round(estimateError * 100)} % off`;
  return `${countText(turns, "turn")}, ${inputTokens} tokens read, ${outputTokens} written${price}${off}`;
}
