// An agent with a tool of its own: npm start
import { join } from "node:path";
import { defineTool, defineTools, type PluginUse } from "mofa";
import { defineAgent } from "mofa/actors";
import { llmNative } from "mofa/plugins/llm-native";
import { llmOllama } from "mofa/plugins/llm-ollama";
import { llmOpenai } from "mofa/plugins/llm-openai";
import { scriptedModel } from "mofa/plugins/llm-scripted";
import { storageSqlite } from "mofa/plugins/storage-sqlite";

const rules = [
  { when: { role: "tool" }, answer: { content: "It is {last}." } },
  { when: { contains: "time" }, answer: { toolCalls: [{ name: "clock", arguments: {} }] } },
  { answer: { content: "Ask me what time it is." } },
];

const model = "llm-scripted"; // the one line to change: "llm-openai", "llm-ollama" or "llm-native"
export const script = scriptedModel(model); // no model: it goes by rules, and stands in for any other in tests
const models = {
  "llm-scripted": { plugin: script, config: { rules } },
  "llm-openai": { plugin: llmOpenai, config: { model: "gpt-5.2-mini" } }, // npm install openai; OPENAI_API_KEY
  "llm-ollama": { plugin: llmOllama, config: { model: "qwen3" } }, // npm install ollama; a server of Ollama's
  "llm-native": { plugin: llmNative, config: { file: "model.gguf" }, startTimeoutMs: 60_000 }, // npm install node-llama-cpp
};

const clock = defineTool<{ zone?: string }, string>({
  name: "clock",
  description: "The time of day in a time zone, as Europe/Rome; without one in UTC.",
  input: { type: "object", properties: { zone: { type: "string" } } },
  isReadOnly: true,
  run: ({ zone = "UTC" }) => `${new Date().toLocaleTimeString("en-GB", { timeZone: zone })} (${zone})`,
});
export const tools = defineTools({ name: "tools", version: "1.0.0", tools: [clock] });

export const agent = defineAgent({ name: "my-agent", model, instructions: "You answer briefly.", tools: ["tools"] });

const store = { plugin: storageSqlite, config: { file: join(import.meta.dirname, "sessions.sqlite") } };
export const plugins: readonly PluginUse[] = [store, { plugin: tools }, models[model]];
