/** The configuration of what `recordModel` makes. */
import { choiceKey, configSchema, type ModelLimits, relayLimits, textKey } from "../../core/index.ts";

export interface RecordedConfig extends Omit<ModelLimits, "silenceTimeoutMs"> {
  /** Of JSON lines, one an answer; made when it is not there. */
  readonly file: string;
  /**
   * `replay`: what is not in the file is refused, and the model is never asked. `record`: it is asked each time, and the answer goes to
   * the end of the file. `auto`: it is asked for what is not in the file. Default `replay`.
   */
  readonly mode: "replay" | "record" | "auto";
}

export const recordedConfig = configSchema<RecordedConfig>({
  ...relayLimits,
  file: textKey(undefined, /^[^\0]{1,4000}$/, "is the name of a file"),
  mode: choiceKey("replay", ["replay", "record", "auto"]),
});
