/**
 * One suite over every kind of model: by a provider's protocol, by llama.cpp on this machine, by a script, and by what was recorded.
 * What is of one kind alone has suites of its own. Not in every placement: who asks from where is in `scripted.test.ts`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  type ChatRequest,
  type ModelClient,
  type MofaSystem,
  modelOf,
  type PluginUse,
  type Ref,
} from "../../../index.ts";
import { llmNative } from "../../../plugins/llm-native/index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { chatter } from "../../fixtures/chatter.ts";
import { recorded, replayed } from "../../fixtures/recorded-models.ts";
import { llamaBinary } from "../../support/known-services.ts";
import { ModelServer } from "../../support/model-server.ts";
import { describeWith } from "../../support/service.ts";
import { TinyModels } from "../../support/tiny-models.ts";
import { useSystem } from "../../support/use-system.ts";
import { anthropicDialect } from "./anthropic-dialect.ts";
import type { Dialect } from "./dialect.ts";
import { sentence } from "./native-runs.ts";
import { ollamaDialect } from "./ollama-dialect.ts";
import { openaiDialect } from "./openai-dialect.ts";

const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const schema = {
  type: "object",
  properties: { city: { enum: ["Rome"] } },
  required: ["city"],
  additionalProperties: false,
};
const structured: ChatRequest = {
  messages: [{ role: "user", content: "a city" }],
  output: { name: "city", schema },
};
const words = sentence.split(/(?= )/);
const city = ['{"city"', ':"Rome"}'];

interface Provider {
  readonly name: string;
  /** What is started for it. */
  uses(system: MofaSystem): Promise<readonly PluginUse[]>;
  /** Before each question. */
  plan?(request: ChatRequest): void;
  remove?(): unknown;
}

function byServer(name: string, dialect: Dialect): Provider {
  let server: ModelServer;
  return {
    name,
    async uses() {
      server = await ModelServer.start();
      return [{ plugin: dialect.plugin, config: dialect.config(server.url) }];
    },
    plan(request) {
      const texts = request === structured ? city : words;
      const parts = dialect.events({ texts, usage: { inputTokens: 3, outputTokens: texts.length } });
      server.answers = [{ headers: dialect.headers, parts }];
    },
    remove: () => server.stop(),
  };
}

const script = {
  rules: [{ when: { contains: "a city" }, answer: { content: city.join("") } }, { answer: { content: sentence } }],
};
const byScript: Provider = {
  name: "llm-scripted",
  uses: async () => await Promise.resolve([{ plugin: llmScripted, config: script }]),
};

const folder = mkdtempSync(join(tmpdir(), "mofa-providers-"));
afterAll(() => rmSync(folder, { recursive: true }));
const byRecord: Provider = {
  name: "llm-recorded",
  async uses(system) {
    const file = join(folder, "run.jsonl");
    const tree = await system.startPlugins([
      { plugin: llmScripted, config: script },
      { plugin: recorded, config: { file, mode: "record" } },
    ]);
    for (const request of [hello, structured]) await modelOf(system, "llm-recorded").chat(request).answer();
    system.exit(tree.ref, "shutdown");
    await tree.exit;
    return [{ plugin: replayed, config: { file } }];
  },
};

const tiny = new TinyModels();
afterAll(() => tiny.remove());
const byLlama: Provider = {
  name: "llm-native",
  uses: async () =>
    await Promise.resolve([
      { plugin: llmNative, config: { file: tiny.write("tiny"), threads: 1 }, startTimeoutMs: 60_000 },
    ]),
};

function describeProvider(provider: Provider): void {
  describe(`${provider.name}, as every provider`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    let model: ModelClient;
    const ask = (request: ChatRequest = hello) => {
      provider.plan?.(request);
      return model.chat(request);
    };

    beforeAll(async () => {
      await system().startPlugins(await provider.uses(system()), { intensity: 10 });
      model = modelOf(system(), provider.name);
    });
    afterAll(async () => {
      await provider.remove?.();
    });

    test("its deltas come one by one, and are the answer, which says how it has ended and what it has cost", async () => {
      const chat = ask();
      const texts: string[] = [];
      for await (const delta of chat) if (delta.type === "text") texts.push(delta.text);
      expect(texts.length).toBeGreaterThan(1);
      expect(texts.join("")).toBe(sentence);
      expect(await chat.answer()).toMatchObject({
        model: expect.stringMatching(/./),
        content: sentence,
        toolCalls: [],
        finishReason: "stop",
        usage: { inputTokens: expect.any(Number), outputTokens: expect.any(Number) },
      });
    });

    test("it answers a call that wants no stream", async () => {
      provider.plan?.(hello);
      expect(await system().call(`plugin.${provider.name}`, "chat", hello, { timeoutMs: 30_000 })).toMatchObject({
        content: sentence,
      });
    });

    test("it writes JSON of the schema that is asked for, checked", async () => {
      expect((await ask(structured).answer()).output).toEqual({ city: "Rome" });
    });

    test("a chat that is left on its way has no answer, and the next one has", async () => {
      const chat = ask();
      for await (const _delta of chat) break;
      await expect(chat.answer()).rejects.toMatchObject({ name: "ModelError", code: "cancelled" });
      expect((await ask().answer()).content).toBe(sentence);
    });

    test("an actor that is killed while it waits harms nobody else", async () => {
      provider.plan?.(hello);
      const asker = await system().spawn(chatter, undefined);
      const call = asker.call("ask", [provider.name, hello]).catch((error: unknown) => error);
      system().exit(asker, "kill");
      expect(await call).toMatchObject({ code: "killed" });
      expect((await ask().answer()).content).toBe(sentence);
    });

    test.each([
      ["no messages", { messages: [] }],
      ["a key that there is not", { ...hello, tokens: 5 }],
      ["a schema that is none", { ...hello, output: { name: "x", schema: { type: "thing" } } }],
    ])("a request with %s is refused before anybody is asked", async (_what, request) => {
      await expect(model.chat(request as ChatRequest).answer()).rejects.toMatchObject({ code: "bad_argument" });
    });

    test("one that is killed is started again, and answers", async () => {
      const name = `plugin.${provider.name}`;
      const former = system().whereis(name) as Ref;
      const restarted = new Promise<void>((resolve) => {
        const stop = system().events.on("restarted", () => {
          stop();
          resolve();
        });
      });
      system().exit(former, "kill");
      await restarted;
      // A process takes its time to come up; until then nobody has the name.
      while (system().whereis(name) === undefined) await new Promise<void>((resolve) => setImmediate(resolve));
      expect((await ask().answer()).content).toBe(sentence);
    });
  });
}

const providers = [
  byServer("llm-openai", openaiDialect),
  byServer("llm-anthropic", anthropicDialect),
  byServer("llm-ollama", ollamaDialect),
  byScript,
  byRecord,
];
for (const provider of providers) describeProvider(provider);
await describeWith(llamaBinary, () => describeProvider(byLlama));
