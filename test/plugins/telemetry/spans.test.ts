/** Spans of what actors ask models, on whatever thread and in whatever process: one trace, with the right parents, and without what was said. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { SupervisorHandle } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { telemetry } from "../../../plugins/telemetry/index.ts";
import { asker, summarist } from "../../fixtures/asking-actors.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { inProcess } from "../../support/in-process.ts";
import { type ExportedSpan, type RegisteredSdk, registerSdk } from "../../support/telemetry-sdk.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 2 });
const traceId = "0af7651916cd43dd8448eb211c80319c";
const caller = "b7ad6b7169203331";
const trace = `00-${traceId}-${caller}-01`;
const secret = "the launch code is 7351";

let sdk: RegisteredSdk;
beforeAll(async () => {
  sdk = await registerSdk();
});
afterAll(async () => await sdk[Symbol.asyncDispose]());

async function started(plugins: Parameters<ReturnType<typeof system>["startPlugins"]>[0]): Promise<AsyncDisposable> {
  const handle = await system().startPlugins(plugins);
  return {
    async [Symbol.asyncDispose]() {
      system().exit(handle.ref, "shutdown");
      await handle.exit;
    },
  };
}

const ask = { model: "llm-scripted", question: secret };

/** Since the last look, once so many are there. */
let looked = 0;
async function spans(count: number): Promise<readonly ExportedSpan[]> {
  while (sdk.spans().length < looked + count) await system().settled();
  const found = sdk.spans().slice(looked);
  looked += found.length;
  return found;
}

const told = (span: ExportedSpan) => ({
  name: span.name,
  trace: span.spanContext().traceId,
  parent: span.parentSpanContext?.spanId,
});

describe.each([
  ["a thread", { placement: { thread: 1 } }],
  ["a process", inProcess],
] as const)("asked by an actor in %s", (_where, options) => {
  test.each([
    ["on another thread", {}],
    ["in a process", { isolation: "process" }],
  ] as const)("a model %s has a span of the caller's trace, below the caller's", async (_place, use) => {
    await using _plugins = await started([telemetry, { plugin: llmScripted, startTimeoutMs: 60_000, ...use }]);
    const actor = await system().spawn(asker, undefined, options);
    expect(await actor.call("ask", ask, { trace, timeoutMs: 30_000 })).toBe(secret);
    expect((await spans(1)).map(told)).toEqual([{ name: "chat scripted", trace: traceId, parent: caller }]);
    system().exit(actor, "kill");
  });
});
