/** What of a conversation a model is sent, so that it fits; and what that comes to in tokens, as far as that can be known before. */
import type { ChatMessage, ChatUsage } from "../../core/index.ts";

const charsOfToken = 4;
/** What stands around a message. */
const tokensOfMessage = 4;

/** An estimate that is further off than that is no matter of the language, but of what is not counted here. */
const factorMin = 0.25;
const factorMax = 4;

/** What a model is sent, as far as it is counted: messages, and the texts of tools and of an answer's form. */
export interface Counted {
  readonly messages: readonly ChatMessage[];
  readonly beside?: unknown;
}

/** Tokens by the length of texts, set right by what the provider has counted. */
export class TokenEstimate {
  #factor = 1;
  #last: { readonly estimated: number; readonly counted: number } | undefined;

  of(messages: readonly ChatMessage[]): number {
    return this.ofAll({ messages });
  }

  ofAll(counted: Counted): number {
    return Math.ceil(rawOf(counted) * this.#factor);
  }

  /** @param sent what the provider was sent */
  learn(sent: Counted, usage: ChatUsage | undefined): void {
    const raw = rawOf(sent);
    if (usage === undefined || usage.inputTokens <= 0 || raw === 0) return;
    this.#last = { estimated: this.ofAll(sent), counted: usage.inputTokens };
    this.#factor = Math.min(factorMax, Math.max(factorMin, usage.inputTokens / raw));
  }

  /** How far the last estimate was off: 0.1 is ten percent too many. Undefined: no provider has counted yet. */
  get error(): number | undefined {
    return this.#last && this.#last.estimated / this.#last.counted - 1;
  }
}

function rawOf({ messages, beside }: Counted): number {
  const chars = beside === undefined ? 0 : JSON.stringify(beside).length;
  return rawTokens(messages) + Math.ceil(chars / charsOfToken);
}

function rawTokens(messages: readonly ChatMessage[]): number {
  let chars = 0;
  for (const message of messages) {
    chars += message.content?.length ?? 0;
    if (message.role === "assistant")
      for (const { name, arguments: given } of message.toolCalls ?? []) chars += name.length + given.length;
  }
  return Math.ceil(chars / charsOfToken) + messages.length * tokensOfMessage;
}

/**
 * How many of the first messages are to be left out, so that the rest has at most so many tokens: whole turns, and never the last one.
 * @param turns the places of the messages that have begun one
 */
export function cutFor(
  messages: readonly ChatMessage[],
  turns: readonly number[],
  tokensMax: number,
  estimate: TokenEstimate,
): number {
  let cut = turns.at(-1) ?? 0;
  let tokens = estimate.of(messages.slice(cut));
  for (const start of turns.slice(0, -1).reverse()) {
    tokens += estimate.of(messages.slice(start, cut));
    if (tokens > tokensMax) return cut;
    cut = start;
  }
  // What is before the first of them belongs to none.
  return cut;
}

/** What the model is asked, to sum up the beginning of a conversation. @param charsMax of one message */
export function summaryRequest(
  summary: string | undefined,
  messages: readonly ChatMessage[],
  charsMax: number,
): ChatMessage[] {
  const before = summary === undefined ? "" : `What came before it, in short:\n${summary}\n\n`;
  return [
    {
      role: "system",
      content:
        "You sum up the beginning of a conversation for whoever goes on with it. Keep facts, names, numbers, decisions, " +
        "what was asked for and is still open, and what tools have found and done. Write nothing but the summary.",
    },
    {
      role: "user",
      content: `${before}The conversation:\n${messages.map((message) => lineOf(message).slice(0, charsMax)).join("\n")}`,
    },
  ];
}

function lineOf(message: ChatMessage): string {
  const { role, content = "" } = message;
  const calls =
    message.role === "assistant"
      ? (message.toolCalls ?? []).map(({ name, arguments: given }) => `[calls ${name} ${given}]`)
      : [];
  return `${role}: ${[content, ...calls].filter((text) => text !== "").join(" ")}`;
}

/** As the model reads it, behind its instructions. */
export function summaryText(summary: string): string {
  return `The conversation so far, in short:\n${summary}`;
}
