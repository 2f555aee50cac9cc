/** Chats and embeddings of models that run here, by the package `node-llama-cpp`. */
import {
  type ChatHistoryItem,
  type ChatModelFunctions,
  type GenerationOptions,
  LlamaChat,
  LlamaCompletion,
  type LlamaContextSequence,
  type LlamaGrammar,
  type StopReason,
} from "node-llama-cpp";
import {
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  errorData,
  type FinishReason,
  type JsonSchema,
  type ModelDriver,
  ModelError,
  type ModelInfo,
  type PluginHealth,
} from "../../core/index.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { NativeConfig } from "./config.ts";
import { grammarSchema } from "./grammar-schema.ts";
import { LoadedModel } from "./loaded-model.ts";
import { type Prompt, promptOf, rawSuffix, readPrompt } from "./prompt.ts";

/** Those that were asked for last, by their text. */
const grammarsMax = 100;

export class NativeDriver implements ModelDriver {
  readonly #loaded: LoadedModel;
  readonly #grammars = new Map<string, Promise<LlamaGrammar>>();

  private constructor(loaded: LoadedModel) {
    this.#loaded = loaded;
  }

  /** @throws RuntimeError `model_failed`, by rejection. */
  static async open(config: NativeConfig, signal: AbortSignal, log: (text: string) => void): Promise<NativeDriver> {
    return new NativeDriver(await LoadedModel.load(config, signal, log));
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const { pool, name } = this.#loaded;
    const prompt = promptOf(request, this.#loaded);
    const grammar = request.output && (await this.#grammar(request.output.schema));
    const writer = new AnswerWriter(out, request.messages.length, request.stop ?? []);
    const options: GenerationOptions = {
      signal: writer.signal,
      maxTokens: prompt.maxTokens,
      repeatPenalty: false,
      ...sampling(request),
      ...(grammar !== undefined && { grammar }),
    };
    const sequence = await pool.take(prompt.tokens, out.signal, () => out.heard());
    let answered: Answered;
    try {
      answered = await this.#answer(sequence, prompt, options, writer, () => {
        out.heard();
        pool.beat();
      });
    } catch (error) {
      // What is in it may be anything; who has given up has left it as it should be.
      if (!writer.signal.aborted) await sequence.clearHistory();
      throw error;
    } finally {
      pool.give(sequence);
    }
    await writer.end();
    return { ...answered, model: request.model ?? name };
  }

  async #answer(
    sequence: LlamaContextSequence,
    prompt: Prompt,
    options: GenerationOptions,
    writer: AnswerWriter,
    heard: () => void,
  ): Promise<Answered> {
    const { tokens, history } = prompt;
    const before = sequence.tokenMeter.getState();
    const known = Math.min(sequence.compareContextTokens(tokens).firstDifferentIndex, tokens.length - 1);
    await readPrompt(sequence, tokens, options.signal, heard);
    let stopReason: StopReason;
    try {
      stopReason =
        history === undefined
          ? await this.#goOn(sequence, tokens, options, writer, heard)
          : await this.#reply(sequence, history, prompt.functions, options, writer, heard);
    } catch (error) {
      if (!writer.isOver) throw error;
      stopReason = "customStopTrigger";
    }
    const { usedOutputTokens: outputTokens } = sequence.tokenMeter.diff(before);
    return {
      finishReason: finishReason(stopReason),
      usage: { inputTokens: tokens.length, outputTokens, cachedInputTokens: known },
    };
  }

  /** Behind a text without a template. */
  async #goOn(
    contextSequence: LlamaContextSequence,
    tokens: Prompt["tokens"],
    options: GenerationOptions,
    writer: AnswerWriter,
    heard: () => void,
  ): Promise<StopReason> {
    const completion = new LlamaCompletion({ contextSequence });
    try {
      const { metadata } = await completion.generateCompletionWithMeta(tokens.slice(this.#bosOf(tokens)), {
        ...options,
        onTextChunk(text) {
          heard();
          writer.text(text);
        },
        contextShiftSize: 1,
        disableContextShift: true,
      });
      return metadata.stopReason;
    } finally {
      completion.dispose();
    }
  }

  /** As the model's template has it. */
  async #reply(
    contextSequence: LlamaContextSequence,
    history: ChatHistoryItem[],
    functions: ChatModelFunctions | undefined,
    options: GenerationOptions,
    writer: AnswerWriter,
    heard: () => void,
  ): Promise<StopReason> {
    const chat = new LlamaChat({ contextSequence, chatWrapper: this.#loaded.wrapper });
    try {
      const { metadata, functionCalls = [] } = await chat.generateResponse(history, {
        ...options,
        onResponseChunk({ type, text }) {
          heard();
          if (type === undefined) writer.text(text);
        },
        ...(functions !== undefined && {
          functions,
          documentFunctionParams: true,
          onFunctionCallParamsChunk(part) {
            heard();
            writer.call(part);
          },
        }),
        contextShift: { size: 1, strategy: forget },
      });
      writer.calls(functionCalls);
      return metadata.stopReason;
    } finally {
      chat.dispose();
    }
  }

  /** The first token of a text is put before it by the package itself. */
  #bosOf(tokens: Prompt["tokens"]): 0 | 1 {
    const { bos, shouldPrependBosToken } = this.#loaded.model.tokens;
    return shouldPrependBosToken && tokens[0] === bos ? 1 : 0;
  }

  async #grammar(schema: JsonSchema): Promise<LlamaGrammar> {
    const key = JSON.stringify(schema);
    let grammar = this.#grammars.get(key);
    if (grammar === undefined) {
      const said = grammarSchema(schema, "output.schema");
      grammar = this.#loaded.llama.createGrammarForJsonSchema(said);
      const [oldest] = this.#grammars.keys();
      if (this.#grammars.size >= grammarsMax) this.#grammars.delete(oldest as string);
      this.#grammars.set(key, grammar);
    }
    try {
      return await grammar;
    } catch (error) {
      this.#grammars.delete(key);
      const why = `chat: output.schema cannot be made a grammar of: ${errorData(error).message}`;
      throw new ModelError("model_rejected", why, { cause: error });
    }
  }

  async embed({ model, texts }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    const name = this.#loaded.embeddingName;
    if (model !== undefined && model !== name)
      throw new ModelError("model_unknown", `there is no model of embeddings ${model} here: ask ${name}`);
    const context = await this.#loaded.embedding();
    const contextSize = this.#loaded.embeddingSize;
    const vectors: (readonly number[])[] = [];
    let inputTokens = 0;
    for (const [at, text] of texts.entries()) {
      signal.throwIfAborted();
      const length = context.calculateInputLength(text);
      if (length > contextSize)
        throw new ModelError(
          "model_context",
          `embed: texts[${at}] has ${length} tokens, and there is room for ${contextSize} (contextSize)`,
        );
      inputTokens += length;
      vectors.push([...(await context.getEmbeddingFor(text)).vector]);
    }
    return { model: name, vectors, usage: { inputTokens } };
  }

  async models(): Promise<readonly ModelInfo[]> {
    const { name, embeddingName } = this.#loaded;
    return [...new Set([name, name + rawSuffix, embeddingName])].map((one) => ({ name: one }));
  }

  health(): PluginHealth {
    return { status: "up", detail: this.#loaded.description };
  }

  async close(): Promise<void> {
    await this.#loaded.llama.dispose();
  }
}

type Answered = Omit<ChatEnd, "model">;

/** Without a temperature the likeliest token is taken each time. */
function sampling({ temperature, topP, seed }: ChatRequest): Pick<GenerationOptions, "temperature" | "topP" | "seed"> {
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(seed !== undefined && { seed: Number(BigInt.asUintN(32, BigInt(seed))) }),
  };
}

/** An answer never comes so far: the beginning of a conversation is not forgotten behind anybody's back. */
function forget(): never {
  throw new ModelError("model_context", "chat: the context is full (contextSize)");
}

function finishReason(reason: StopReason): FinishReason {
  switch (reason) {
    case "maxTokens":
      return "length";
    case "functionCalls":
      return "toolCalls";
    case "abort":
    case "customStopTrigger":
    case "eogToken":
    case "stopGenerationTrigger":
      return "stop";
  }
}
