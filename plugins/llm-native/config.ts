/** The configuration of `llm-native`. */
import { choiceKey, configSchema, countKey, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";

export interface NativeConfig extends ModelLimits {
  /** The model's file, in the format GGUF. Its name without `.gguf` is the model's. */
  readonly file: string;
  /** The file of a model of embeddings. Default: the same one. */
  readonly embeddingFile: string;
  /** Tokens of a conversation with its answer, no more than the model was made for; llama.cpp takes multiples of 256. Default 4,096. */
  readonly contextSize: number;
  /** Chats that are answered at a time, each with a context of its own; more wait for one. Default 2. */
  readonly sequences: number;
  /** Threads that compute. Default 0: one for each processor. */
  readonly threads: number;
  /** What computes beside the processor. Default `none`; `auto`: the best that is there. */
  readonly gpu: "none" | "auto" | "cuda" | "metal" | "vulkan";
  /** Memory for models and contexts, in MiB; what needs more is refused. Default 0: what the machine has free. */
  readonly memoryMb: number;
}

/** Of all contexts together. What each model takes is found out by a trial that costs time in proportion. */
export const contextTokensMax = 100_000_000;

const path = /^[^\0]{0,4000}$/;
const somePath = /^[^\0]{1,4000}$/;

export const nativeConfig = configSchema<NativeConfig>({
  ...modelLimits,
  file: textKey(undefined, somePath, "is the path of a model's file (.gguf)"),
  embeddingFile: textKey("", path, "is the path of a model's file (.gguf), or empty"),
  contextSize: countKey(4_096, 8, contextTokensMax),
  sequences: countKey(2, 1, 256),
  threads: countKey(0, 0, 1_024),
  gpu: choiceKey("none", ["none", "auto", "cuda", "metal", "vulkan"]),
  memoryMb: countKey(0, 0),
});
