/** Of the package `node-llama-cpp` (3.21.1) what is used here: it is large, and need not be there where the sources are compiled. */
declare module "node-llama-cpp" {
  export type Token = number & { readonly __token: never };

  export type LlamaLogLevel = "disabled" | "fatal" | "error" | "warn" | "info" | "log" | "debug";

  export interface LlamaOptions {
    readonly gpu: "auto" | "metal" | "cuda" | "vulkan" | false;
    /** `never`: what is installed or nothing; else it would be compiled here. */
    readonly build: "never";
    readonly skipDownload: boolean;
    readonly progressLogs: boolean;
    readonly logLevel: LlamaLogLevel;
    readonly logger: (level: LlamaLogLevel, message: string) => void;
    readonly maxThreads: number;
  }

  export class Llama {
    private constructor();
    readonly gpu: "metal" | "cuda" | "vulkan" | false;
    /** 0: no limit. */
    readonly maxThreads: number;
    setRamCap(bytes: number | null): Promise<void>;
    loadModel(options: { readonly modelPath: string; readonly loadSignal?: AbortSignal }): Promise<LlamaModel>;
    createGrammarForJsonSchema(schema: object): Promise<LlamaGrammar>;
    dispose(): Promise<void>;
  }

  export function getLlama(options: LlamaOptions): Promise<Llama>;

  export class LlamaGrammar {
    private constructor();
    readonly grammar: string;
  }

  export interface Tokenizer {
    (text: string, specialTokens?: boolean): Token[];
  }

  export class LlamaModel {
    private constructor();
    readonly tokenizer: Tokenizer;
    readonly trainContextSize: number;
    readonly tokens: { readonly bos: Token | null; readonly shouldPrependBosToken: boolean };
    tokenize(text: string, specialTokens?: boolean): Token[];
    createContext(options: {
      readonly sequences: number;
      /** Of each sequence. */
      readonly contextSize: number;
      readonly threads?: number;
      readonly createSignal?: AbortSignal;
    }): Promise<LlamaContext>;
    createEmbeddingContext(options: {
      readonly contextSize: number;
      readonly threads?: number;
      readonly createSignal?: AbortSignal;
    }): Promise<LlamaEmbeddingContext>;
  }

  export class LlamaContext {
    private constructor();
    readonly contextSize: number;
    readonly idealThreads: number;
    getSequence(): LlamaContextSequence;
  }

  export interface TokenMeterState {
    readonly usedInputTokens: number;
    readonly usedOutputTokens: number;
  }

  export class LlamaContextSequence {
    private constructor();
    /** How many tokens it holds. */
    readonly nextTokenIndex: number;
    readonly tokenMeter: { getState(): TokenMeterState; diff(before: TokenMeterState): TokenMeterState };
    compareContextTokens(tokens: readonly Token[]): { readonly firstDifferentIndex: number };
    adaptStateToTokens(tokens: Token[], allowShift?: boolean): Promise<void>;
    evaluateWithoutGeneratingNewTokens(tokens: Token[]): Promise<void>;
    clearHistory(): Promise<void>;
  }

  export class LlamaEmbeddingContext {
    private constructor();
    calculateInputLength(input: string): number;
    getEmbeddingFor(input: string): Promise<{ readonly vector: readonly number[] }>;
  }

  export interface ChatModelFunctionCall {
    readonly type: "functionCall";
    readonly name: string;
    readonly params: unknown;
    readonly result: unknown;
    readonly startsNewChunk?: boolean;
  }

  export type ChatHistoryItem =
    | { readonly type: "system" | "user"; readonly text: string }
    | { readonly type: "model"; readonly response: (string | ChatModelFunctionCall)[] };

  export type ChatModelFunctions = Readonly<
    Record<string, { readonly description?: string; readonly params?: object }>
  >;

  export interface ChatWrapper {
    generateContextState(options: {
      readonly chatHistory: readonly ChatHistoryItem[];
      readonly availableFunctions?: ChatModelFunctions;
      readonly documentFunctionParams?: boolean;
    }): { readonly contextText: { tokenize(tokenizer: Tokenizer): Token[] } };
  }

  export function resolveChatWrapper(model: LlamaModel): ChatWrapper;

  export interface GenerationOptions {
    readonly signal: AbortSignal;
    readonly maxTokens: number;
    readonly temperature?: number;
    readonly topP?: number;
    readonly seed?: number;
    readonly repeatPenalty: false;
    readonly grammar?: LlamaGrammar;
  }

  export type StopReason =
    | "abort"
    | "customStopTrigger"
    | "eogToken"
    | "functionCalls"
    | "maxTokens"
    | "stopGenerationTrigger";

  export interface FunctionCallChunk {
    readonly callIndex: number;
    readonly functionName: string;
    readonly paramsChunk: string;
  }

  export interface ChatGenerationOptions extends GenerationOptions {
    /** What it throws goes no further than the console. `segment`: what the model thinks. */
    readonly onResponseChunk?: (chunk: { readonly type: "segment" | undefined; readonly text: string }) => void;
    readonly onFunctionCallParamsChunk?: (chunk: FunctionCallChunk) => void;
    readonly functions?: ChatModelFunctions;
    readonly documentFunctionParams?: boolean;
    readonly contextShift: { readonly size: number; readonly strategy: () => never };
  }

  export class LlamaChat {
    constructor(options: { readonly contextSequence: LlamaContextSequence; readonly chatWrapper: ChatWrapper });
    generateResponse(
      history: ChatHistoryItem[],
      options: ChatGenerationOptions,
    ): Promise<{
      readonly functionCalls?: readonly { readonly functionName: string; readonly params: unknown }[];
      readonly metadata: { readonly stopReason: StopReason };
    }>;
    dispose(): void;
  }

  export class LlamaCompletion {
    constructor(options: { readonly contextSequence: LlamaContextSequence });
    generateCompletionWithMeta(
      input: Token[],
      options: GenerationOptions & {
        readonly onTextChunk: (text: string) => void;
        readonly contextShiftSize: number;
        readonly disableContextShift: boolean;
      },
    ): Promise<{ readonly metadata: { readonly stopReason: StopReason } }>;
    dispose(): void;
  }

  export class InsufficientMemoryError extends Error {}
  export class NoBinaryFoundError extends Error {}
}
