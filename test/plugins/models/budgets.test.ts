/** Budgets that `llm-router` keeps: what requests reserve and spend, and the hard stop. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type BudgetLimits, type ChatRequest, modelOf, type Ref, type SupervisorHandle } from "../../../index.ts";
import type { RouterConfig } from "../../../plugins/llm-router/index.ts";
import type { ScriptedAnswer, ScriptedConfig } from "../../../plugins/llm-scripted/index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { budgeted, budgetedBeside, first, routed, second } from "../../fixtures/routed-models.ts";
import { codeOf } from "../../support/bad-input.ts";
import { next } from "../../support/in-process.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
/** Six tokens, as they are estimated. */
const hello: ChatRequest = { messages: [{ role: "user", content: "hello" }] };
const usage = { inputTokens: 5, outputTokens: 10 };
const tenTokens: ScriptedAnswer = { content: "x".repeat(40), usage };
const handles: SupervisorHandle[] = [];

beforeEach(async () => {
  handles.push(await system().startPlugins([{ plugin: storageMemory }]));
});

/** What was started last, and not before the store. */
async function stop(): Promise<void> {
  const handle = handles.pop() as SupervisorHandle;
  system().exit(handle.ref, "shutdown");
  await handle.exit;
}

afterEach(async () => {
  while (handles.length > 0) await stop();
});

async function start(
  ofFirst: Partial<ScriptedConfig> = { rules: [{ answer: tenTokens }] },
  config: Partial<RouterConfig> = {},
): Promise<void> {
  const bySecond = [{ answer: { content: "second", usage } }];
  handles.push(
    await system().startPlugins([
      { plugin: first, config: ofFirst },
      { plugin: second, config: { rules: bySecond } },
      { plugin: budgeted, config: { backoffMs: 0, ...config } },
      { plugin: budgetedBeside, config },
    ]),
  );
}

const model = (...budgets: string[]) => modelOf(system(), "llm-router", { budgets });
const chat = (more: Partial<ChatRequest> = {}, ...budgets: string[]) => model(...budgets).chat({ ...hello, ...more });
const amounts = async (key: string) => {
  const { spent, reserved } = (await model().budget(key)) ?? {};
  return { spent: spent?.tokens, reserved: reserved?.tokens };
};
/** When nothing is reserved any more: of what was given up that is a little later than its end. */
async function settled(key: string): Promise<number | undefined> {
  for (;;) {
    const { spent, reserved } = await amounts(key);
    if (reserved === 0) return spent;
  }
}

test("what an answer has used is spent, as the provider says, and nothing stays reserved", async () => {
  await start();
  expect(await model().setBudget("agent:7", { tokens: 100, money: 1 })).toEqual({
    key: "agent:7",
    limits: { tokens: 100, money: 1 },
    spent: { tokens: 0, money: 0 },
    reserved: { tokens: 0, money: 0 },
    currency: "USD",
  });
  await model().setBudget("agent:7", { tokens: 100 });
  await chat({}, "agent:7").answer();
  expect(await amounts("agent:7")).toEqual({ spent: 15, reserved: 0 });
  await model().setBudget("agent:7", { tokens: 1_000 });
  expect(await model().budget("agent:7")).toMatchObject({ limits: { tokens: 1_000 }, spent: { tokens: 15 } });
});

test("an answer that is not of its schema is spent as the provider says, and not by what was seen of it", async () => {
  const thought = { content: "no", usage: { inputTokens: 500, outputTokens: 1_000 } };
  await start({ rules: [{ answer: thought }] }, { attempts: 1 });
  await model().setBudget("agent:7", { tokens: 10_000 });
  const output = { name: "x", schema: { type: "object" } };
  expect(await codeOf(chat({ output }, "agent:7").answer())).toBe("model_output");
  expect(await amounts("agent:7")).toEqual({ spent: 1_500, reserved: 0 });
});

test("a request that the budget cannot bear is refused before anybody is asked", async () => {
  await start({ turns: [{ content: "once" }], rules: [{ answer: tenTokens }] });
  await model().setBudget("agent:7", { tokens: 100 });
  await expect(chat({ maxOutputTokens: 95 }, "agent:7").answer()).rejects.toMatchObject({
    code: "model_budget",
    message: expect.stringContaining('budget "agent:7" cannot bear it: 0 of 100 tokens') as unknown,
  });
  expect(await amounts("agent:7")).toEqual({ spent: 0, reserved: 0 });
  expect((await chat({ maxOutputTokens: 94 }, "agent:7").answer()).content).toBe("once");
});

test("of several budgets all hold, those of the client and of the request", async () => {
  await start();
  await model().setBudget("tenant:a", { tokens: 1_000 });
  await model().setBudget("agent:7", { tokens: 40 });
  const ask = () => chat({ maxOutputTokens: 10, budgets: ["agent:7", "tenant:a"] }, "tenant:a").answer();
  await ask();
  await ask();
  expect(await codeOf(ask())).toBe("model_budget");
  expect([await amounts("tenant:a"), await amounts("agent:7")]).toEqual(Array(2).fill({ spent: 30, reserved: 0 }));
});

test("a budget that nobody has set is a slip, and a request that names one is refused", async () => {
  await start();
  await expect(chat({}, "agent:8").answer()).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringContaining('nobody has set the budget "agent:8": by setBudget') as unknown,
  });
  expect(await model().budget("agent:8")).toBeUndefined();
});

test("an answer that runs past what there is left is cut off, and its connection closed", async () => {
  const long = { content: "x".repeat(4_000) };
  await start({ rules: [{ answer: long }], deltaMs: 1, maxConcurrent: 1 }, { reserveOutputTokens: 10 });
  await model().setBudget("agent:7", { tokens: 100 });
  let chars = 0;
  const reading = (async () => {
    for await (const delta of chat({}, "agent:7")) if (delta.type === "text") chars += delta.text.length;
  })();
  await expect(reading).rejects.toMatchObject({ code: "model_budget" });
  // 94 tokens of output, a delta of two at a time; the one that was too much is spent, and not passed on.
  expect(chars).toBe(94 * 4);
  expect(await amounts("agent:7")).toEqual({ spent: 102, reserved: 0 });
  expect(await codeOf(modelOf(system(), "llm-first").chat(hello, { timeoutMs: 100 }).answer())).toBe("timeout");
});

test("one that is longer than what was reserved goes on while there is something left", async () => {
  const long = { content: "x".repeat(4_000), usage: { inputTokens: 6, outputTokens: 900 } };
  await start({ rules: [{ answer: long }] }, { reserveOutputTokens: 10 });
  await model().setBudget("agent:7", { tokens: 2_000 });
  expect((await chat({ maxOutputTokens: 900 }, "agent:7").answer()).content).toHaveLength(4_000);
  expect(await amounts("agent:7")).toEqual({ spent: 906, reserved: 0 });
});

test("what is asked beside reserves, too, and both are settled", async () => {
  await start({ firstDeltaMs: 60_000 }, { hedgeAfterMs: 20 });
  await model().setBudget("agent:7", { tokens: 1_000 });
  expect((await chat({ maxOutputTokens: 100 }, "agent:7").answer()).content).toBe("second");
  // What the second one has used, and the input of the one that was given up.
  expect(await amounts("agent:7")).toEqual({ spent: 15 + 6, reserved: 0 });
});

test("nobody is asked beside where the budget cannot bear it, and the first one answers", async () => {
  await start({ firstDeltaMs: 200, rules: [{ answer: tenTokens }] }, { hedgeAfterMs: 20 });
  await model().setBudget("agent:7", { tokens: 150 });
  expect((await chat({ maxOutputTokens: 100 }, "agent:7").answer()).content).toBe(tenTokens.content);
  expect(await amounts("agent:7")).toEqual({ spent: 15, reserved: 0 });
});

test("what a provider has refused costs nothing, what broke off what had come", async () => {
  const error = (code: string, afterDeltas: number) => ({ ...tenTokens, error: { code, afterDeltas } });
  await start(
    { turns: [error("model_quota", 0), error("model_network", 0), error("model_network", 3)] },
    { attempts: 1 },
  );
  await model().setBudget("agent:7", { tokens: 1_000 });
  await chat({}, "agent:7").answer();
  expect(await amounts("agent:7")).toEqual({ spent: 15, reserved: 0 });
  await chat({}, "agent:7").answer();
  expect(await amounts("agent:7")).toEqual({ spent: 15 + 6 + 15, reserved: 0 });
  expect(await codeOf(chat({}, "agent:7").answer())).toBe("model_network");
  expect(await amounts("agent:7")).toEqual({ spent: 36 + 6 + 6, reserved: 0 });
});

test("who gives up has spent what had come by then", async () => {
  await start({ rules: [{ answer: { content: "x".repeat(4_000) } }], deltaMs: 60_000 });
  await model().setBudget("agent:7", { tokens: 10_000 });
  const reader = chat({}, "agent:7");
  for await (const _delta of reader) break;
  expect(await settled("agent:7")).toBe(6 + 2);
});

test("an embedding is reserved and spent as well", async () => {
  await start();
  await model().setBudget("agent:7", { tokens: 10 });
  await model("agent:7").embed({ texts: ["four", "five5"] });
  expect(await amounts("agent:7")).toEqual({ spent: 3, reserved: 0 });
  expect(await codeOf(model("agent:7").embed({ texts: ["x".repeat(29)] }))).toBe("model_budget");
});

test.each([
  [{ inputTokens: Number.NaN, outputTokens: 1 }, undefined],
  [{ inputTokens: 1, outputTokens: -5 }, undefined],
  [
    { inputTokens: 1e12, outputTokens: 1 },
    { inputTokens: 1e12, outputTokens: 1 },
  ],
])("what a provider says and is no number of tokens is estimated: %j", async (lie, told) => {
  await start({ rules: [{ answer: { content: "x".repeat(40), usage: lie } }] }, { prices: { scripted: { input: 1 } } });
  await model().setBudget("agent:7", {});
  expect((await chat({ model: "scripted" }, "agent:7").answer()).usage).toEqual(told);
  expect(await amounts("agent:7")).toEqual({ spent: 16, reserved: 0 });
});

test("what is asked for without an end is reserved as far as can be counted, and given back", async () => {
  const dear = { input: 1e6, output: 1e6 };
  await start(undefined, { prices: { scripted: dear, named: dear } });
  await model().setBudget("agent:7", {});
  const ask = () => chat({ model: "scripted", maxOutputTokens: Number.MAX_SAFE_INTEGER }, "agent:7").answer();
  await Promise.all([ask(), ask()]);
  expect(await model().budget("agent:7")).toMatchObject({
    spent: { tokens: 30, money: 30 },
    reserved: { tokens: 0, money: 0 },
  });
});

test("routers in a process of their own keep the same budgets", async () => {
  await start();
  await model().setBudget("agent:7", { tokens: 32 });
  await chat({ maxOutputTokens: 10 }, "agent:7").answer();
  await stop();
  const others = [{ plugin: first, config: { rules: [{ answer: tenTokens }] } }, { plugin: second }];
  handles.push(await system().startPlugins([...others, { plugin: budgeted, isolation: "process" }]));
  await chat({ maxOutputTokens: 10 }, "agent:7").answer();
  await expect(chat({ maxOutputTokens: 10 }, "agent:7").answer()).rejects.toMatchObject({ code: "model_budget" });
  expect(await amounts("agent:7")).toEqual({ spent: 30, reserved: 0 });
});

test("a client names its budgets for every request, and a request adds its own", async () => {
  await start();
  for (const key of ["a", "b"]) await model().setBudget(key, {});
  await chat({ budgets: ["b", "a"] }, "a").answer();
  expect([await amounts("a"), await amounts("b")]).toEqual(Array(2).fill({ spent: 15, reserved: 0 }));
  for (const budgets of [
    [""],
    ["x".repeat(257)],
    Array.from({ length: 17 }, (_, n) => `${n}`),
    "a",
    [7],
  ] as string[][]) {
    expect(await codeOf(chat({ budgets }).answer())).toBe("bad_argument");
    expect(() => modelOf(system(), "llm-router", { budgets })).toThrow(/budget/);
  }
});

test("who keeps no budgets refuses a request that names one, and has no calls for them", async () => {
  await start();
  const unbudgeted = modelOf(system(), "llm-first", { budgets: ["agent:7"] });
  await expect(unbudgeted.chat(hello).answer()).rejects.toMatchObject({
    code: "bad_argument",
    message: expect.stringMatching(/llm-first keeps no budgets.*routeModels\(\{ keepsBudgets: true \}\)/) as unknown,
  });
  expect(await codeOf(unbudgeted.embed({ texts: ["a"] }))).toBe("bad_argument");
  expect(await codeOf(unbudgeted.assertBudget())).toBe("undef");
  expect(await codeOf(unbudgeted.setBudget("agent:7", {}))).toBe("undef");
  await stop();
  const use = { plugin: routed, config: { budgets: { a: { tokens: 1 } } } };
  const plugins = [{ plugin: first }, { plugin: second }, use];
  await expect(system().startPlugins(plugins)).rejects.toMatchObject({
    message: expect.stringContaining("budgets are kept in a store: routeModels({ keepsBudgets: true })") as unknown,
  });
  handles.push(await system().startPlugins([{ plugin: first }, { plugin: second }]));
});

test("a router that keeps budgets does not start without a store", async () => {
  await stop();
  const plugins = [{ plugin: first }, { plugin: second }, { plugin: budgeted }];
  expect(await codeOf(system().startPlugins(plugins))).toBe("plugin_missing");
});

test.each<[BudgetLimits]>([
  [{ tokens: -1 }],
  [{ tokens: 0.5 }],
  [{ money: -1 }],
  [{ money: 1e7 }],
  [{ dollars: 1 } as object],
])("limits that are none are refused: %j", async (limits) => {
  await start();
  expect(await codeOf(model().setBudget("a", limits))).toBe("bad_argument");
  await stop();
  expect(await codeOf(start(undefined, { budgets: { a: limits } }))).toBe("start_failed");
});

test("at once, and by two routers, as many are asked as the budget bears, and not one more", async () => {
  const exact = { content: "x", usage: { inputTokens: 6, outputTokens: 10 } };
  await start({ rules: [{ answer: exact }] });
  await model().setBudget("tree:1", { tokens: 160 });
  const request = { ...hello, maxOutputTokens: 10, budgets: ["tree:1"] };
  const codes = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      codeOf(
        modelOf(system(), n % 2 === 0 ? "llm-router" : "llm-beside")
          .chat(request)
          .answer(),
      ),
    ),
  );
  expect(codes.filter((code) => code === "no error")).toHaveLength(10);
  expect(new Set(codes)).toEqual(new Set(["no error", "model_budget"]));
  expect(await amounts("tree:1")).toEqual({ spent: 160, reserved: 0 });
});

const prices = { scripted: { input: 1_000, output: 10_000 }, named: { input: 1_000, output: 10_000 } };

test("money is reserved and spent by prices, and is as hard a limit", async () => {
  await start({ rules: [{ answer: { content: "x", usage } }] }, { prices });
  await model().setBudget("tenant:a", { money: 0.2 });
  const ask = (maxOutputTokens: number) => codeOf(chat({ model: "scripted", maxOutputTokens }, "tenant:a").answer());
  // 0.001 a token of input, 0.01 of output: 6 and 19 are 0.196, 6 and 20 are 0.206.
  expect(await ask(20)).toBe("model_budget");
  expect(await ask(19)).toBe("no error");
  expect(await model().budget("tenant:a")).toMatchObject({
    spent: { tokens: 15, money: 0.105 },
    reserved: { money: 0 },
  });
  // 0.095 are left.
  expect([await ask(9), await ask(8)]).toEqual(["model_budget", "no error"]);
});

test("an answer is cut off where its money ends", async () => {
  await start({ rules: [{ answer: { content: "x".repeat(400) } }] }, { prices });
  await model().setBudget("tenant:a", { money: 0.2 });
  let chars = 0;
  const reading = (async () => {
    for await (const delta of chat({ model: "scripted" }, "tenant:a"))
      if (delta.type === "text") chars += delta.text.length;
  })();
  await expect(reading).rejects.toMatchObject({
    code: "model_budget",
    message: expect.stringMatching(/of 0\.2 USD are spent or reserved/) as unknown,
  });
  // 19 tokens could be paid, two come at a time.
  expect(chars).toBe(18 * 4);
});

test("without a price a budget in money refuses the request, and says of which model, and what to do", async () => {
  await start(undefined, { prices });
  await model().setBudget("tenant:a", { money: 5, tokens: 1_000 });
  await expect(chat({ model: "dear" }, "tenant:a").answer()).rejects.toMatchObject({
    code: "bad_configuration",
    message: expect.stringMatching(
      /"tenant:a" is in money.*the model "dear", which has no price: give it one/,
    ) as unknown,
  });
  await expect(chat({}, "tenant:a").answer()).rejects.toMatchObject({
    code: "bad_configuration",
    message: expect.stringMatching(/a model that nobody has named: name it in the route/) as unknown,
  });
  expect(await amounts("tenant:a")).toEqual({ spent: 0, reserved: 0 });
});

test("without a limit in money a price is not needed; where it is known what was spent is known", async () => {
  await start(undefined, { prices: { scripted: { input: 1_000 } } });
  await model().setBudget("tenant:a", { tokens: 1_000 });
  expect((await chat({ model: "dear" }, "tenant:a").answer()).usage).toEqual(usage);
  await chat({}, "tenant:a").answer();
  expect((await model().budget("tenant:a"))?.spent).toEqual({ tokens: 30, money: 0.005 });
});

test("money of one currency is not counted in another", async () => {
  await start(undefined, { currency: "EUR" });
  await model().setBudget("tenant:a", { money: 1 });
  await stop();
  await start();
  await expect(chat({}, "tenant:a").answer()).rejects.toMatchObject({
    code: "bad_configuration",
    message: expect.stringContaining('"tenant:a" is in EUR, and llm-router has prices in USD') as unknown,
  });
});

test("limits of the configuration hold, and nobody sets them by a call", async () => {
  await start(undefined, { budgets: { "tenant:a": { tokens: 20 } } });
  expect(await codeOf(model().setBudget("tenant:a", { tokens: 1_000 }))).toBe("bad_argument");
  expect(await model().budget("tenant:a")).toMatchObject({ limits: { tokens: 20 }, spent: { tokens: 0 } });
  await chat({ maxOutputTokens: 10 }, "tenant:a").answer();
  expect(await codeOf(chat({ maxOutputTokens: 10 }, "tenant:a").answer())).toBe("model_budget");
});

test("assertBudget fails where less is left than it wants", async () => {
  await start();
  await model().setBudget("agent:7", { tokens: 16 });
  await model().setBudget("tenant:a", {});
  const client = model("agent:7", "tenant:a");
  await client.assertBudget(16);
  expect(await codeOf(client.assertBudget(17))).toBe("model_budget");
  await client.chat({ ...hello, maxOutputTokens: 10 }).answer();
  await client.assertBudget();
  await model().setBudget("agent:7", { tokens: 15 });
  expect(await codeOf(client.assertBudget())).toBe("model_budget");
  await model("tenant:a").assertBudget();
  expect(await codeOf(model().assertBudget())).toBe("bad_argument");
  expect(await codeOf(model("nobody's").assertBudget())).toBe("bad_argument");
});

test("a router that is shut down amid an answer keeps what was used before it ends", async () => {
  await start({ rules: [{ answer: { content: "x".repeat(4_000) } }], deltaMs: 60_000 });
  await model().setBudget("agent:7", { tokens: 10_000 });
  const reader = chat({}, "agent:7");
  const failed = (async () => {
    for await (const _delta of reader) await stop();
  })();
  await expect(failed).rejects.toMatchObject({ code: "shutdown" });
  await start();
  expect(await amounts("agent:7")).toEqual({ spent: 8, reserved: 0 });
});

test("of a router that is killed what was reserved stays so", async () => {
  await start({ firstDeltaMs: 60_000 });
  await model().setBudget("agent:7", { tokens: 10_000 });
  const answer = codeOf(chat({ maxOutputTokens: 100 }, "agent:7").answer());
  while ((await amounts("agent:7")).reserved !== 106);
  const restarted = next(system(), "restarted");
  system().exit(system().whereis("plugin.llm-router") as Ref, "kill");
  expect(await answer).toBe("killed");
  await restarted;
  expect(await amounts("agent:7")).toEqual({ spent: 0, reserved: 106 });
});

test("a store that is started again is waited for, and what was reserved before is settled", async () => {
  await start({ firstDeltaMs: 100, rules: [{ answer: tenTokens }] });
  await model().setBudget("agent:7", { tokens: 10_000 });
  const answer = chat({ maxOutputTokens: 100 }, "agent:7").answer();
  while ((await amounts("agent:7")).reserved !== 106);
  const restarted = next(system(), "restarted");
  system().exit(system().whereis("plugin.storage-memory") as Ref, "kill");
  await answer;
  await restarted;
  // That store forgets: nobody knows the budget any more.
  expect(await model().budget("agent:7")).toBeUndefined();
});
