/** A model without a model: it answers by script, the same every time. For demos and tests. */
import { defineModel, type ModelHandlers, type Plugin } from "../../core/index.ts";
import { scriptedConfig } from "./config.ts";
import { ScriptedDriver } from "./scripted-driver.ts";

export type { ScriptedConfig } from "./config.ts";
export type { ScriptedAnswer, ScriptRule } from "./script.ts";

/** One of that name, beside others. @throws RuntimeError `bad_argument`. */
export function scriptedModel(name: string): Plugin<ModelHandlers> {
  return defineModel({
    name,
    version: "0.1.0",
    config: { schema: scriptedConfig },
    open: (config) => Promise.resolve(new ScriptedDriver(config)),
  });
}

export const llmScripted = scriptedModel("llm-scripted");
