/** A model that says what it was told to say: by its configuration alone, the same every time. */
import {
  type ChatEnd,
  type ChatMessage,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  type ModelDriver,
  ModelError,
  type ModelInfo,
  pause,
  SeededRandom,
} from "../../core/index.ts";
import type { ScriptedConfig } from "./config.ts";
import { ruleFor, type ScriptedAnswer } from "./script.ts";

const charsOfToken = 4;

export class ScriptedDriver implements ModelDriver {
  readonly #config: ScriptedConfig;
  readonly #random: SeededRandom;
  #chats = 0;

  constructor(config: ScriptedConfig) {
    this.#config = config;
    this.#random = new SeededRandom(config.seed);
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const { turns, rules, faultsPerMille, model, firstDeltaMs, deltaMs } = this.#config;
    const chat = this.#chats++;
    // Drawn in the order of the chats, whatever they say.
    const isFault = this.#random.below(1_000) < faultsPerMille;
    const answer = turns[chat] ?? ruleFor(rules, request)?.answer;
    if (answer === undefined)
      throw new ModelError("model_refused", `${model}: no rule holds for ${JSON.stringify(lastOf(request).content)}`);
    const error = isFault ? { code: "model_overloaded", message: "an injected fault", retryAfterMs: 1 } : answer.error;
    const deltas = this.#deltasOf(answer, request, chat);
    const deltasMax = error === undefined ? deltas.length : Math.min(error.afterDeltas ?? 0, deltas.length);
    await pause(firstDeltaMs, out.signal);
    for (const [place, delta] of deltas.slice(0, deltasMax).entries()) {
      if (place > 0) await pause(deltaMs, out.signal);
      await out.write(delta);
    }
    if (error !== undefined)
      throw new ModelError(error.code, `${model}: ${error.message ?? "as its script says"}`, error);
    const { toolCalls = [], finishReason = toolCalls.length > 0 ? "toolCalls" : "stop" } = answer;
    const written = deltas.map((delta) => (delta.type === "text" ? delta.text : delta.arguments)).join("");
    const read = request.messages.map(({ content = "" }) => content).join("");
    const usage = answer.usage ?? { inputTokens: tokensOf(read), outputTokens: tokensOf(written) };
    return { model: request.model ?? model, finishReason, usage };
  }

  #deltasOf({ content = "", toolCalls = [] }: ScriptedAnswer, request: ChatRequest, chat: number) {
    const { deltaChars } = this.#config;
    const parts = (text: string): string[] => {
      // By characters: none is cut in two.
      const chars = Array.from(text);
      return Array.from({ length: Math.ceil(chars.length / deltaChars) }, (_, part) =>
        chars.slice(part * deltaChars, (part + 1) * deltaChars).join(""),
      );
    };
    const texts = parts(content.replaceAll("{last}", () => lastOf(request).content ?? ""));
    return [
      ...texts.map((text) => ({ type: "text", text }) as const),
      ...toolCalls.flatMap(({ id = `call-${chat}`, name, arguments: given }, index) => {
        const [first = "", ...rest] = parts(typeof given === "string" ? given : JSON.stringify(given));
        return [
          {
            type: "toolCall",
            index,
            id: toolCalls.length > 1 ? `${id}-${index}` : id,
            name,
            arguments: first,
          } as const,
          ...rest.map((one) => ({ type: "toolCall", index, arguments: one }) as const),
        ];
      }),
    ];
  }

  /** Words as directions: texts that share words are near one another. */
  embed({ texts, model = this.#config.model }: EmbedRequest): Promise<EmbedAnswer> {
    const vectors = texts.map((text) => this.#vectorOf(text));
    return Promise.resolve({ model, vectors, usage: { inputTokens: tokensOf(texts.join("")) } });
  }

  #vectorOf(text: string): number[] {
    const { dimensions } = this.#config;
    const vector = new Array<number>(dimensions).fill(0);
    for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [text]) {
      const place = hashOf(word) % dimensions;
      vector[place] = (vector[place] as number) + 1;
    }
    const length = Math.hypot(...vector);
    return vector.map((part) => part / length);
  }

  models(): Promise<readonly ModelInfo[]> {
    return Promise.resolve([{ name: this.#config.model }]);
  }
}

function lastOf({ messages }: ChatRequest): ChatMessage {
  return messages.at(-1) as ChatMessage; // there is one
}

const tokensOf = ({ length }: string): number => Math.ceil(length / charsOfToken);

/** FNV-1a, 32 bits. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5;
  for (const char of word) hash = Math.imul(hash ^ (char.codePointAt(0) as number), 0x01000193) >>> 0;
  return hash;
}
