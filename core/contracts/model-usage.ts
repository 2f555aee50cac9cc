/** What a provider has counted, and what it calls its model: some say null for it, or a half of it, and an answer is one all the same. */
import type { ChatUsage } from "./model.ts";

type Said<T> = T | null | undefined;

/** Undefined: it is not two whole numbers from 0. */
export function chatUsage(said: Said<ChatUsage>): ChatUsage | undefined {
  const { inputTokens, outputTokens, cachedInputTokens, cost } = said ?? {};
  if (!isCount(inputTokens) || !isCount(outputTokens)) return undefined;
  return {
    inputTokens,
    outputTokens,
    ...(isCount(cachedInputTokens) && { cachedInputTokens }),
    ...(cost !== undefined && { cost }),
  };
}

/** Of an embedding. */
export function inputUsage(
  said: Said<Pick<ChatUsage, "inputTokens" | "cost">>,
): Pick<ChatUsage, "inputTokens" | "cost"> | undefined {
  const { inputTokens, cost } = said ?? {};
  return isCount(inputTokens) ? { inputTokens, ...(cost !== undefined && { cost }) } : undefined;
}

/** Empty: it has not said. */
export function modelName(said: unknown): string {
  return typeof said === "string" ? said : "";
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
