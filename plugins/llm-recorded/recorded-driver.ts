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
import type { Asking, Recorded, Recording } from "./recording.ts";

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
    const asking = this.#recording.ask("chat", request);
    const found = this.#find(asking);
    if (found === undefined) return await this.#ask(this.#model as ModelClient, asking, request, out);
    for (const delta of found.deltas ?? []) await out.write(delta);
    return ended<ChatEnd>(found);
  }

  async #ask(model: ModelClient, asking: Asking, request: ChatRequest, out: ChatOutlet): Promise<ChatEnd> {
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
      await this.#failed(asking, error, out.signal, deltas);
      throw error;
    }
    await this.#recording.append(asking, { deltas, answer });
    return answer;
  }

  async embed(request: EmbedRequest, signal: AbortSignal, trace?: string): Promise<EmbedAnswer> {
    const asking = this.#recording.ask("embed", request);
    const found = this.#find(asking);
    if (found !== undefined) return ended<EmbedAnswer>(found);
    let answer: EmbedAnswer;
    try {
      answer = await (this.#model as ModelClient).embed(request, { trace });
    } catch (error) {
      await this.#failed(asking, error, signal);
      throw error;
    }
    signal.throwIfAborted();
    await this.#recording.append(asking, { answer });
    return answer;
  }

  /** What was given up, or lost on this side, says nothing of the model, and would be replayed for ever. */
  async #failed(asking: Asking, error: unknown, signal: AbortSignal, deltas?: readonly AnswerDelta[]): Promise<void> {
    const failure = failureOf(error);
    if (signal.aborted || !isOfModel(failure.code)) return;
    await this.#recording.append(asking, { ...(deltas !== undefined && { deltas }), failure });
  }

  /** Undefined: the model is to be asked. @throws ModelError `model_rejected`: it may not be. */
  #find(asking: Asking): Recorded | undefined {
    const { mode, file } = this.#config;
    const found = mode === "record" ? undefined : this.#recording.find(asking);
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

/** What a provider says, and what a plugin refuses of a request: the same comes the next time. */
function isOfModel(code: string): boolean {
  return code.startsWith("model_") || code === "bad_argument" || code === "undef";
}

function failureOf(error: unknown): NonNullable<Recorded["failure"]> {
  const { code = "crashed", message } = errorData(error);
  const retryAfterMs = error instanceof ModelError ? error.retryAfterMs : undefined;
  return { code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}
