/** The configuration of `llm-scripted`. */
import { type ConfigKey, configSchema, countKey, type ModelLimits, modelLimits, textKey } from "../../core/index.ts";
import { faultOfAnswer, faultOfRule, type ScriptedAnswer, type ScriptRule } from "./script.ts";

export interface ScriptedConfig extends ModelLimits {
  /** What it says in its first chats, one each; behind them the rules hold. Default none. */
  readonly turns: readonly ScriptedAnswer[];
  /** The first that holds answers. Default: it says what it was told last. */
  readonly rules: readonly ScriptRule[];
  /** As it names itself. Default `scripted`. */
  readonly model: string;
  /** Characters of a delta. Default 8. */
  readonly deltaChars: number;
  /** Before the first delta, and between two. Default 0. */
  readonly firstDeltaMs: number;
  readonly deltaMs: number;
  /** Of 1,000 chats so many fail, as a provider fails that has too much to do: which, is drawn by `seed`. Default 0. */
  readonly faultsPerMille: number;
  readonly seed: number;
  /** Of an embedding. Default 64. */
  readonly dimensions: number;
}

export const scriptedConfig = configSchema<ScriptedConfig>({
  ...modelLimits,
  turns: listKey([], faultOfAnswer),
  rules: listKey([{ answer: { content: "{last}" } }], faultOfRule),
  model: textKey("scripted", /^.{1,200}$/u, "is a text of 1 to 200 characters"),
  deltaChars: countKey(8, 1),
  firstDeltaMs: countKey(0, 0),
  deltaMs: countKey(0, 0),
  faultsPerMille: countKey(0, 0, 1_000),
  seed: countKey(0, 0),
  dimensions: countKey(64, 1, 16_384),
});

/** @param faultOf what is wrong with one of the list */
function listKey<T>(initial: readonly T[], faultOf: (one: unknown) => string | undefined): ConfigKey<readonly T[]> {
  return {
    initial,
    isRight: (value) => Array.isArray(value) && value.every((one) => faultOf(one) === undefined),
    what: "is a list of answers, or of rules { when, answer }, as the page of the plugin has them",
  };
}
