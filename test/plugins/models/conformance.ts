/** What holds of every model, whatever its provider speaks: answers, failures, and servers that break off, hang or lie. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type ChatRequest, type ModelClient, modelOf } from "../../../index.ts";
import { chatter } from "../../fixtures/chatter.ts";
import { ModelServer } from "../../support/model-server.ts";
import { useSystem } from "../../support/use-system.ts";
import type { Dialect, PlannedAnswer, PlannedFailure } from "./dialect.ts";

const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const weather = { name: "weather", inputSchema: { type: "object", properties: { city: { type: "string" } } } };

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return "none";
  } catch (error) {
    return (error as { readonly code?: string }).code;
  }
}

export function describeModel(name: string, dialect: Dialect): void {
  describe(`${name}, as every model`, () => {
    const system = useSystem({ clock: "system", threads: 1 });
    let server: ModelServer;
    let model: ModelClient;
    const limits = { silenceTimeoutMs: 60_000, maxAnswerChars: 1_000 };

    const start = async (config: Readonly<Record<string, unknown>> = {}): Promise<void> => {
      await system().startPlugins([
        { plugin: dialect.plugin, config: { ...dialect.config(server.url), ...limits, ...config } },
      ]);
      model = modelOf(system(), name);
    };

    beforeAll(async () => {
      server = await ModelServer.start();
      await start();
    });
    afterEach(() => {
      server.answers = [];
      server.asked.length = 0;
    });
    afterAll(() => server.stop());

    /** A test of what the protocol has a place for. */
    const testOf = (what: Dialect["lacks"][number], claim: string, body: () => Promise<void>) => {
      if (!dialect.lacks.includes(what)) test(claim, body);
    };
    /** The events of an answer up to its first text, and that one. */
    const untilText = (text: string): [string[], string] => {
      const events = dialect.events({ texts: [text] });
      const at = events.findIndex((event) => event.includes(text));
      return [events.slice(0, at), events[at] as string];
    };
    const answers = (planned: PlannedAnswer) => ({ headers: dialect.headers, parts: dialect.events(planned) });
    const failureOf = async (request: ChatRequest = hello) => {
      try {
        await model.chat(request).answer();
      } catch (error) {
        return error as { readonly code: string; readonly message: string; readonly retryAfterMs?: number };
      }
      throw new Error("it has answered");
    };

    test("its text comes delta by delta, and then the whole answer with what it has cost", async () => {
      const usage = { inputTokens: 9, outputTokens: 3 };
      server.answers = [answers({ texts: ["Hel", "lo, ", "Wörld 🌍"], usage })];
      const chat = model.chat(hello);
      const deltas: unknown[] = [];
      for await (const delta of chat) deltas.push(delta);
      expect(deltas).toEqual(["Hel", "lo, ", "Wörld 🌍"].map((text) => ({ type: "text", text })));
      expect(await chat.answer()).toMatchObject({
        content: "Hello, Wörld 🌍",
        toolCalls: [],
        finishReason: "stop",
        usage,
      });
    });

    test("what it is asked reaches the provider", async () => {
      server.answers = [answers({ texts: ["x"] })];
      const messages: ChatRequest["messages"] = [
        { role: "user", content: "What is the weather in Rome?" },
        { role: "assistant", toolCalls: [{ id: "c1", name: "weather", arguments: '{"city":"Rome"}' }] },
        { role: "tool", toolCallId: "c1", content: "sunny" },
      ];
      await model.chat({ model: "other", messages, tools: [weather] }).answer();
      const asked = dialect.asked(server.last);
      expect(asked).toMatchObject({
        model: "other",
        tools: ["weather"],
        key: dialect.lacks.includes("keys") ? undefined : "key-1",
      });
      expect(asked.messages[0]).toMatchObject({ role: "user" });
      expect(asked.messages.length).toBe(3);
    });

    test("a call that wants no stream has the answer", async () => {
      server.answers = [answers({ texts: ["a", "b"] })];
      expect(await system().call(`plugin.${name}`, "chat", hello)).toMatchObject({ content: "ab" });
    });

    test("calls of tools come with their parts, and whole in the answer", async () => {
      const calls = [
        { id: "c1", name: "weather", arguments: '{"city":"Rome"}' },
        { id: "c2", name: "weather", arguments: '{"city":"Oslo"}' },
      ];
      server.answers = [answers({ calls, finish: "toolCalls" })];
      const chat = model.chat({ ...hello, tools: [weather] });
      const parts: string[] = ["", ""];
      for await (const delta of chat) if (delta.type === "toolCall") parts[delta.index] += delta.arguments;
      expect(parts).toEqual(calls.map((call) => call.arguments));
      const { toolCalls, finishReason } = await chat.answer();
      expect(finishReason).toBe("toolCalls");
      expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
      const isNamed = !dialect.lacks.includes("callIds");
      expect(toolCalls).toEqual(
        isNamed ? calls : calls.map((call) => ({ ...call, id: expect.any(String) as unknown })),
      );
    });

    testOf("cutArguments", "arguments of a tool that are cut off stay as they came", async () => {
      server.answers = [answers({ calls: [{ id: "c1", name: "weather", arguments: '{"ci' }], finish: "length" })];
      expect(await model.chat({ ...hello, tools: [weather] }).answer()).toMatchObject({
        toolCalls: [{ arguments: '{"ci' }],
        finishReason: "length",
      });
    });

    test("an answer that is to have a structure has it, checked", async () => {
      const output = {
        name: "city",
        schema: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
      };
      server.answers = [
        answers({ texts: ['{"name":', '"Rome"}'] }),
        answers({ texts: ['{"name":1}'] }),
        answers({ texts: ["Rome"] }),
      ];
      expect((await model.chat({ ...hello, output }).answer()).output).toEqual({ name: "Rome" });
      expect(await failureOf({ ...hello, output })).toMatchObject({
        code: "model_output",
        message: expect.stringMatching(/name must be string/) as unknown,
      });
      expect(await failureOf({ ...hello, output })).toMatchObject({ code: "model_output" });
    });

    test("one that has come to its bound says so", async () => {
      server.answers = [answers({ texts: ["and so"], finish: "length" })];
      expect(await model.chat(hello).answer()).toMatchObject({ content: "and so", finishReason: "length" });
    });

    test.each<[PlannedFailure, string]>([
      ["auth", "model_auth"],
      ["context", "model_context"],
      ["overloaded", "model_overloaded"],
      ["quota", "model_quota"],
      ["rateLimit", "model_rate_limit"],
      ["refused", "model_refused"],
      ["rejected", "model_rejected"],
      ["unknown", "model_unknown"],
    ])("the provider's %s is %s", async (why, code) => {
      server.answers = [dialect.failure(why)];
      expect(await failureOf()).toMatchObject({ code, retryAfterMs: undefined });
    });

    testOf("refusedAnswers", "an answer that its provider has cut as unfit is refused", async () => {
      server.answers = [answers({ texts: ["no"], finish: "refused" })];
      expect((await failureOf()).code).toBe("model_refused");
    });

    test.each([
      ["seconds", { "retry-after": "2" }],
      ["milliseconds", { "retry-after-ms": "2000" }],
    ])("when to ask again, in %s, comes with the failure", async (_unit, header) => {
      const failure = dialect.failure("rateLimit");
      server.answers = [{ ...failure, headers: { ...failure.headers, ...header } }];
      expect(await failureOf()).toMatchObject({ code: "model_rate_limit", retryAfterMs: 2_000 });
    });

    test("events are read however they are cut, also within a character", async () => {
      const bytes = Buffer.from(dialect.events({ texts: ["Wörld ", "🌍🌍"] }).join(""));
      server.answers = [{ headers: dialect.headers, parts: Array.from(bytes, (byte) => Uint8Array.of(byte)) }];
      expect(await model.chat(hello).answer()).toMatchObject({ content: "Wörld 🌍🌍" });
    });

    test("an answer without the provider's last word is whole where it has its reason to stop", async () => {
      const events = dialect.events({ texts: ["all"] }).filter((event) => event !== dialect.last);
      server.answers = [{ headers: dialect.headers, parts: events }];
      expect(await model.chat(hello).answer()).toMatchObject({ content: "all", finishReason: "stop" });
    });

    test("a stream that ends in the middle, and one that breaks, are failures of the network, behind what came", async () => {
      const tokens = ["one ", "two ", "three ", "four ", "five "];
      for (const ending of ["end", "reset"] as const) {
        const events = dialect.events({ texts: [...tokens, "six"] });
        const upTo = events.findIndex((event) => event.includes("six"));
        server.answers = [{ headers: dialect.headers, parts: events.slice(0, upTo), ending }];
        const chat = model.chat(hello);
        const texts: string[] = [];
        const reading = (async () => {
          for await (const delta of chat) if (delta.type === "text") texts.push(delta.text);
        })();
        expect(await codeOf(reading)).toBe("model_network");
        // A reset may take with it what the other side has not read yet.
        expect(tokens.slice(0, texts.length)).toEqual(texts);
        if (ending === "end") expect(texts).toEqual(tokens);
      }
    });

    test("a page where a stream should be is told with its beginning", async () => {
      server.answers = [{ headers: { "content-type": "text/html" }, parts: ["<html>Log in</html>"] }];
      expect(await failureOf()).toMatchObject({
        code: "model_protocol",
        message: expect.stringMatching(/text\/html.*<html>Log in/) as unknown,
      });
    });

    test("an event that is no JSON is a failure of the protocol", async () => {
      server.answers = [{ headers: dialect.headers, parts: ["event: message_start\ndata: {not json\n\n"] }];
      expect((await failureOf()).code).toBe("model_protocol");
    });

    test("an answer without an end ends at its bound, and so does a line of one", async () => {
      const [start, text] = untilText("x".repeat(100));
      const endless = function* (): Generator<string> {
        yield* start;
        for (let n = 0; n < 10_000; n++) yield text;
      };
      server.answers = [{ headers: dialect.headers, parts: endless() }];
      expect(await failureOf()).toMatchObject({
        code: "model_protocol",
        message: expect.stringMatching(/maxAnswerChars \(1000\)/) as unknown,
      });
      await server.last.gone;
      const long = function* (): Generator<string> {
        yield "data: ";
        for (let n = 0; n < 1_000; n++) yield "x".repeat(10_000);
      };
      server.answers = [{ headers: dialect.headers, parts: long() }];
      expect(await failureOf()).toMatchObject({
        code: "model_protocol",
        message: expect.stringMatching(/line/) as unknown,
      });
      await server.last.gone;
    });

    test("one that is given up, or whose asker is killed, closes its connection", async () => {
      const [start, text] = untilText("some");
      server.answers = [{ headers: dialect.headers, parts: [...start, text], ending: "hang" }];
      const chat = model.chat(hello);
      for await (const _delta of chat) break;
      await server.last.gone;
      const ref = await system().spawn(chatter);
      const before = server.asked.length;
      const call = codeOf(ref.call("ask", [name, hello]));
      while (server.asked.length === before) await new Promise<void>((resolve) => setImmediate(resolve));
      system().exit(ref, "kill");
      expect(await call).toBe("killed");
      await server.last.gone;
    });

    test("a request that is wrong is refused where it is wrong, and the provider is not asked", async () => {
      const cases: [unknown, RegExp][] = [
        [{ messages: [] }, /messages is a list of one or more/],
        [{ messages: [{ role: "wizard", content: "" }] }, /messages\[0\]\.role .* got "wizard"/],
        [{ messages: [{ role: "user", content: 1 }] }, /messages\[0\]\.content is a text, got 1/],
        [{ ...hello, temprature: 1 }, /there is no "temprature"/],
        [{ ...hello, temperature: 3 }, /temperature is a number from 0 to 2, got 3/],
        [{ ...hello, tools: [weather, weather] }, /tools\[1\]\.name is of one tool alone/],
        [{ ...hello, toolChoice: { name: "other" }, tools: [weather] }, /one of its tools \(weather\)/],
      ];
      for (const [request, message] of cases)
        expect(await failureOf(request as ChatRequest)).toMatchObject({
          code: "bad_argument",
          message: expect.stringMatching(message) as unknown,
        });
      expect(server.asked).toEqual([]);
    });

    test("control characters and halves of a pair go through, or become the sign for none", async () => {
      server.answers = [answers({ texts: ["x"] })];
      await model.chat({ messages: [{ role: "user", content: "a\u0000\u001b[31m\ud800b" }] }).answer();
      expect(JSON.stringify(dialect.asked(server.last).messages)).toContain("a\\u0000\\u001b[31m\ufffdb");
    });

    test("nothing that a provider is asked has halves of a pair, wherever they stand", async () => {
      server.answers = [answers({ texts: ["x"] })];
      const half = "a\ud800b";
      const inputSchema = { type: "object", properties: { [half]: { type: "string", description: half } } };
      const call = { id: half, name: half, arguments: "{}" };
      await model
        .chat({
          model: half,
          messages: [
            { role: "user", content: half },
            { role: "assistant", toolCalls: [call] },
            { role: "tool", toolCallId: half, content: "" },
          ],
          tools: [{ name: "weather", description: half, inputSchema }],
          stop: [half],
        })
        .answer();
      const body = JSON.stringify(server.last.body);
      expect(body).not.toMatch(/\\ud[89a-f]/);
      expect(body).toContain('{"a\ufffdb":{"type":"string","description":"a\ufffdb"}}');
    });

    test("a schema that JSON has no form for is refused where it stands", async () => {
      const circle: Record<string, unknown> = { type: "object" };
      circle["properties"] = circle;
      const request = { ...hello, tools: [{ name: "weather", inputSchema: circle }] };
      expect(await failureOf(request)).toMatchObject({
        code: "bad_argument",
        message: expect.stringMatching(/tools\[0\]\.inputSchema is no JSON/) as unknown,
      });
    });
  });
}
