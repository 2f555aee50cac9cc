/** The providers against `aimock`, which speaks their protocols and was written by somebody else. */
import { LLMock } from "@copilotkit/aimock";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf } from "../../../index.ts";
import { llmAnthropic } from "../../../plugins/llm-anthropic/index.ts";
import { llmOllama } from "../../../plugins/llm-ollama/index.ts";
import { llmOpenai } from "../../../plugins/llm-openai/index.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const mock = new LLMock({ port: 0, chunkSize: 4 });
const tools: ChatRequest["tools"] = [
  {
    name: "weather",
    description: "Tells it",
    inputSchema: { type: "object", properties: { city: { type: "string" } } },
  },
];
const ask = (content: string): ChatRequest => ({ messages: [{ role: "user", content }] });

beforeAll(async () => {
  mock.onMessage("hello", { content: "Hi there, wörld 🌍!" });
  mock.onMessage("weather", { toolCalls: [{ name: "weather", arguments: '{"city":"Rome"}' }] });
  await mock.start();
  await system().startPlugins([
    { plugin: llmOpenai, config: { apiKey: "mock", model: "gpt-5.5", baseUrl: `${mock.url}/v1` } },
    { plugin: llmAnthropic, config: { apiKey: "mock", model: "claude-sonnet-5-5", baseUrl: mock.url } },
    { plugin: llmOllama, config: { model: "llama3.2", baseUrl: mock.url } },
  ]);
});
afterAll(() => mock.stop());

describe.each(["llm-openai", "llm-anthropic", "llm-ollama"])("%s", (name) => {
  test("answers in deltas", async () => {
    const chat = modelOf(system(), name).chat(ask("hello"));
    const texts: string[] = [];
    for await (const delta of chat) if (delta.type === "text") texts.push(delta.text);
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join("")).toBe("Hi there, wörld 🌍!");
    expect(await chat.answer()).toMatchObject({ content: texts.join(""), finishReason: "stop" });
  });

  test("calls a tool", async () => {
    const answer = await modelOf(system(), name)
      .chat({ ...ask("weather"), tools })
      .answer();
    expect(answer).toMatchObject({ finishReason: "toolCalls", toolCalls: [{ name: "weather" }] });
    expect(JSON.parse(answer.toolCalls[0]?.arguments ?? "")).toEqual({ city: "Rome" });
  });

  test("says that nobody knows an answer", async () => {
    await expect(modelOf(system(), name).chat(ask("something else")).answer()).rejects.toMatchObject({
      name: "ModelError",
    });
  });
});
