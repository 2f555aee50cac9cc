/**
 * Whom the agents of these examples think with. One line to change, or a word beside it: `MOFA_MODEL=openai`, `ollama` or `native`. The first
 * needs a key (OPENAI_API_KEY), the second a server, the third the file of a model (MOFA_MODEL_FILE).
 */
import type { PluginUse } from "mofa";
import { llmNative } from "mofa/plugins/llm-native";
import { llmOllama } from "mofa/plugins/llm-ollama";
import { llmOpenai } from "mofa/plugins/llm-openai";
import { llmScripted, type ScriptRule } from "mofa/plugins/llm-scripted";

const chosen = process.env["MOFA_MODEL"] ?? "scripted";

/** @param rules what is said in a model's place, where none is chosen */
export function thinkWith(rules: readonly ScriptRule[]): { readonly name: string; readonly plugin: PluginUse } {
  switch (chosen) {
    case "scripted":
      return { name: "llm-scripted", plugin: { plugin: llmScripted, config: { rules, deltaMs: 5 } } };
    case "openai":
      return { name: "llm-openai", plugin: { plugin: llmOpenai, config: { model: "gpt-5.2-mini" } } };
    case "ollama":
      return { name: "llm-ollama", plugin: { plugin: llmOllama, config: { model: "qwen3" } } };
    case "native": {
      const file = process.env["MOFA_MODEL_FILE"] ?? "model.gguf";
      return { name: "llm-native", plugin: { plugin: llmNative, config: { file }, startTimeoutMs: 60_000 } };
    }
    default:
      throw new RangeError(`MOFA_MODEL is scripted, openai, ollama or native, got ${JSON.stringify(chosen)}`);
  }
}
