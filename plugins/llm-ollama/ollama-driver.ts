/** The protocol of Ollama, by its package. */
import {
  type ChatResponse,
  type Message,
  Ollama,
  type ChatRequest as OllamaRequest,
  type ProgressResponse,
} from "ollama";
import {
  type BoundedFetch,
  type ChatEnd,
  type ChatMessage,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  eventWeightMax,
  type ModelDriver,
  ModelError,
  type ModelInfo,
  type PullOutlet,
  type PullProgress,
  RuntimeError,
  toolInput,
  vectorsWeightMax,
} from "../../core/index.ts";
import type { OllamaConfig } from "./config.ts";
import { codeOf, ollamaFetch } from "./ollama-fetch.ts";

export class OllamaDriver implements ModelDriver {
  readonly #config: OllamaConfig;

  constructor(config: OllamaConfig) {
    this.#config = config;
  }

  /** One for each question: it has no other way to end one before its answer begins. */
  #client(signal: AbortSignal, bound: BoundedFetch = {}): Ollama {
    return new Ollama({ host: serverUrl(this.#config.baseUrl), fetch: ollamaFetch(bound, signal) });
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const asked = { ...chatParameters(request, this.#config), ...this.#keepAlive };
    const bound = { eventWeightMax: eventWeightMax(this.#config.maxAnswerChars), heard: () => out.heard() };
    try {
      return await read(
        await this.#client(out.signal, bound).chat({ ...asked, stream: true }),
        out,
        request.messages.length,
      );
    } catch (error) {
      throw failureOf(error);
    }
  }

  async embed({ model = this.#config.embeddingModel, texts }: EmbedRequest, signal: AbortSignal): Promise<EmbedAnswer> {
    if (model === "")
      throw new RuntimeError("bad_argument", "embed: neither the request nor embeddingModel names a model: name one");
    const client = this.#client(signal, { weightMax: vectorsWeightMax(texts.length) });
    const answer = await client.embed({ model, input: [...texts], ...this.#keepAlive });
    if (answer.embeddings.length !== texts.length)
      throw new ModelError("model_protocol", `${answer.embeddings.length} vectors came for ${texts.length} texts`);
    return { model: answer.model, vectors: answer.embeddings, usage: { inputTokens: answer.prompt_eval_count ?? 0 } };
  }

  get #keepAlive(): { readonly keep_alive?: string | number } {
    const { keepAlive } = this.#config;
    if (keepAlive === "") return {};
    // A time without a unit is a number of seconds, and a text is none.
    return { keep_alive: /^-?\d+$/.test(keepAlive) ? Number(keepAlive) : keepAlive };
  }

  async models(signal: AbortSignal): Promise<readonly ModelInfo[]> {
    const { models } = await this.#client(signal).list();
    return models.map(({ name }) => ({ name }));
  }

  async pull(model: string, { signal, write }: PullOutlet): Promise<void> {
    let status = "";
    try {
      const parts = await this.#client(signal, { eventWeightMax: eventWeightMax(0) }).pull({ model, stream: true });
      for await (const part of parts) {
        status = part.status;
        await write(pullProgress(part));
      }
    } catch (error) {
      throw failureOf(error);
    }
    if (status !== "success")
      throw new ModelError(
        "model_network",
        `the fetch of ${model} broke off: its last word was ${JSON.stringify(status)}`,
      );
  }
}

function pullProgress({ status, completed, total }: ProgressResponse): PullProgress {
  const isCounted = Number.isFinite(total) && Number.isFinite(completed);
  return { status, ...(isCounted && { completedBytes: completed, totalBytes: total }) };
}

function chatParameters(request: ChatRequest, { model }: OllamaConfig): OllamaRequest {
  const { messages, tools = [], toolChoice = "auto", output, stop, maxOutputTokens, temperature, topP, seed } = request;
  if (toolChoice !== "auto" && toolChoice !== "none")
    throw new ModelError("model_rejected", "chat: Ollama cannot be made to call a tool: leave toolChoice out");
  return {
    model: request.model ?? model,
    messages: messages.map((message, place) => messageOf(message, messages.slice(0, place))),
    ...(tools.length > 0 &&
      toolChoice === "auto" && {
        tools: tools.map(({ name, description, inputSchema }) => ({
          type: "function",
          function: { name, parameters: inputSchema, ...(description !== undefined && { description }) },
        })),
      }),
    ...(output !== undefined && { format: { ...output.schema } }),
    options: {
      ...(stop !== undefined && { stop: [...stop] }),
      ...(maxOutputTokens !== undefined && { num_predict: maxOutputTokens }),
      ...(temperature !== undefined && { temperature }),
      ...(topP !== undefined && { top_p: topP }),
      ...(seed !== undefined && { seed }),
    },
  };
}

function messageOf(message: ChatMessage, before: readonly ChatMessage[]): Message {
  const { role, content = "" } = message;
  if (role === "tool") return { role, content, tool_name: toolOf(message.toolCallId, before) };
  if (role !== "assistant" || message.toolCalls === undefined) return { role, content };
  return {
    role,
    content,
    tool_calls: message.toolCalls.map((call) => ({ function: { name: call.name, arguments: toolInput(call) } })),
  };
}

/** Its protocol has the tool's name where others have the call's id. */
function toolOf(id: string, before: readonly ChatMessage[]): string {
  for (const message of before.toReversed()) {
    const call = message.role === "assistant" ? message.toolCalls?.find((one) => one.id === id) : undefined;
    if (call !== undefined) return call.name;
  }
  throw new RuntimeError(
    "bad_argument",
    `chat: a tool's message is for the call ${id}, which no message before it has`,
  );
}

const defaultPort = 11_434;

/** Servers are told where to listen by the same word: that is no place to ask. */
function serverUrl(said: string): string {
  const isUrl = /^https?:/.test(said);
  const url = new URL(isUrl ? said : `http://${said}`);
  if (url.hostname === "0.0.0.0") url.hostname = "127.0.0.1";
  if (url.port === "" && !isUrl) url.port = String(defaultPort);
  return url.href.replace(/\/$/, "");
}

/** @param turn how many messages came before */
async function read(stream: AsyncIterable<ChatResponse>, out: ChatOutlet, turn: number): Promise<ChatEnd> {
  let calls = 0;
  for await (const { model, message, done, done_reason, prompt_eval_count, eval_count } of stream) {
    if (message.content !== "") await out.write({ type: "text", text: message.content });
    for (const { function: called } of message.tool_calls ?? []) {
      const index = calls++;
      // It names none: unique in the conversation, as others' are.
      await out.write({
        type: "toolCall",
        index,
        id: `call_${turn}_${index}`,
        name: called.name,
        arguments: JSON.stringify(called.arguments),
      });
    }
    if (!done) continue;
    const finishReason = done_reason === "length" ? "length" : calls > 0 ? "toolCalls" : "stop";
    const isCounted = prompt_eval_count !== undefined || eval_count !== undefined;
    return {
      model,
      finishReason,
      usage: isCounted ? { inputTokens: prompt_eval_count ?? 0, outputTokens: eval_count ?? 0 } : undefined,
    };
  }
  throw new ModelError("model_network", "the answer broke off: its last line is missing");
}

/** A failure in the middle of a stream is a text. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof RuntimeError || error.name !== "Error") return error;
  if (error.cause !== undefined) return error;
  const code = codeOf(undefined, error.message);
  return new ModelError(code, error.message, { cause: error });
}
