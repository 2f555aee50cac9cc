/** What the suites of `llm-native` begin with: tiny models, and the plugin over one of them. */
import { afterAll } from "@jest/globals";
import { type ChatReader, type ChatRequest, type ModelClient, type MofaSystem, modelOf } from "../../../index.ts";
import { llmNative } from "../../../plugins/llm-native/index.ts";
import { TinyModels } from "../../support/tiny-models.ts";

export const sentence = "The quick brown fox jumps over a lazy dog.";
export const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
/** So many tokens that no test would live to see the end of an answer. */
export const endless = 100_000;

export class NativeRuns {
  readonly models = new TinyModels();
  readonly #system: () => MofaSystem;
  #end: (() => Promise<unknown>) | undefined;

  /** Call it where tests are described. */
  constructor(system: () => MofaSystem) {
    this.#system = system;
    afterAll(() => this.models.remove());
  }

  get model(): ModelClient {
    return modelOf(this.#system(), "llm-native");
  }

  /** A busy machine takes its time to start a process. */
  async start(config: Readonly<Record<string, unknown>>): Promise<void> {
    const use = { plugin: llmNative, config: { threads: 1, ...config }, startTimeoutMs: 60_000 };
    const { ref, exit } = await this.#system().startPlugins([use], { intensity: 10 });
    this.#end = () => {
      this.#system().exit(ref, "shutdown");
      return exit;
    };
  }

  /** Over a model whose answers behind a tilde come to no end. */
  async startEndless(config: Readonly<Record<string, unknown>>): Promise<void> {
    await this.start({ file: this.models.write("long", { contextLength: endless }), contextSize: endless, ...config });
  }

  async stop(): Promise<void> {
    await this.#end?.();
    this.#end = undefined;
  }

  get pid(): number {
    const [process] = this.#system().processes();
    if (process === undefined) throw new Error("there is no process");
    return process.pid;
  }

  /** Begins an answer that comes to no end: resolves when its first words are there. */
  async begin(text: string): Promise<AsyncGenerator<unknown, void>> {
    const deltas = this.model.chat(raw("long", text))[Symbol.asyncIterator]();
    await deltas.next();
    return deltas;
  }

  /** After the plugin was started again. */
  async answerAgain(): Promise<string> {
    for (;;) {
      try {
        return (await this.model.chat(hello).answer()).content;
      } catch (error) {
        if ((error as { readonly code?: string }).code !== "noproc") throw error;
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    }
  }
}

/** Without the model's template. */
export function raw(name: string, content: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: `${name}/raw`, messages: [{ role: "user", content }], ...more };
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

export async function failureOf(work: ChatReader | Promise<unknown>): Promise<Failure> {
  try {
    await ("answer" in work ? work.answer() : work);
  } catch (error) {
    return error as Failure;
  }
  throw new Error("it has not failed");
}
