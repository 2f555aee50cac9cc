/** Actors whose budget of models is used up end with that, wherever they run (core/SEMANTICS.md, S10.7). */
import { beforeAll, expect, test } from "@jest/globals";
import { type CrashReport, modelOf, type Ref } from "../../../index.ts";
import { storageMemory } from "../../../plugins/storage-memory/index.ts";
import { EventRecorder, Probe } from "../../../testing/index.ts";
import { budgeted, first, second } from "../../fixtures/routed-models.ts";
import { spender } from "../../fixtures/spenders.ts";
import { codeOf } from "../../support/bad-input.ts";
import { describePlacements } from "../../support/describe-placements.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const request = { messages: [{ role: "user", content: "hello" }], maxOutputTokens: 10 } as const;
const usage = { inputTokens: 6, outputTokens: 10 };
const over = (key: string) => ({
  budget: { model: expect.stringContaining(`the budget "${key}" cannot bear it`) as unknown },
});
let keys = 0;

beforeAll(async () => {
  await system().startPlugins([
    { plugin: storageMemory },
    { plugin: first, config: { rules: [{ answer: { content: "x", usage } }] } },
    { plugin: second },
    { plugin: budgeted },
  ]);
});

/** For so many answers. */
async function budgetFor(answers: number): Promise<string> {
  const key = `agent:${keys++}`;
  await modelOf(system(), "llm-router").setBudget(key, { tokens: 16 * answers });
  return key;
}

describePlacements("Budgets of models", (place) => {
  test("S10.7: an actor that lets the failure pass ends with the budget, and its callers are told", async () => {
    await using probe = await Probe.start(system());
    const key = await budgetFor(1);
    const actor = await place.spawn(system(), spender, { budgets: [key] });
    const watch = await probe.watch(actor);
    expect(await actor.call("ask", request)).toBe("x");
    expect(await codeOf(actor.call("ask", request))).toBe("model_budget");
    expect(await watch.reason()).toEqual(over(key));
    expect(system().crashes().at(-1)).toMatchObject({ behaviour: "spender", reason: over(key) });
  });

  test("one that asks for its budget as it starts does not start without", async () => {
    const key = await budgetFor(1);
    const start = { budgets: [key], asserts: true };
    const actor = await place.spawn(system(), spender, start);
    await actor.call("ask", request);
    await expect(place.spawn(system(), spender, start)).rejects.toMatchObject({
      code: "budget",
      cause: over(key),
    });
    expect(await codeOf(actor.call("ask", request))).toBe("model_budget");
  });

  test("one that is killed amid its question leaves nothing reserved", async () => {
    const key = await budgetFor(2);
    const actor = await place.spawn(system(), spender, { budgets: [key] });
    actor.cast("ask", request);
    const look = () => modelOf(system(), "llm-router").budget(key);
    let budget = await look();
    while (budget?.reserved.tokens === 0 && budget.spent.tokens === 0) budget = await look();
    system().exit(actor, "kill");
    while (budget?.reserved.tokens !== 0) budget = await look();
    expect(budget.spent.tokens).toBeLessThanOrEqual(16);
  });

  test("a supervisor's child that is over its budget is restarted, ends at once again, and the supervisor gives up", async () => {
    using recorder = new EventRecorder(system(), ["crashed"]);
    await using probe = await Probe.start(system());
    const key = await budgetFor(1);
    const child = { id: "spender", start: [spender, { budgets: [key], asserts: true }], ...place.options } as const;
    const tree = await system().supervise({ intensity: 3, periodMs: 600_000, children: [child] });
    const actor = (await tree.whichChildren())[0]?.ref as Ref;
    await place.verify(system(), actor);
    const watch = await probe.watch(actor);
    expect(await system().call(actor, "ask", request)).toBe("x");
    system().cast(actor, "ask", request);
    expect(await tree.exit).toBe("shutdown");
    expect(await watch.reason()).toEqual(over(key));
    const crashes = (recorder.of("crashed") as readonly object[] as CrashReport[]).filter(
      ({ behaviour }) => behaviour === "spender",
    );
    // The first, and three restarts.
    expect(crashes.map(({ reason }) => reason)).toEqual(Array(4).fill(over(key)));
  });
});
