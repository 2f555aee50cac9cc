/** Models of OpenAI, of Azure, and of servers that speak their protocol, by the package `openai`: `npm install openai`. */
import { defineModel, RuntimeError } from "../../core/index.ts";
import { openaiConfig } from "./config.ts";

export const llmOpenai = defineModel({
  name: "llm-openai",
  version: "0.1.0",
  packages: [{ name: "openai", version: "7.59.0" }],
  config: {
    schema: openaiConfig,
    secrets: ["apiKey"],
    environment: { OPENAI_API_KEY: "apiKey", OPENAI_BASE_URL: "baseUrl" },
  },
  async open(config) {
    const { OpenaiDriver } = await import("./openai-driver.ts").catch((error: unknown) => {
      throw new RuntimeError("module_failed", "llm-openai needs the package openai: npm install openai", {
        cause: error,
      });
    });
    return new OpenaiDriver(config);
  },
});
