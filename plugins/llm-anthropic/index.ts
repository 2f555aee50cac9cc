/** Models of Anthropic, by the package `@anthropic-ai/sdk`: `npm install @anthropic-ai/sdk`. */
import { defineModel, RuntimeError } from "../../core/index.ts";
import { anthropicConfig } from "./config.ts";

export const llmAnthropic = defineModel({
  name: "llm-anthropic",
  version: "0.1.0",
  packages: [{ name: "@anthropic-ai/sdk", version: "1.14.0" }],
  config: {
    schema: anthropicConfig,
    secrets: ["apiKey"],
    environment: { ANTHROPIC_API_KEY: "apiKey", ANTHROPIC_BASE_URL: "baseUrl" },
  },
  async open(config) {
    const { AnthropicDriver } = await import("./anthropic-driver.ts").catch((error: unknown) => {
      throw new RuntimeError(
        "module_failed",
        "llm-anthropic needs the package @anthropic-ai/sdk: npm install @anthropic-ai/sdk",
        { cause: error },
      );
    });
    return new AnthropicDriver(config);
  },
});
