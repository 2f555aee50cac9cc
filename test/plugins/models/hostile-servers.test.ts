/** Servers that mean no good, or do not care: what they can cost, and what they can keep. */
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf, type OperationEvent, type SupervisorHandle } from "../../../index.ts";
import { llmAnthropic } from "../../../plugins/llm-anthropic/index.ts";
import { llmOllama } from "../../../plugins/llm-ollama/index.ts";
import { llmOpenai } from "../../../plugins/llm-openai/index.ts";
import { ModelServer, type WireAnswer } from "../../support/model-server.ts";
import { useSystem } from "../../support/use-system.ts";
import { anthropicDialect } from "./anthropic-dialect.ts";
import { ollamaDialect } from "./ollama-dialect.ts";
import { openaiDialect } from "./openai-dialect.ts";

const system = useSystem({ clock: "system", threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const models = {
  "llm-openai": { plugin: llmOpenai, dialect: openaiDialect, config: { embeddingModel: "e" } },
  "llm-anthropic": { plugin: llmAnthropic, dialect: anthropicDialect, config: {} },
  "llm-ollama": { plugin: llmOllama, dialect: ollamaDialect, config: { embeddingModel: "e" } },
} as const;
type Name = keyof typeof models;
const names = Object.keys(models) as Name[];
const embedding = ["llm-openai", "llm-ollama"] as const;
const json = { "content-type": "application/json" };
/** Three megabytes, and a million objects. */
const objects = `[${"{},".repeat(1_000_000)}{}]`;

let server: ModelServer;
let running: SupervisorHandle | undefined;

beforeAll(async () => {
  server = await ModelServer.start();
});
afterEach(() => stop());
afterAll(() => server.stop());

async function start(name: Name, more: object = {}) {
  const { plugin, dialect, config } = models[name];
  running = await system().startPlugins([{ plugin, config: { ...dialect.config(server.url), ...config, ...more } }]);
  return modelOf(system(), name);
}

async function stop(): Promise<void> {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
}

const tooHeavy = { code: "model_protocol", message: expect.stringMatching(/of the memory/) as unknown };

test.each(names)("%s reads no list of models that would fill the memory", async (name) => {
  const model = await start(name);
  server.answers = [{ headers: json, parts: [`{"data":${objects},"models":${objects}}`] }];
  await expect(model.models()).rejects.toMatchObject(tooHeavy);
});

test.each(embedding)("%s reads no vectors that would be more than the texts can have", async (name) => {
  const model = await start(name);
  server.answers = [{ headers: json, parts: [`{"model":"e","data":${objects},"embeddings":${objects}}`] }];
  await expect(model.embed({ texts: ["a"] })).rejects.toMatchObject(tooHeavy);
});

test.each(embedding)("%s reads the longest vectors that there are, with all their places", async (name) => {
  const model = await start(name);
  const embedding = Array.from({ length: 16_384 }, (_none, place) => -1.234567890123456e-10 * (place + 1));
  const data = [0, 1].map((index) => ({ object: "embedding", index, embedding }));
  const answer = name === "llm-openai" ? { data } : { embeddings: [embedding, embedding] };
  server.answers = [{ headers: json, parts: [JSON.stringify({ model: "e", ...answer })] }];
  expect((await model.embed({ texts: ["a", "b"] })).vectors).toEqual([embedding, embedding]);
});

test.each(names)("%s reads no event that would fill the memory", async (name) => {
  const model = await start(name);
  const { dialect } = models[name];
  const parts = dialect.events({ texts: ["x"] }).map((event) => event.replace(/\}(\n+)$/, `,"more":${objects}}$1`));
  server.answers = [{ headers: dialect.headers, parts }];
  await expect(model.chat(hello).answer()).rejects.toMatchObject(tooHeavy);
});

// The collector would close it, too, and later than that.
test.each(names)(
  "%s keeps no connection to who sends elsewhere",
  async (name) => {
    const model = await start(name);
    server.answers = [{ status: 307, headers: { location: "http://elsewhere.test/v1" }, parts: ["x"], ending: "hang" }];
    const questions = [
      () => model.models(),
      ...(name === "llm-anthropic" ? [] : [() => model.embed({ texts: ["a"] })]),
    ];
    for (const ask of questions) {
      await expect(ask()).rejects.toMatchObject({ code: "model_protocol" });
      await server.last.gone;
    }
  },
  10_000,
);

test("a last line of Ollama's that is not whole is a failure of the network, and no word of a package", async () => {
  const model = await start("llm-ollama");
  const [text = "", last = ""] = ollamaDialect.events({ texts: ["x"] });
  server.answers = [{ headers: ollamaDialect.headers, parts: [text, last.slice(0, 20)] }];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({
    code: "model_network",
    message: expect.stringMatching(/in the middle of a line/) as unknown,
  });
});

test("a last line of Ollama's without its end, and lines that are empty, are no failures", async () => {
  const model = await start("llm-ollama");
  const [text = "", last = ""] = ollamaDialect.events({ texts: ["x"] });
  server.answers = [{ headers: ollamaDialect.headers, parts: [`\n${text}\r\n\n`, last.trimEnd()] }];
  expect((await model.chat(hello).answer()).content).toBe("x");
});

test("a failure has what the provider has counted up to there, and so has what is told of it", async () => {
  const usage = { inputTokens: 70, outputTokens: 30 };
  for (const name of ["llm-openai", "llm-anthropic"] as const) {
    const model = await start(name);
    const { dialect } = models[name];
    server.answers = [{ headers: dialect.headers, parts: dialect.events({ texts: ["x"], finish: "refused", usage }) }];
    const told = Promise.withResolvers<OperationEvent>();
    const unlisten = system().events.on("operation", told.resolve);
    await expect(model.chat(hello).answer()).rejects.toMatchObject({ code: "model_refused", usage });
    expect(await told.promise).toMatchObject({
      failure: "model_refused",
      attributes: { "gen_ai.usage.input_tokens": 70, "gen_ai.usage.output_tokens": 30 },
    });
    unlisten();
    await stop();
  }
});

test("a stream that breaks off has cost what its beginning says", async () => {
  const model = await start("llm-anthropic");
  const usage = { inputTokens: 70, outputTokens: 30 };
  const events = anthropicDialect.events({ texts: ["x"], usage });
  const upTo = events.findIndex((event) => event.includes("message_delta"));
  server.answers = [{ headers: anthropicDialect.headers, parts: events.slice(0, upTo) }];
  await expect(model.chat(hello).answer()).rejects.toMatchObject({
    code: "model_network",
    usage: { inputTokens: 70 },
  });
});

test("a count that is none, and a model without a name, fail no answer", async () => {
  const model = await start("llm-openai");
  const event = (rest: object) => `data: ${JSON.stringify({ model: null, ...rest })}\n\n`;
  const choices = [{ index: 0, delta: { content: "x" }, finish_reason: "stop" }];
  const usage = { prompt_tokens: 3, completion_tokens: null };
  server.answers = [
    { headers: openaiDialect.headers, parts: [event({ choices }), event({ choices: [], usage })] },
    {
      headers: json,
      parts: [JSON.stringify({ model: null, data: [{ index: 0, embedding: [1] }], usage: { prompt_tokens: null } })],
    },
  ];
  expect(await model.chat(hello).answer()).toMatchObject({ content: "x", model: "", usage: undefined });
  expect(await model.embed({ texts: ["a"] })).toEqual({ model: "", vectors: [[1]], usage: undefined });
});

test.each(["llm-openai", "llm-anthropic"] as const)("%s tells nobody its key, whoever has said it", async (name) => {
  const apiKey = "sk-live/ABCDEFGHIJKLMNOP";
  const model = await start(name, { apiKey });
  const told = async (answer: WireAnswer, ask: () => Promise<unknown> = () => model.chat(hello).answer()) => {
    server.answers = [answer];
    const { message } = (await ask().catch((error: unknown) => error)) as Error;
    const [{ health } = {}] = (await system().plugins()).filter((plugin) => plugin.name === name);
    return `${message} ${JSON.stringify(health)}`;
  };
  const failure = { status: 401, headers: json, parts: [JSON.stringify({ error: { message: `no key: ${apiKey}` } })] };
  const location = `http://elsewhere.test/${encodeURIComponent(apiKey)}`;
  const texts = [
    await told(failure),
    await told(failure, () => model.models()),
    await told({ status: 302, headers: { location } }),
    await told({ headers: { "content-type": "text/plain" }, parts: [`${"x".repeat(190)}${apiKey}`] }),
    await told({ headers: models[name].dialect.headers, parts: [`event: message_start\ndata: ${apiKey}\n\n`] }),
  ];
  for (const text of texts) expect(text).not.toMatch(/sk-live|ABCDEF/);
  expect(texts[0]).toMatch(/no key: \*{3}.*"degraded".*no key: \*{3}/);
});

test("of what a server says in a failure its beginning is told", async () => {
  const model = await start("llm-openai");
  const message = "why ".repeat(10_000);
  server.answers = [{ status: 400, headers: json, parts: [JSON.stringify({ error: { message } })] }];
  const failure = (await model
    .chat(hello)
    .answer()
    .catch((error: unknown) => error)) as Error;
  expect(failure.message).toMatch(/^400 (?:why ){249}/);
  expect(failure.message.length).toBeLessThan(1_100);
});
