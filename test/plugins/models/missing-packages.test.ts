/** A provider whose package is not installed beside says which, and how it is got. Not in every placement: nothing starts. */
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { runProgram } from "../../support/run-program.ts";

const programs = new URL("../../fixtures/programs/", import.meta.url);
const hide = new URL("hide-package.js", programs).href;
const chat = fileURLToPath(new URL("chat-once.js", programs));

test.each([
  ["openai", "llm-openai"],
  ["@anthropic-ai/sdk", "llm-anthropic"],
  ["ollama", "llm-ollama"],
  ["node-llama-cpp", "llm-native"],
])("without the package %s", async (name, plugin) => {
  // Where the package is there after all, nobody is asked.
  const server = { model: "m", baseUrl: "http://127.0.0.1:1" };
  const config =
    plugin === "llm-native" ? { file: "none.gguf" } : { ...server, ...(plugin !== "llm-ollama" && { apiKey: "k" }) };
  const args = [`--import=${hide}?${encodeURIComponent(name)}`, chat, plugin, JSON.stringify(config)];
  const { code, stdout } = await runProgram(process.execPath, args);
  expect(stdout).toContain(`${plugin} needs the package ${name}: npm install ${name}`);
  expect(code).toBe(0);
});

test("without a key a provider does not start, and says where one is read from", async () => {
  const { OPENAI_API_KEY: _key, ...env } = process.env;
  const args = [chat, "llm-openai", JSON.stringify({ model: "m", baseUrl: "http://127.0.0.1:1" })];
  const { stdout } = await runProgram(process.execPath, args, { env });
  expect(stdout).toMatch(/apiKey.*give it, or set OPENAI_API_KEY/s);
});
