/** A model without a model: it answers by script, the same every time. For demos and tests. */
import { defineModel } from "../../core/index.ts";
import { scriptedConfig } from "./config.ts";
import { ScriptedDriver } from "./scripted-driver.ts";

export type { ScriptedConfig } from "./config.ts";
export type { ScriptedAnswer, ScriptRule } from "./script.ts";

export const llmScripted = defineModel({
  name: "llm-scripted",
  version: "0.1.0",
  config: { schema: scriptedConfig },
  open: (config) => Promise.resolve(new ScriptedDriver(config)),
});
