/** What a chat has a model read: its tokens, and how it goes on behind them. */
import type { ChatHistoryItem, ChatModelFunctions, LlamaContextSequence, Token } from "node-llama-cpp";
import { type ChatRequest, ModelError, RuntimeError } from "../../core/index.ts";
import { chatHistory, modelFunctions, rawPrompt } from "./chat-history.ts";
import type { LoadedModel } from "./loaded-model.ts";

export interface Prompt {
  readonly tokens: readonly Token[];
  /** Undefined: a text without a template. */
  readonly history: ChatHistoryItem[] | undefined;
  readonly functions: ChatModelFunctions | undefined;
  /** Tokens that an answer may have. */
  readonly maxTokens: number;
}

/** Behind the name of a model: without its template. */
export const rawSuffix = "/raw";
/** Read at a time: between two of them a chat can be given up. */
const chunk = 256;
/** Places of a context that an answer leaves free, where llama.cpp would begin to forget. */
const spare = 2;

/** @throws ModelError `model_unknown`, `model_rejected`, `model_context`; RuntimeError `bad_argument`. */
export function promptOf(request: ChatRequest, { model, name, wrapper, context }: LoadedModel): Prompt {
  const { messages, tools = [], toolChoice = "auto", output, maxOutputTokens } = request;
  const asked = request.model ?? name;
  const isRaw = asked === name + rawSuffix;
  if (!isRaw && asked !== name)
    throw new ModelError("model_unknown", `there is no model ${asked} here: ask ${name} or ${name}${rawSuffix}`);
  if (toolChoice !== "auto" && toolChoice !== "none")
    throw new ModelError("model_rejected", "chat: llama.cpp cannot be made to call a tool: leave toolChoice out");
  const offered = toolChoice === "none" ? [] : tools;
  if (offered.length > 0 && isRaw)
    throw new ModelError("model_rejected", "chat: tools have no place in a prompt without a template");
  if (offered.length > 0 && output !== undefined)
    throw new ModelError(
      "model_rejected",
      "chat: llama.cpp binds an answer by output or offers it tools, and not both",
    );
  const functions = offered.length > 0 ? modelFunctions(offered) : undefined;
  const history = isRaw ? undefined : chatHistory(messages);
  const tokens =
    history === undefined
      ? rawTokens(rawPrompt(messages), model)
      : wrapper
          .generateContextState({
            chatHistory: history,
            ...(functions !== undefined && { availableFunctions: functions, documentFunctionParams: true }),
          })
          .contextText.tokenize(model.tokenizer);
  if (tokens.length === 0)
    throw new RuntimeError("bad_argument", "chat: there is nothing to go on from: say something");
  const room = context.contextSize - spare - tokens.length;
  if (room < 1)
    throw new ModelError(
      "model_context",
      `chat: the request has ${tokens.length} tokens, and with its answer there is room for ${context.contextSize} (contextSize)`,
    );
  return { tokens, history, functions, maxTokens: Math.min(maxOutputTokens ?? room, room) };
}

function rawTokens(text: string, { tokenizer, tokens: { bos, shouldPrependBosToken } }: LoadedModel["model"]): Token[] {
  const tokens = tokenizer(text, true);
  return shouldPrependBosToken && bos !== null && tokens[0] !== bos ? [bos, ...tokens] : tokens;
}

/**
 * All but the last token, which begins the answer.
 * @param heard called behind each part
 * @throws the signal's reason, by rejection, when that is aborted
 */
export async function readPrompt(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  signal: AbortSignal,
  heard: () => void,
): Promise<void> {
  const whole = tokens.slice(0, -1);
  await sequence.adaptStateToTokens([...whole], false);
  for (let at = sequence.nextTokenIndex; at < whole.length; at += chunk) {
    signal.throwIfAborted();
    await sequence.evaluateWithoutGeneratingNewTokens(whole.slice(at, at + chunk));
    heard();
  }
  signal.throwIfAborted();
}
