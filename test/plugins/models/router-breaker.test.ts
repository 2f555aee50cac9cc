/** The breakers of `llm-router`: who is passed over, and what brings it back. */
import { afterEach, expect, test } from "@jest/globals";
import { isBrokenCircuitError } from "cockatiel";
import { type ChatRequest, type ModelClient, ModelError, modelOf, type SupervisorHandle } from "../../../index.ts";
import { routerConfig } from "../../../plugins/llm-router/config.ts";
import type { RouterConfig } from "../../../plugins/llm-router/index.ts";
import { RateLimit } from "../../../plugins/llm-router/rate-limit.ts";
import { Target } from "../../../plugins/llm-router/target.ts";
import { first, routed, second } from "../../fixtures/routed-models.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
let running: SupervisorHandle | undefined;

afterEach(async () => {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
});

/** Its first failure breaks it, for as little as can be. */
async function fragile(): Promise<Target> {
  const config = (await routerConfig["~standard"].validate({ breakAfter: 1, breakMs: 1 })) as {
    readonly value: RouterConfig;
  };
  return new Target({ plugin: "one" }, {} as ModelClient, new RateLimit("one", {}, 0, () => 0), config.value);
}

const fail = (code: string) => Promise.reject(new ModelError(code, "by the test"));

/** Asks until it is let in as a trial. @returns what comes of that */
async function tried<T>(target: Target, answer: Promise<T>): Promise<{ readonly trial: Promise<T> }> {
  for (;;) {
    let isTried = false;
    const trial = target.ask(() => {
      isTried = true;
      return answer;
    });
    if (isTried) return { trial };
    await trial.catch(() => {});
  }
}

test("a trial that came to nothing proves nothing, and others do not wait for it", async () => {
  const target = await fragile();
  await expect(target.ask(() => fail("model_quota"))).rejects.toMatchObject({ code: "model_quota" });
  const gate = Promise.withResolvers<never>();
  const { trial } = await tried(target, gate.promise);
  expect(await target.ask(() => Promise.resolve("answer")).catch(isBrokenCircuitError)).toBe(true);
  gate.reject(target.unproven(new ModelError("cancelled", "another was first")));
  await expect(trial).rejects.toMatchObject({ code: "cancelled" });
  expect(target.isBroken).toBe(true);
});

test("who was asked before it was passed over fails late, and the trial goes on and brings it back", async () => {
  const target = await fragile();
  const old = Promise.withResolvers<never>();
  const late = target.ask(() => old.promise);
  await expect(target.ask(() => fail("model_quota"))).rejects.toMatchObject({ code: "model_quota" });
  const gate = Promise.withResolvers<string>();
  const { trial } = await tried(target, gate.promise);
  old.reject(new ModelError("model_network", "by the test"));
  await expect(late).rejects.toMatchObject({ code: "model_network" });
  expect(target.isBroken).toBe(false);
  gate.resolve("well");
  expect(await trial).toBe("well");
  expect(await target.ask(() => Promise.resolve("again"))).toBe("again");
});

test("a trial that fails has it passed over again", async () => {
  const target = await fragile();
  await expect(target.ask(() => fail("model_quota"))).rejects.toMatchObject({ code: "model_quota" });
  const { trial } = await tried(target, fail("model_overloaded"));
  await expect(trial).rejects.toMatchObject({ code: "model_overloaded" });
  expect(target.isBroken).toBe(true);
});

test("embeddings and lists of models that come say nothing of chats, which are passed over all the same", async () => {
  const broken = { rules: [{ answer: { error: { code: "model_quota", message: "by script" } } }] };
  running = await system().startPlugins([
    { plugin: first, config: broken },
    { plugin: second, config: { rules: [{ answer: { content: "second" } }] } },
    { plugin: routed, config: { breakAfter: 2, breakMs: 60_000 } },
  ]);
  const model = modelOf(system(), "llm-router");
  for (let asked = 0; asked < 2; asked++) {
    await model.chat(hello).answer();
    await model.models();
    await model.embed({ texts: ["hello"] });
  }
  const detail = "not asked for a while: llm-first";
  expect(await system().call("plugin.llm-router", "health")).toEqual({ status: "degraded", detail });
  // It still has both from the one whose chats are passed over.
  expect((await model.embed({ texts: ["hello"] })).model).toBe("scripted");
  expect(await model.models()).toContainEqual({ name: "scripted" });
});
