/** Spans of what actors ask for, on whatever thread and in whatever process: one trace, with the right parents, and without what was said. */
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventMetrics, statsMetrics } from "../../../core/index.ts";
import { modelOf, toolsOf } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { telemetry } from "../../../plugins/telemetry/index.ts";
import { asker, questionTools, summarist } from "../../fixtures/asking-actors.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { inProcess } from "../../support/in-process.ts";
import { areServicesRequired, whyMissing } from "../../support/known-services.ts";
import { type ExportedSpan, type RegisteredSdk, registerSdk, traceSdk } from "../../support/telemetry-sdk.ts";
import { useSystem } from "../../support/use-system.ts";

const why = areServicesRequired() ? undefined : await whyMissing(traceSdk);
if (why !== undefined) process.stderr.write(`left out: spans: ${why}\n`);
const withSdk = why === undefined ? test : test.skip;

const system = useSystem({ clock: "system", threads: 2 });
const traceId = "0af7651916cd43dd8448eb211c80319c";
const caller = "b7ad6b7169203331";
const trace = `00-${traceId}-${caller}-01`;
const secret = "the launch code is 7351";
const ask = { model: "llm-scripted", question: secret };
const patient = { trace, timeoutMs: 30_000 };

let sdk: RegisteredSdk | undefined;
beforeAll(async () => {
  if (why === undefined) sdk = await registerSdk();
});
afterAll(async () => await sdk?.[Symbol.asyncDispose]());

type Uses = Parameters<ReturnType<typeof system>["startPlugins"]>[0];

async function started(plugins: Uses): Promise<AsyncDisposable> {
  const handle = await system().startPlugins(plugins);
  return {
    async [Symbol.asyncDispose]() {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    },
  };
}

/** Since the last look, once so many are there. */
let looked = 0;
async function spans(count: number): Promise<readonly ExportedSpan[]> {
  const all = () => sdk?.spans() ?? [];
  while (all().length < looked + count) await system().settled();
  const found = all().slice(looked);
  looked += found.length;
  return found;
}

const told = (span: ExportedSpan) => ({
  name: span.name,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
});
const chatSpan = { name: "chat scripted", trace: traceId, parent: caller };

describe.each([
  ["a thread", { placement: { thread: 1 } }],
  ["a process", inProcess],
] as const)("asked by an actor in %s", (_where, options) => {
  withSdk.each([
    ["on another thread", {}],
    ["in a process", { isolation: "process" }],
  ] as const)("a model %s has a span of the caller's trace, below the caller's", async (_place, use) => {
    await using _plugins = await started([telemetry, { plugin: llmScripted, startTimeoutMs: 60_000, ...use }]);
    const actor = await system().spawn(asker, undefined, options);
    expect(await actor.call("ask", ask, patient)).toBe(secret);
    expect((await spans(1)).map(told)).toEqual([chatSpan]);
    system().exit(actor, "kill");
  });
});

withSdk("the context goes through several actors, on a thread and in a process", async () => {
  await using _plugins = await started([telemetry, llmScripted]);
  const inner = await system().spawn(asker, undefined, inProcess);
  const outer = await system().spawn(asker, undefined, { placement: { thread: 1 } });
  expect(await outer.call("askThrough", { ...ask, to: inner }, patient)).toBe(secret);
  expect((await spans(1)).map(told)).toEqual([chatSpan]);
  for (const actor of [inner, outer]) system().exit(actor, "kill");
});

withSdk("it goes through a plugin that is asked by topic, and what that requires", async () => {
  await using _plugins = await started([telemetry, llmScripted, summarist]);
  expect(await system().request("capability.summaries.summarize", secret, { trace })).toBe(secret);
  expect((await spans(1)).map(told)).toEqual([chatSpan]);
});

withSdk("the chats that a router asks for are below its own, also those that fail", async () => {
  const failing = { content: "", error: { code: "model_quota" } };
  await using _plugins = await started([
    telemetry,
    { plugin: first, config: { turns: [failing] } },
    { plugin: second, config: { model: "plain" } },
    routed,
  ]);
  await modelOf(system(), "llm-router")
    .chat({ messages: [{ role: "user", content: secret }] }, { trace })
    .answer();
  const found = await spans(3);
  const router = found.find(({ attributes }) => attributes["gen_ai.provider.name"] === "router");
  const own = router?.spanContext().spanId;
  expect(router?.attributes["mofa.relay"]).toBe(true);
  expect(router?.parentSpanContext?.spanId).toBe(caller);
  const below = found.filter((span) => span !== router);
  expect(below.map(({ parentSpanContext, status }) => [parentSpanContext?.spanId, status.code])).toEqual([
    [own, 2],
    [own, 0],
  ]);
});

withSdk("a tool has a span, and the model that it asks one below it", async () => {
  await using _plugins = await started([telemetry, llmScripted, questionTools]);
  expect(await toolsOf(system(), "question-tools").call("summarize", { text: secret }, { trace })).toBe(secret);
  const found = await spans(2);
  const tool = found.find(({ name }) => name === "execute_tool summarize");
  expect(tool?.attributes).toMatchObject({ "gen_ai.tool.name": "summarize", "gen_ai.operation.name": "execute_tool" });
  expect(found.filter((span) => span !== tool).map(told)).toEqual([
    { ...chatSpan, parent: tool?.spanContext().spanId },
  ]);
});

withSdk("a chat's span has the attributes of the conventions, and nothing that was said", async () => {
  await using _plugins = await started([telemetry, llmScripted]);
  const chat = modelOf(system(), "llm-scripted").chat(
    { messages: [{ role: "user", content: secret }], model: "big", maxOutputTokens: 90, temperature: 0.5 },
    { trace },
  );
  const { usage } = await chat.answer();
  const [span] = await spans(1);
  expect([span?.name, span?.kind, span?.status.code]).toEqual(["chat big", 2, 0]);
  expect(span?.attributes).toEqual({
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "scripted",
    "gen_ai.request.model": "big",
    "gen_ai.request.max_tokens": 90,
    "gen_ai.request.temperature": 0.5,
    "gen_ai.response.model": "big",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": usage?.inputTokens,
    "gen_ai.usage.output_tokens": usage?.outputTokens,
    "mofa.actor": "plugin.llm-scripted",
    "mofa.thread": expect.any(Number) as unknown,
  });
  expect(JSON.stringify(span?.attributes)).not.toContain("7351");
});

withSdk("a chat that fails has its code, and not what the provider has said", async () => {
  const error = { code: "model_rejected", message: `no: ${secret}` };
  await using _plugins = await started([
    telemetry,
    { plugin: llmScripted, config: { turns: [{ content: "", error }] } },
  ]);
  const chat = modelOf(system(), "llm-scripted").chat({ messages: [{ role: "user", content: secret }] }, { trace });
  await expect(chat.answer()).rejects.toMatchObject({ code: "model_rejected" });
  const [span] = await spans(1);
  expect(span?.attributes["error.type"]).toBe("model_rejected");
  expect(span?.status).toEqual({ code: 2, message: "model_rejected" });
  expect(JSON.stringify(span?.attributes)).not.toContain("7351");
});

withSdk("with captureContent the span has what was said, in the conventions' form", async () => {
  await using _plugins = await started([{ plugin: telemetry, config: { captureContent: true } }, llmScripted]);
  const actor = await system().spawn(asker, undefined, { placement: { thread: 1 } });
  await actor.call("ask", ask, patient);
  const [span] = await spans(1);
  const text = { type: "text", content: secret };
  expect(JSON.parse(String(span?.attributes["gen_ai.input.messages"]))).toEqual([{ role: "user", parts: [text] }]);
  expect(JSON.parse(String(span?.attributes["gen_ai.output.messages"]))).toEqual([
    { role: "assistant", parts: [text], finish_reason: "stop" },
  ]);
  system().exit(actor, "kill");
});

withSdk("a chat without a context has no span, and is measured all the same", async () => {
  await using _plugins = await started([telemetry, llmScripted]);
  const { usage } = await modelOf(system(), "llm-scripted")
    .chat({ messages: [{ role: "user", content: "hello" }], model: "measured" })
    .answer();
  await system().settled();
  const metrics = await sdk?.metrics();
  const points = (name: string) =>
    metrics
      ?.find(({ descriptor }) => descriptor.name === name)
      ?.dataPoints.filter(({ attributes }) => attributes["gen_ai.request.model"] === "measured")
      .map(({ attributes, value }) => [attributes["gen_ai.token.type"], (value as { readonly sum: number }).sum]);
  expect(points("gen_ai.client.token.usage")).toEqual([
    ["input", usage?.inputTokens],
    ["output", usage?.outputTokens],
  ]);
  expect(points("gen_ai.client.operation.duration")).toHaveLength(1);
  expect(sdk?.spans().length).toBe(looked);
});

withSdk("what the runtime counts is measured: crashes, ends, restarts, what lives and waits", async () => {
  await using _plugins = await started([telemetry]);
  const tree = await system().supervise(
    { children: [{ id: "asker", name: "asker", start: [asker] }] },
    { name: "tree" },
  );
  await expect(system().call("asker", "fail")).rejects.toThrow("told to fail");
  await system().settled();
  const metrics = (await sdk?.metrics()) ?? [];
  const sums = (name: string) =>
    metrics
      .find(({ descriptor }) => descriptor.name === name)
      ?.dataPoints.map(({ attributes, value }) => [attributes, value]) ?? [];
  expect(sums("mofa.restarts")).toContainEqual([{ "mofa.supervisor": "tree" }, 1]);
  expect(sums("mofa.behaviour.crashes")).toContainEqual([{ "mofa.behaviour": "asker" }, 1]);
  expect(sums("mofa.exits")).toContainEqual([{ "mofa.reason": "error" }, 1]);
  const listed = [...statsMetrics, ...Object.values(eventMetrics)].map(({ name }) => name);
  expect(metrics.map(({ descriptor }) => descriptor.name)).toEqual(expect.arrayContaining(listed));
  const { actors } = await system().stats();
  expect(sums("mofa.actors").reduce((sum, [, value]) => sum + (value as number), 0)).toBe(actors);
  expect(
    sums("mofa.dead_letters").map(([attributes]) => (attributes as Record<string, unknown>)["mofa.why"]),
  ).toContain("noproc");
  system().exit(tree.ref, "shutdown");
  await tree.exit;
});

withSdk("a context that says it is not sampled has no span", async () => {
  await using _plugins = await started([telemetry, llmScripted]);
  const chat = (context: string) =>
    modelOf(system(), "llm-scripted")
      .chat({ messages: [{ role: "user", content: "x" }] }, { trace: context })
      .answer();
  await chat(`00-${traceId}-${caller}-00`);
  await chat("no context of the W3C");
  await chat(trace);
  expect((await spans(1)).map(told)).toEqual([chatSpan]);
});
