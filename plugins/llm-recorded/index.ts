/** Record and replay: a model whose answers go to a file, or come from it, so that a run repeats offline. */
import { defineModel, type ModelHandlers, modelOf, modelVersion, type Plugin, RuntimeError } from "../../core/index.ts";
import { recordedConfig } from "./config.ts";
import { RecordedDriver } from "./recorded-driver.ts";
import { Recording } from "./recording.ts";

export type { RecordedConfig } from "./config.ts";

export interface RecordedModel {
  /** The plugin whose model is asked, as `llm-openai`. Without it everything is replayed, and no other mode starts. */
  readonly over?: string;
  /** Its own name. Default `llm-recorded`. */
  readonly name?: string;
}

/** A plugin that stands before another one's model, or in its place, and has its calls. @throws RuntimeError `bad_argument`. */
export function recordModel({ over, name = "llm-recorded" }: RecordedModel = {}): Plugin<ModelHandlers> {
  return defineModel({
    name,
    version: "0.1.0",
    ...(over !== undefined && { requires: [{ name: over, version: modelVersion }] }),
    config: { schema: recordedConfig },
    async open(config, _signal, bus) {
      const { file, mode } = config;
      if (over === undefined && mode !== "replay")
        throw new RuntimeError(
          "bad_configuration",
          `${name}: mode "${mode}" asks a model: name it, recordModel({ over })`,
        );
      const recording = await Recording.open(file, mode, (text) =>
        bus.log("warning", `${file}: its last line was cut off, and is passed over: ${text.slice(0, 100)}`),
      );
      return new RecordedDriver(over === undefined ? undefined : modelOf(bus, over), recording, config);
    },
  });
}
