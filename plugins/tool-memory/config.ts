/** The configuration of what `memoryTools` makes. */
import { type ConfigKey, configSchema, countKey, type ToolLimits, textKey, toolLimits } from "../../core/index.ts";

export interface MemoryConfig extends ToolLimits {
  /** Whose memories these are in the store: 1 to 40 of `a-z A-Z 0-9 _ -`. Two plugins with one namespace share it. Default `shared`. */
  readonly namespace: string;
  /** Characters of a chunk at most, in UTF-16 units. Default 1,000. */
  readonly chunkChars: number;
  /** Of those, at most so many repeat the end of the chunk before, and no more than half. Default 100. */
  readonly overlapChars: number;
  /** Of BM25: how soon more of the same word counts for no more. 0: at once. Default 1.2. */
  readonly k1: number;
  /** Of BM25: how much the length of a chunk counts, from 0 to 1. Default 0.75. */
  readonly b: number;
  /** Of reciprocal rank fusion: the larger, the less the first places count before the others. Default 60. */
  readonly rankConstant: number;
  /** Chunks of each ranking, by words and by vectors, that are fused. Default 100. */
  readonly candidates: number;
  /** Chunks that `recall` gives where it is not told how many. Default 5. */
  readonly k: number;
  /** Collections of the namespace. Default 16. */
  readonly maxCollections: number;
  /** Of each collection. Default 10,000. */
  readonly maxDocuments: number;
  /** Of texts and metadata of each collection. Default 67,108,864. */
  readonly maxBytes: number;
  /** Of one text. Default 262,144. */
  readonly maxDocumentBytes: number;
}

export const memoryConfig = configSchema<MemoryConfig>({
  ...toolLimits,
  namespace: textKey("shared", /^[a-zA-Z0-9_-]{1,40}$/, "is 1 to 40 letters, digits, _ and -"),
  chunkChars: countKey(1_000, 16, 100_000),
  overlapChars: countKey(100, 0, 50_000),
  k1: numberKey(1.2, 0, 100),
  b: numberKey(0.75, 0, 1),
  rankConstant: countKey(60, 1, 1_000_000),
  candidates: countKey(100, 1, 1_000),
  k: countKey(5, 1, 100),
  maxCollections: countKey(16, 1, 1_000),
  maxDocuments: countKey(10_000, 1),
  maxBytes: countKey(67_108_864, 1),
  maxDocumentBytes: countKey(262_144, 1, 4_194_304),
});

function numberKey(initial: number, min: number, max: number): ConfigKey<number> {
  return {
    initial,
    isRight: (value) => typeof value === "number" && value >= min && value <= max,
    what: `is a number from ${min} to ${max}`,
  };
}
