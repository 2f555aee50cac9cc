/** Another plugin's model, or what it has said: by its recording. */
import {
  type AnswerDelta,
  type ChatEnd,
  type ChatOutlet,
  type ChatRequest,
  type EmbedAnswer,
  type EmbedRequest,
  errorData,
  type ModelClient,
  type ModelDriver,
  ModelError,
} from "../../core/index.ts";
import type { RecordedConfig } from "./config.ts";
import type { Recorded, Recording } from "./recording.ts";

export class RecordedDriver implements ModelDriver {
  /** Undefined: all is replayed. */
  readonly #model: ModelClient | undefined;
  readonly #recording: Recording;
  readonly #config: RecordedConfig;

  constructor(model: ModelClient | undefined, recording: Recording, config: RecordedConfig) {
    this.#model = model;
    this.#recording = recording;
    this.#config = config;
  }

  async chat(request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const found = this.#find("chat", request);
    if (found === undefined) return await this.#ask(this.#model as ModelClient, request, out);
    for (const delta of found.deltas ?? []) await out.write(delta);
    return ended<ChatEnd>(found);
  }

  async #ask(model: ModelClient, request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
    const deltas: AnswerDelta[] = [];
    const chat = model.chat(request, { signal: out.signal, trace: out.trace });
    let answer: ChatEnd;
    try {
      for await (const delta of chat) {
        deltas.push(delta);
        await out.write(delta);
      }
      const { model: named, finishReason, usage } = await chat.answer();
      answer = { model: named, finishReason, usage };
    } catch (error) {
      // One that was given up here has said nothing of the model.
      if (!out.signal.aborted)
        await this.#recording.append({ question: "chat", asked: request, deltas, failure: failureOf(error) });
      throw error;
    }
    await this.#recording.append({ question: "chat", asked: request, deltas, answer });
    return answer;
  }

  async embed(request: EmbedRequest, _signal: AbortSignal, trace?: string): Promise<EmbedAnswer> {
    const found = this.#find("embed", request);
    if (found !== undefined) return ended<EmbedAnswer>(found);
    let answer: EmbedAnswer;
    try {
      answer = await (this.#model as ModelClient).embed(request, { trace });
    } catch (error) {
      await this.#recording.append({ question: "embed", asked: request, failure: failureOf(error) });
      throw error;
    }
    await this.#recording.append({ question: "embed", asked: request, answer });
    return answer;
  }

  /** Undefined: the model is to be asked. @throws ModelError `model_rejected`: it may not be. */
  #find(question: Recorded["question"], asked: unknown): Recorded | undefined {
    const { mode, file } = this.#config;
    const found = mode === "record" ? undefined : this.#recording.find(question, asked);
    if (found === undefined && mode === "replay")
      throw new ModelError(
        "model_rejected",
        `${file} has no answer to this request: record it with mode: "record" or "auto"`,
      );
    return found;
  }

  close(): Promise<void> {
    return this.#recording.close();
  }
}

function ended<T extends ChatEnd | EmbedAnswer>({ answer, failure }: Recorded): T {
  if (failure !== undefined) throw new ModelError(failure.code, failure.message, failure);
  return answer as T;
}

function failureOf(error: unknown): NonNullable<Recorded["failure"]> {
  const { code = "crashed", message } = errorData(error);
  const retryAfterMs = error instanceof ModelError ? error.retryAfterMs : undefined;
  return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
