/** Models of a server of Ollama, by the package `ollama`: `npm install ollama`. */
import { defineModel, RuntimeError } from "../../core/index.ts";
import { ollamaConfig } from "./config.ts";

export const llmOllama = defineModel({
  name: "llm-ollama",
  version: "0.1.0",
  packages: [{ name: "ollama", version: "0.6.4" }],
  config: { schema: ollamaConfig, environment: { OLLAMA_HOST: "baseUrl" } },
  async open(config) {
    const { OllamaDriver } = await import("./ollama-driver.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "llm-ollama needs the package ollama: npm install ollama", {
        cause: error,
      });
    });
    return new OllamaDriver(config);
  },
});
