/** The agents of the examples, asked by `mofa ask` as a reader asks them: with their scripts, and with a model of this machine. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { llamaBinary } from "./support/known-services.ts";
import { packageRoot } from "./support/package-root.ts";
import { runProgram } from "./support/run-program.ts";
import { describeWith } from "./support/service.ts";
import { TinyModels } from "./support/tiny-models.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "mofa-agents-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function ask(example: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}) {
  const module = join(packageRoot, "examples/agents", `${example}.ts`);
  const entry = join(packageRoot, "cli/mofa.cjs");
  const env = { ...process.env, MOFA_DESK_FILE: join(folder, "desk.sqlite"), ...variables };
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [entry, "ask", module, ...args, "--json"],
    { env },
    60_000,
  );
  return { code, stderr, answer: stdout === "" ? undefined : (JSON.parse(stdout) as Record<string, unknown>) };
}

const said = {
  usage: { input: expect.any(Number), output: expect.any(Number) },
  costUsd: null,
  ms: expect.any(Number),
};
const done = (name: string) => ({ name, ok: true, ms: expect.any(Number) as unknown });

describe("with their scripts", () => {
  test("the researcher searches, reads what it has found, and says where it has it from", async () => {
    expect(await ask("research", ["What do the papers say about supervision?"])).toEqual({
      code: 0,
      stderr: "",
      answer: {
        text: expect.stringMatching(/^Armstrong \(armstrong\.md\) .* Hewitt \(hewitt\.md\) /),
        toolCalls: [done("search_files"), done("read_file"), done("read_file")],
        finish: "stop",
        ...said,
      },
    });
  });

  test("the reviewer answers by its schema, though not at once", async () => {
    const { code, answer } = await ask("review", ["Review cart.js"]);
    expect({ code, answer }).toEqual({
      code: 0,
      answer: {
        text: expect.any(String),
        output: { verdict: "change", findings: [{ line: 3, text: expect.any(String) }] },
        toolCalls: [done("read_file")],
        finish: "stop",
        ...said,
      },
    });
  });

  test("the desk hands on what concerns money, where a refund waits for a word", async () => {
    const waits = await ask("support", ["I want my money back", "--session", "waiting"]);
    expect(waits).toMatchObject({ code: 1, answer: { finish: "approval", text: "" } });
    const refunded = await ask("support", ["I want my money back", "--session", "refunded", "--approve"]);
    expect(refunded).toMatchObject({
      code: 0,
      answer: { finish: "handOff", text: "Done: 39.00 were given back for a kettle." },
    });
    expect(await ask("support", ["hello"])).toMatchObject({ code: 0, answer: { finish: "stop" } });
  });

  test("whom they are to think with is refused where nobody knows it", async () => {
    const { code, stderr } = await ask("review", ["Review cart.js"], { MOFA_MODEL: "oracle" });
    expect(code).toBe(1);
    expect(stderr).toContain('MOFA_MODEL is scripted, openai, ollama or native, got "oracle"');
  });
});

await describeWith(llamaBinary, () => {
  const models = new TinyModels();
  afterAll(() => models.remove());

  test.each([
    ["research", "What do the papers say?", undefined],
    ["support", "hello", undefined],
    ["review", "Review cart.js", { verdict: expect.stringMatching(/^(?:merge|change)$/), findings: expect.any(Array) }],
  ])("%s answers by a model of this machine, with the same program", async (example, question, output) => {
    const file = models.write(example, { contextLength: 16_384 });
    const { code, answer } = await ask(example, [question], { MOFA_MODEL: "native", MOFA_MODEL_FILE: file });
    expect(code).toBe(0);
    expect(answer).toMatchObject({
      finish: "stop",
      ...(output === undefined ? { text: "The quick brown fox jumps over a lazy dog." } : { output }),
    });
  });
});
