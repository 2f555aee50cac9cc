/** `llm-native`: what holds of every model, of one that runs here. Each start is a process. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { ChatRequest } from "../../../index.ts";
import { chatter } from "../../fixtures/chatter.ts";
import { llamaBinary } from "../../support/known-services.ts";
import { describeWith } from "../../support/service.ts";
import { useSystem } from "../../support/use-system.ts";
import { failureOf, hello, NativeRuns, raw, sentence } from "./native-runs.ts";

await describeWith(llamaBinary, () => {
  const system = useSystem({ clock: "system", threads: 1 });
  const runs = new NativeRuns(system);

  describe("a model that runs here, as every model", () => {
    beforeAll(() => runs.start({ file: runs.models.write("tiny"), maxAnswerChars: 5_000 }));
    afterAll(() => runs.stop());

    test("its text comes token by token, and then the whole answer with what it has cost", async () => {
      const chat = runs.model.chat(hello);
      const texts: string[] = [];
      for await (const delta of chat) if (delta.type === "text") texts.push(delta.text);
      expect(texts).toEqual(["The", " quick", " brown", " fox", " jumps", " over", " a", " lazy", " dog", "."]);
      expect(await chat.answer()).toEqual({
        model: "tiny",
        content: sentence,
        toolCalls: [],
        finishReason: "stop",
        usage: { inputTokens: 9, outputTokens: 11, cachedInputTokens: expect.any(Number) as unknown },
      });
    });

    test("a call that wants no stream has the answer", async () => {
      expect(await system().call("plugin.llm-native", "chat", hello)).toMatchObject({ content: sentence });
    });

    test("what a conversation has in common with the one before it is not read again", async () => {
      const messages: ChatRequest["messages"] = [{ role: "user", content: "a story of foxes" }];
      const { usage: first } = await runs.model.chat({ messages }).answer();
      const { usage } = await runs.model
        .chat({
          messages: [...messages, { role: "assistant", content: sentence }, { role: "user", content: "and then?" }],
        })
        .answer();
      expect(usage?.cachedInputTokens).toBeGreaterThanOrEqual((first?.inputTokens ?? 0) - 1);
    });

    test("one that has come to its bound says so", async () => {
      expect(await runs.model.chat({ ...hello, maxOutputTokens: 3 }).answer()).toMatchObject({
        content: "The quick brown",
        finishReason: "length",
        usage: { outputTokens: 3 },
      });
    });

    test("it stops before it would write a stop word, also within a token and over several", async () => {
      for (const [stop, content] of [
        ["umps", "The quick brown fox j"],
        [" fox jumps", "The quick brown"],
        [" fox sleeps", sentence],
      ] as const)
        expect(await runs.model.chat({ ...hello, stop: [stop] }).answer()).toMatchObject({
          content,
          finishReason: "stop",
        });
    });

    test("a prompt without a template is gone on with as it is", async () => {
      const { content, finishReason } = await runs.model.chat(raw("tiny", "a~", { maxOutputTokens: 4 })).answer();
      expect([content, finishReason]).toEqual([" on and on and", "length"]);
    });

    test("a seed draws alike each time, and others otherwise", async () => {
      const roll = async (seed: number) =>
        (await runs.model.chat(raw("tiny", "roll?", { temperature: 1, seed, maxOutputTokens: 1 })).answer()).content;
      const seeds = Array.from({ length: 20 }, (_, seed) => seed);
      const rolls: string[] = [];
      for (const seed of seeds) rolls.push(await roll(seed));
      expect(new Set(rolls).size).toBeGreaterThan(2);
      for (const digit of rolls) expect(digit).toMatch(/^[1-6]$/);
      for (const seed of seeds) expect(await roll(seed)).toBe(rolls[seed]);
    });

    test("without a temperature nothing is drawn", async () => {
      const rolls = new Set<string>();
      for (let seed = 0; seed < 10; seed++)
        rolls.add((await runs.model.chat(raw("tiny", "roll?", { seed, maxOutputTokens: 1 })).answer()).content);
      expect(rolls.size).toBe(1);
    });

    test("an answer that is to have a structure has it, whatever the model would rather say", async () => {
      const schema = {
        type: "object",
        required: ["isFox", "mood", "legs"],
        properties: {
          isFox: { type: "boolean" },
          mood: { enum: ["quick", "lazy"] },
          legs: { type: "array", items: { $ref: "#/$defs/leg" }, minItems: 2, maxItems: 2 },
        },
        $defs: { leg: { anyOf: [{ const: "front" }, { const: "hind" }] } },
      };
      const { output, finishReason } = await runs.model.chat({ ...hello, output: { name: "fox", schema } }).answer();
      expect(finishReason).toBe("stop");
      expect(output).toEqual({
        isFox: expect.any(Boolean) as unknown,
        mood: expect.stringMatching(/^(?:quick|lazy)$/) as unknown,
        legs: [expect.stringMatching(/^(?:front|hind)$/), expect.stringMatching(/^(?:front|hind)$/)] as unknown,
      });
    });

    test("one whose structure is cut off is no answer of its schema", async () => {
      const output = { name: "list", schema: { type: "array", items: { type: "boolean" }, minItems: 20 } };
      expect(await failureOf(runs.model.chat({ ...hello, output, maxOutputTokens: 5 }).answer())).toMatchObject({
        code: "model_output",
      });
    });

    test("what cannot be asked of it is refused, and says why", async () => {
      const tools = [{ name: "look", inputSchema: { type: "object" } }];
      const cases: [Partial<ChatRequest>, string, RegExp][] = [
        [{ model: "other" }, "model_unknown", /no model other here: ask tiny or tiny\/raw/],
        [{ messages: [{ role: "user", content: "x".repeat(5_000) }] }, "model_context", /\d tokens.* 4096 /],
        [{ tools, toolChoice: "required" }, "model_rejected", /cannot be made to call a tool/],
        [{ tools, output: { name: "x", schema: {} } }, "model_rejected", /not both/],
        [{ tools, model: "tiny/raw" }, "model_rejected", /without a template/],
        [{ output: { name: "x", schema: { not: {} } } }, "model_rejected", /output\.schema cannot .* it has not/],
        [{ messages: [{ role: "tool", toolCallId: "c9", content: "" }] }, "bad_argument", /the call c9/],
        [{ messages: [{ role: "user", content: 1 as never }] }, "bad_argument", /content is a text/],
      ];
      for (const [request, code, message] of cases)
        expect(await failureOf(runs.model.chat({ ...hello, ...request }).answer())).toMatchObject({
          code,
          message: expect.stringMatching(message) as unknown,
        });
    });

    test("an answer that becomes too long ends there", async () => {
      expect(await failureOf(runs.model.chat(raw("tiny", "a~")))).toMatchObject({
        code: "model_protocol",
        message: expect.stringMatching(/maxAnswerChars \(5000\)/) as unknown,
      });
    });

    test("texts are embedded, each with its vector", async () => {
      const { model: name, vectors, usage } = await runs.model.embed({ texts: ["one", "two", "one"] });
      expect([name, vectors.length, usage]).toEqual(["tiny", 3, { inputTokens: 12 }]);
      expect(vectors[0]).toEqual(vectors[2]);
      expect(vectors[0]).not.toEqual(vectors[1]);
      expect(await failureOf(runs.model.embed({ texts: ["ok", "x".repeat(5_000)] }))).toMatchObject({
        code: "model_context",
        message: expect.stringMatching(/texts\[1\] has \d+ tokens/) as unknown,
      });
    });

    test("its models are told by name", async () => {
      expect(await runs.model.models()).toEqual([{ name: "tiny" }, { name: "tiny/raw" }]);
    });
  });

  describe("one that is started for the test", () => {
    afterEach(() => runs.stop());

    test("it may call a tool, whose arguments are of their schema, and goes on behind what that has said", async () => {
      await runs.start({ file: runs.models.write("caller", { sentence: ["||call:", " weather", "("] }) });
      const tools = [
        {
          name: "weather",
          description: "of a city",
          inputSchema: { type: "object", properties: { city: { enum: ["Rome", "Oslo"] } }, required: ["city"] },
        },
      ];
      const chat = runs.model.chat({ ...hello, tools, maxOutputTokens: 100 });
      let parts = "";
      for await (const delta of chat) if (delta.type === "toolCall") parts += delta.arguments;
      const { toolCalls, finishReason, content } = await chat.answer();
      expect([toolCalls.length, finishReason, content]).toEqual([1, "toolCalls", ""]);
      expect(toolCalls[0]).toEqual({ id: "call_1_0", name: "weather", arguments: parts });
      expect(JSON.parse(parts)).toEqual({ city: expect.stringMatching(/^(?:Rome|Oslo)$/) as unknown });
      const { content: next } = await runs.model
        .chat({
          messages: [
            ...hello.messages,
            { role: "assistant", toolCalls },
            { role: "tool", toolCallId: "call_1_0", content: "sunny" },
          ],
        })
        .answer();
      // Behind the line with the result.
      expect(next).toBe("It is sunny.");
    });

    test("each sequence answers one chat at a time, and who finds none waits for the next", async () => {
      await runs.startEndless({ sequences: 2 });
      const first = await runs.begin("a~");
      const second = await runs.begin("b~");
      const order: string[] = [];
      const third = runs.model
        .chat(hello)
        .answer()
        .then(({ content }) => order.push(content));
      await second.next();
      await second.next();
      order.push("the others write on");
      await second.return();
      await third;
      expect(order).toEqual(["the others write on", sentence]);
      await first.next();
      await first.return();
    });

    test("one that is given up stops, and its sequence is free; so is one whose asker is killed, or whose time is over", async () => {
      await runs.startEndless({ sequences: 1, timeoutMs: 2_000 });
      for await (const _delta of runs.model.chat(raw("long", "a~"))) break;
      expect(await runs.model.chat(hello).answer()).toMatchObject({ content: sentence });
      const ref = await system().spawn(chatter);
      const asked = failureOf(ref.call("ask", ["llm-native", raw("long", "b~")]));
      const waiting = runs.model.chat(hello).answer();
      system().exit(ref, "kill");
      expect((await asked).code).toBe("killed");
      expect(await waiting).toMatchObject({ content: sentence });
      expect(await failureOf(runs.model.chat(raw("long", "c~")).answer())).toMatchObject({ code: "timeout" });
      expect(await runs.model.chat(hello).answer()).toMatchObject({ content: sentence });
    });

    test("one that waits and is given up gets no sequence, and keeps none", async () => {
      await runs.startEndless({ sequences: 1 });
      const first = await runs.begin("a~");
      const given = runs.model.chat(hello);
      const left = failureOf(given.answer());
      const last = runs.model.chat(hello).answer();
      given.cancel();
      expect((await left).code).toBe("cancelled");
      await first.return();
      expect(await last).toMatchObject({ content: sentence });
    });
  });
});
