/** What servers that speak a provider's protocol say beside it: seen with compatible ones, gateways and old versions. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { byDeadline } from "../../../core/index.ts";
import { type ChatRequest, modelOf, type SupervisorHandle } from "../../../index.ts";
import { llmAnthropic } from "../../../plugins/llm-anthropic/index.ts";
import { llmOllama } from "../../../plugins/llm-ollama/index.ts";
import { llmOpenai } from "../../../plugins/llm-openai/index.ts";
import { ModelServer } from "../../support/model-server.ts";
import { useSystem } from "../../support/use-system.ts";
import { anthropicDialect } from "./anthropic-dialect.ts";
import type { Dialect } from "./dialect.ts";
import { ollamaDialect } from "./ollama-dialect.ts";
import { openaiDialect } from "./openai-dialect.ts";

const system = useSystem({ clock: "system", threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const plugins = { "llm-openai": llmOpenai, "llm-anthropic": llmAnthropic, "llm-ollama": llmOllama } as const;
type Name = keyof typeof plugins;
const dialects: Readonly<Record<Name, Dialect>> = {
  "llm-openai": openaiDialect,
  "llm-anthropic": anthropicDialect,
  "llm-ollama": ollamaDialect,
};

let server: ModelServer;
let running: SupervisorHandle | undefined;

beforeAll(async () => {
  server = await ModelServer.start();
});
afterEach(async () => {
  await stop();
  server.asked.length = 0;
});
afterAll(() => server.stop());

async function start(name: Name, config: Readonly<Record<string, unknown>> = {}) {
  running = await system().startPlugins([
    { plugin: plugins[name], config: { ...dialects[name].config(server.url), ...config } },
  ]);
  return modelOf(system(), name);
}

async function stop(): Promise<void> {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
}

const sse = (...events: unknown[]) => ({
  headers: openaiDialect.headers,
  parts: [...events.map((event) => `data: ${JSON.stringify(event)}\n\n`), "data: [DONE]\n\n"],
});
const chunk = (delta: object, finish_reason: string | null = null, model = "m") => ({
  id: "1",
  object: "chat.completion.chunk",
  model,
  choices: [{ index: 0, delta, finish_reason }],
});

test("a failure whose code is a word of JavaScript's own is one of its status, and costs nobody else anything", async () => {
  const model = await start("llm-openai");
  const headers = { "content-type": "application/json" };
  server.answers = [
    { status: 400, headers, parts: ['{"error":{"message":"x","code":"constructor","type":"toString"}}'] },
    { headers: openaiDialect.headers, parts: openaiDialect.events({ texts: ["x"] }) },
  ];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_rejected" });
  expect((await model.chat(hello).answer()).content).toBe("x");
});

test.each(["insufficient_system_resource", "error"])("an answer that was ended for %s is not whole", async (reason) => {
  const model = await start("llm-openai");
  server.answers = [sse(chunk({ content: "ha" }), chunk({}, reason))];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_overloaded" });
});

test("a reason that is empty is none", async () => {
  const model = await start("llm-openai");
  server.answers = [sse(chunk({ content: "ha" }, ""))];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_network" });
});

test("calls of tools under one number are told apart by their ids", async () => {
  const model = await start("llm-openai");
  const call = (id: string | null, name: string | null, part: string) =>
    chunk({ tool_calls: [{ index: 0, id, type: "function", function: { name, arguments: part } }] });
  server.answers = [sse(call("a", "one", "{}"), call("b", "two", '{"x'), call(null, null, '":1}'), chunk({}, "stop"))];
  expect((await model.chat(hello).answer()).toolCalls).toEqual([
    { id: "a", name: "one", arguments: "{}" },
    { id: "b", name: "two", arguments: '{"x":1}' },
  ]);
});

test("the model is the first that is named", async () => {
  const model = await start("llm-openai");
  server.answers = [sse(chunk({ content: "" }, null, ""), chunk({ content: "x" }, "stop", "gpt-test"))];
  expect((await model.chat(hello).answer()).model).toBe("gpt-test");
});

test("what should be a text and is none is a failure of the protocol", async () => {
  const model = await start("llm-openai");
  server.answers = [sse(chunk({ content: 5 }), chunk({}, "stop"))];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_protocol" });
});

test("a model that thinks, and says so, is not silent", async () => {
  const model = await start("llm-anthropic", { silenceTimeoutMs: 300 });
  const [first = "", ...rest] = anthropicDialect.events({ texts: ["thought"] });
  server.answers = [
    {
      headers: anthropicDialect.headers,
      parts: (async function* () {
        yield first;
        // Five times below the limit, and together above it.
        for (let n = 0; n < 5; n++) {
          await new Promise<void>((resolve) => void byDeadline(100, resolve));
          yield 'event: ping\ndata: {"type":"ping"}\n\n';
        }
        yield* rest;
      })(),
    },
  ];
  expect((await model.chat(hello).answer()).content).toBe("thought");
});

test("arguments of a tool that come whole as its block begins are those of the call", async () => {
  const model = await start("llm-anthropic");
  const calls = [{ id: "c1", name: "weather", arguments: "" }];
  const events = anthropicDialect.events({ calls, finish: "toolCalls" });
  const parts = events.map((event) => event.replace('"input":{}', '"input":{"city":"Rome"}'));
  server.answers = [{ headers: anthropicDialect.headers, parts }];
  const { toolCalls } = await model.chat(hello).answer();
  expect(toolCalls).toEqual([{ id: "c1", name: "weather", arguments: '{"city":"Rome"}' }]);
});

test("input from a cache counts as input", async () => {
  const model = await start("llm-anthropic");
  const events = anthropicDialect.events({ texts: ["x"], usage: { inputTokens: 10, outputTokens: 2 } });
  const usage = '"usage":{"input_tokens":10,"cache_read_input_tokens":70,"cache_creation_input_tokens":5,';
  server.answers = [
    {
      headers: anthropicDialect.headers,
      parts: events.map((one) => one.replace('"usage":{"input_tokens":10,', usage)),
    },
  ];
  expect((await model.chat(hello).answer()).usage).toEqual({ inputTokens: 85, outputTokens: 2, cachedInputTokens: 70 });
});

test.each(Object.keys(plugins) as Name[])("%s follows no redirect, and says where it went", async (name) => {
  const model = await start(name);
  server.answers = [{ status: 307, headers: { location: "http://elsewhere.test/v1" } }];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({
    code: "model_protocol",
    message: expect.stringContaining("http://elsewhere.test/v1") as unknown,
  });
});

test.each(Object.keys(plugins) as Name[])("%s reads no more of a failure than its beginning", async (name) => {
  const model = await start(name);
  const endless = function* (): Generator<string> {
    for (;;) yield "x".repeat(100_000);
  };
  server.answers = [{ status: 500, headers: { "content-type": "text/event-stream" }, parts: endless() }];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_overloaded" });
  await server.last.gone;
});

test.each(Object.keys(plugins) as Name[])("%s lets go of a chat when it is stopped", async (name) => {
  const model = await start(name);
  server.answers = [{ headers: dialects[name].headers, ending: "hang" }];
  const answer = expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "shutdown" });
  await server.whenAsked();
  await stop();
  await answer;
  await server.last.gone;
});

test("an answer that failed has failed each time that it is asked for", async () => {
  const model = await start("llm-openai");
  server.answers = [openaiDialect.failure("quota")];
  const chat = model.chat(hello);
  for (let time = 0; time < 2; time++) await expect(chat.answer()).rejects.toMatchObject({ code: "model_quota" });
  const left = model.chat(hello);
  left.cancel();
  await expect(left.answer()).rejects.toMatchObject({ code: "cancelled" });
});

test("a schema of another draft is one, and what is none is told before the provider is asked", async () => {
  const model = await start("llm-openai");
  const draft = { $schema: "http://json-schema.org/draft-07/schema#", type: "object", required: ["a"] };
  server.answers = [{ headers: openaiDialect.headers, parts: openaiDialect.events({ texts: ['{"a":1}'] }) }];
  const { output } = await model.chat({ ...hello, output: { name: "x", schema: draft } }).answer();
  expect(output).toEqual({ a: 1 });
  server.asked.length = 0;
  const wrong = model.chat({ ...hello, output: { name: "x", schema: { type: "none" } } });
  await expect(wrong.answer()).rejects.toMatchObject({ code: "bad_argument" });
  expect(server.asked).toEqual([]);
});

test("an embedding whose cost is not told is one", async () => {
  const model = await start("llm-openai", { embeddingModel: "e" });
  const body = { object: "list", model: "e", data: [{ object: "embedding", index: 0, embedding: [0.5, 0.25] }] };
  server.answers = [{ headers: { "content-type": "application/json" }, parts: [JSON.stringify(body)] }];
  expect(await model.embed({ texts: ["a"] })).toEqual({ model: "e", vectors: [[0.5, 0.25]], usage: undefined });
});

test.each([
  ["-1", -1],
  ["300", 300],
  ["5m", "5m"],
])("Ollama is told to keep a model for %s", async (keepAlive, sent) => {
  const model = await start("llm-ollama", { keepAlive });
  server.answers = [{ headers: ollamaDialect.headers, parts: ollamaDialect.events({ texts: ["x"] }) }];
  await model.chat(hello).answer();
  expect(server.last.body).toMatchObject({ keep_alive: sent });
});

test("a host that Ollama is told to listen at is this machine's", async () => {
  const model = await start("llm-ollama", { baseUrl: server.url.replace("http://127.0.0.1", "0.0.0.0") });
  server.answers = [{ headers: ollamaDialect.headers, parts: ollamaDialect.events({ texts: ["x"] }) }];
  expect((await model.chat(hello).answer()).content).toBe("x");
});

test("Ollama hears of a tool by the name of the last call with that id", async () => {
  const model = await start("llm-ollama");
  server.answers = [{ headers: ollamaDialect.headers, parts: ollamaDialect.events({ texts: ["x"] }) }];
  const call = (name: string) =>
    ({ role: "assistant", toolCalls: [{ id: "c", name, arguments: "none of JSON" }] }) as const;
  const result = { role: "tool", toolCallId: "c", content: "" } as const;
  await model.chat({ messages: [call("first"), result, call("second"), result] }).answer();
  expect(server.last.body).toMatchObject({
    messages: [
      { tool_calls: [{ function: { name: "first", arguments: { unparsed: "none of JSON" } } }] },
      { tool_name: "first" },
      {},
      { tool_name: "second" },
    ],
  });
});

test.each(["http://user:secret@models.test/v1", "ftp://models.test", "http://["])(
  "%s is no base URL",
  async (baseUrl) => {
    await expect(start("llm-openai", { baseUrl })).rejects.toMatchObject({
      message: expect.stringMatching(/baseUrl.*without a user or a password/) as unknown,
    });
  },
);
