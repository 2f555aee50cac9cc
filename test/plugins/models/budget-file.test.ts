/** Budgets in a file of SQLite: of an earlier run, and of a process that was killed amid an answer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { type MofaSystem, modelOf, startSystem } from "../../../index.ts";
import { storageSqlite } from "../../../plugins/storage-sqlite/index.ts";
import { budgeted, first, second } from "../../fixtures/routed-models.ts";
import { codeOf } from "../../support/bad-input.ts";
import { runProgram } from "../../support/run-program.ts";

const spend = fileURLToPath(new URL("../../fixtures/programs/spend.js", import.meta.url));
const usage = { inputTokens: 6, outputTokens: 94 };
const hello = { messages: [{ role: "user", content: "hello" }] } as const;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-budgets-"));
  file = join(folder, "budgets.sqlite");
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A run of the program. */
async function run<T>(look: (model: ReturnType<typeof modelOf>, system: MofaSystem) => Promise<T>): Promise<T> {
  const system = await startSystem({ threads: 1, spare: false });
  try {
    await system.startPlugins([
      { plugin: storageSqlite, config: { file } },
      { plugin: first, config: { rules: [{ answer: { content: "first", usage } }] } },
      { plugin: second },
      { plugin: budgeted },
    ]);
    return await look(modelOf(system, "llm-router", { budgets: ["agent:7"] }), system);
  } finally {
    await system.stop();
  }
}

test("what was spent in one run is spent in the next, and the limit holds there", async () => {
  await run(async (model) => {
    await model.setBudget("agent:7", { tokens: 150 });
    await model.chat(hello).answer();
  });
  await run(async (model) => {
    expect(await model.budget("agent:7")).toMatchObject({
      limits: { tokens: 150 },
      spent: { tokens: 100 },
      reserved: { tokens: 0 },
    });
    await model.assertBudget(50);
    expect(await codeOf(model.assertBudget(51))).toBe("model_budget");
    expect(await codeOf(model.chat({ ...hello, maxOutputTokens: 45 }).answer())).toBe("model_budget");
  });
});

test("what was reserved when the process was killed stays spent", async () => {
  const { signal } = await runProgram(process.execPath, [spend, file], {
    onStdout: (text, kill) => {
      if (text.includes("reserved")) kill("SIGKILL");
    },
  });
  expect(signal).toBe("SIGKILL");
  await run(async (model) => {
    expect(await model.budget("agent:7")).toMatchObject({ spent: { tokens: 0 }, reserved: { tokens: 106 } });
    expect(await codeOf(model.chat({ ...hello, maxOutputTokens: 89 }).answer())).toBe("model_budget");
    expect((await model.chat({ ...hello, maxOutputTokens: 88 }).answer()).content).toBe("first");
  });
});
