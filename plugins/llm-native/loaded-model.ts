/** llama.cpp with the models of a configuration in it, and their contexts. */
import { availableParallelism } from "node:os";
import {
  type ChatWrapper,
  getLlama,
  InsufficientMemoryError,
  type Llama,
  type LlamaContext,
  type LlamaEmbeddingContext,
  type LlamaLogLevel,
  type LlamaModel,
  NoBinaryFoundError,
  resolveChatWrapper,
} from "node-llama-cpp";
import { errorData, RuntimeError } from "../../core/index.ts";
import { contextTokensMax, type NativeConfig } from "./config.ts";
import { assertModelFile, modelName } from "./model-file.ts";
import { SequencePool } from "./sequence-pool.ts";

const bytesPerMb = 2 ** 20;
/** What llama.cpp says before it fails: its errors have no other words. The cause comes first, and what followed from it. */
const wordsMax = 10;
const wordCharsMax = 500;

export class LoadedModel {
  readonly llama: Llama;
  readonly model: LlamaModel;
  readonly name: string;
  readonly context: LlamaContext;
  readonly wrapper: ChatWrapper;
  readonly pool: SequencePool;
  readonly embeddingName: string;
  readonly #embeddingModel: LlamaModel;
  readonly #config: NativeConfig;
  readonly #signal: AbortSignal;
  readonly #words: EngineWords;
  #embedding: Promise<LlamaEmbeddingContext> | undefined;

  private constructor(
    llama: Llama,
    model: LlamaModel,
    context: LlamaContext,
    embeddingModel: LlamaModel,
    config: NativeConfig,
    signal: AbortSignal,
    words: EngineWords,
  ) {
    this.llama = llama;
    this.model = model;
    this.name = modelName(config.file);
    this.context = context;
    this.wrapper = resolveChatWrapper(model);
    this.pool = new SequencePool(Array.from({ length: config.sequences }, () => context.getSequence()));
    this.embeddingName = modelName(config.embeddingFile || config.file);
    this.#embeddingModel = embeddingModel;
    this.#config = config;
    this.#signal = signal;
    this.#words = words;
  }

  /** @throws RuntimeError `model_failed`, by rejection: a file is none, or needs more memory than there is; nothing here can run it. */
  static async load(config: NativeConfig, signal: AbortSignal, log: (text: string) => void): Promise<LoadedModel> {
    const { file, embeddingFile, gpu, memoryMb, sequences } = config;
    const threads = threadsOf(config);
    await assertModelFile("file", file);
    if (embeddingFile !== "") await assertModelFile("embeddingFile", embeddingFile);
    const words = new EngineWords(log);
    const llama = await words.explain(
      `no binary of llama.cpp for this machine with gpu "${gpu}"`,
      async () =>
        await getLlama({
          gpu: gpu === "none" ? false : gpu,
          // Nothing is compiled and nothing fetched while a plugin starts.
          build: "never",
          skipDownload: true,
          progressLogs: false,
          logLevel: "warn",
          logger: (level, text) => words.add(level, text),
          maxThreads: threads,
        }),
    );
    if (memoryMb > 0) await llama.setRamCap(memoryMb * bytesPerMb);
    const load = (key: string, modelPath: string) =>
      words.explain(
        `${key}: ${modelPath} cannot be loaded`,
        async () => await llama.loadModel({ modelPath, loadSignal: signal }),
      );
    const model = await load("file", file);
    const embeddingModel = embeddingFile === "" ? model : await load("embeddingFile", embeddingFile);
    const contextSize = Math.min(config.contextSize, model.trainContextSize);
    const contexts = `${sequences} contexts of ${contextSize} tokens (sequences, contextSize)`;
    if (sequences * contextSize > contextTokensMax)
      throw new RuntimeError("model_failed", `${contexts} are more than ${contextTokensMax} tokens in all`);
    const context = await words.explain(
      `there is no room for ${contexts}`,
      async () => await model.createContext({ sequences, contextSize, createSignal: signal, threads }),
    );
    return new LoadedModel(llama, model, context, embeddingModel, config, signal, words);
  }

  /** Made when it is first asked for: it has memory of its own. @throws RuntimeError `model_failed`, by rejection. */
  async embedding(): Promise<LlamaEmbeddingContext> {
    this.#embedding ??= this.#words.explain("there is no room for a context of embeddings", async () => {
      return await this.#embeddingModel.createEmbeddingContext({
        contextSize: this.embeddingSize,
        createSignal: this.#signal,
        threads: threadsOf(this.#config),
      });
    });
    try {
      return await this.#embedding;
    } catch (error) {
      this.#embedding = undefined; // there may be room later
      throw error;
    }
  }

  /** Tokens that a text may have to be embedded. */
  get embeddingSize(): number {
    return Math.min(this.#config.contextSize, this.#embeddingModel.trainContextSize);
  }

  get description(): string {
    const { contextSize, idealThreads } = this.context;
    const { sequences } = this.#config;
    return (
      `${this.name}: ${sequences} ${sequences === 1 ? "context" : "contexts"} of ${contextSize} tokens, ` +
      `${idealThreads} ${idealThreads === 1 ? "thread" : "threads"}, ${this.llama.gpu === false ? "no GPU" : this.llama.gpu}`
    );
  }
}

/** More than there are processors would wait for one another all the time. */
function threadsOf({ threads }: NativeConfig): number {
  return threads > 0 ? threads : availableParallelism();
}

/** What llama.cpp logs goes to the log, and the end of it into what it fails with. */
class EngineWords {
  readonly #log: (text: string) => void;
  #words: string[] = [];

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  add(level: LlamaLogLevel, said: string): void {
    const text = said.trim().slice(0, wordCharsMax);
    if (text === "") return;
    this.#log(`llama.cpp: ${text}`);
    if ((level === "error" || level === "fatal") && this.#words.length < wordsMax) this.#words.push(text);
  }

  async explain<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#words = [];
    try {
      return await work();
    } catch (error) {
      const { message } = errorData(error);
      const memory = error instanceof InsufficientMemoryError;
      const why = error instanceof NoBinaryFoundError ? "" : `: ${[message, ...this.#words].join("; ")}`;
      const remedy = memory ? ": give it more memory (memoryMb), a smaller contextSize, or fewer sequences" : "";
      throw new RuntimeError("model_failed", `${what}${why}${remedy}`, { cause: error });
    }
  }
}
