/** Record and replay: a run repeats from its file, byte for byte, with nobody asked. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test } from "@jest/globals";
import { type ChatRequest, modelOf, type PluginUse, type SupervisorHandle } from "../../../index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { recorded, replayed } from "../../fixtures/recorded-models.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system", threads: 1 });
const folder = mkdtempSync(join(tmpdir(), "mofa-recorded-"));
let file = "";
let files = 0;
let running: SupervisorHandle | undefined;

beforeEach(() => {
  file = join(folder, `${++files}`, "run.jsonl");
});
afterEach(() => stop());
afterAll(() => rmSync(folder, { recursive: true }));

async function start(uses: readonly PluginUse[]): Promise<void> {
  await stop();
  running = await system().startPlugins(uses);
}

async function stop(): Promise<void> {
  if (running === undefined) return;
  system().exit(running.ref, "shutdown");
  await running.exit;
  running = undefined;
}

const say = (content: string): ChatRequest => ({ messages: [{ role: "user", content }] });

/** All that comes, with its end. */
async function heard(request: ChatRequest): Promise<unknown[]> {
  const chat = modelOf(system(), "llm-recorded").chat(request);
  const all: unknown[] = [];
  try {
    for await (const delta of chat) all.push(delta);
    all.push(await chat.answer());
  } catch (error) {
    const { code, message, retryAfterMs } = error as Readonly<Record<string, unknown>>;
    all.push({ code, message, retryAfterMs });
  }
  return all;
}

const turns = [
  { content: "first, wörld 🌍" },
  { content: "second" },
  { toolCalls: [{ name: "look", arguments: { at: [1, 2] } }] },
  { content: "half", error: { code: "model_overloaded", message: "no", retryAfterMs: 70, afterDeltas: 1 } },
];

async function record(mode = "record"): Promise<unknown[][]> {
  await start([
    { plugin: llmScripted, config: { turns } },
    { plugin: recorded, config: { file, mode } },
  ]);
  return [await heard(say("a")), await heard(say("a")), await heard(say("tool")), await heard(say("fail"))];
}

test("what was recorded comes again, delta by delta, also a failure, with nobody asked", async () => {
  const before = await record();
  const { vectors } = await modelOf(system(), "llm-recorded").embed({ texts: ["words"] });
  const bytes = readFileSync(file, "utf8");
  await start([{ plugin: replayed, config: { file } }]);
  for (let run = 0; run < 2; run++) {
    const again = [await heard(say("a")), await heard(say("a")), await heard(say("tool")), await heard(say("fail"))];
    // The first run has the two answers of one question in their order; behind them the last one stays.
    expect(again).toEqual(run === 0 ? before : [before[1], before[1], before[2], before[3]]);
  }
  expect((await modelOf(system(), "llm-recorded").embed({ texts: ["words"] })).vectors).toEqual(vectors);
  expect(readFileSync(file, "utf8")).toBe(bytes);
});

test("a question is the same in whatever order its fields are", async () => {
  await record();
  await start([{ plugin: replayed, config: { file } }]);
  const request = { messages: [{ content: "tool", role: "user" }] } as ChatRequest;
  expect((await heard(request)).at(-1)).toMatchObject({ finishReason: "toolCalls" });
});

test("what is not in the file is refused where all is replayed, and asked and kept by auto", async () => {
  await record();
  await start([{ plugin: replayed, config: { file } }]);
  expect(await heard(say("new"))).toMatchObject([{ code: "model_rejected", message: /no answer to this request/ }]);
  await start([
    { plugin: llmScripted, config: {} },
    { plugin: recorded, config: { file, mode: "auto" } },
  ]);
  expect((await heard(say("a"))).at(-1)).toMatchObject({ content: "first, wörld 🌍" });
  expect((await heard(say("new"))).at(-1)).toMatchObject({ content: "new" });
  await start([{ plugin: replayed, config: { file } }]);
  expect((await heard(say("new"))).at(-1)).toMatchObject({ content: "new" });
});

test("a last line that was cut off is passed over, and told; a broken one before it keeps it from starting", async () => {
  await record();
  const text = readFileSync(file, "utf8");
  writeFileSync(file, `${text}{"question":"chat","as`);
  const logs: unknown[] = [];
  const unlisten = system().events.on("log", (event) => void logs.push(event));
  await start([{ plugin: replayed, config: { file } }]);
  expect((await heard(say("tool"))).at(-1)).toMatchObject({ finishReason: "toolCalls" });
  unlisten();
  expect(JSON.stringify(logs)).toContain("its last line was cut off");
  writeFileSync(file, text.replace('"question"', '"quest'));
  await expect(start([{ plugin: replayed, config: { file } }])).rejects.toMatchObject({
    message: expect.stringMatching(/run\.jsonl:1 is no recorded answer/) as unknown,
  });
});

test("an answer that cannot be recorded is no failure of the model", async () => {
  await start([
    { plugin: llmScripted, config: {} },
    { plugin: recorded, config: { file, mode: "record" } },
  ]);
  // A file stands where its folder is to be.
  writeFileSync(dirname(file), "");
  expect((await heard(say("x"))).at(-1)).toMatchObject({ code: "storage_failed" });
});

test("without a model to ask there is nothing but replay", async () => {
  await expect(start([{ plugin: replayed, config: { file, mode: "auto" } }])).rejects.toMatchObject({
    message: expect.stringMatching(/recordModel\(\{ over \}\)/) as unknown,
  });
});

test("one that is given up on its way is not in the file", async () => {
  await start([
    { plugin: llmScripted, config: { turns: [{ content: "a long answer" }], deltaMs: 10_000 } },
    { plugin: recorded, config: { file, mode: "record" } },
  ]);
  for await (const _delta of modelOf(system(), "llm-recorded").chat(say("x"))) break;
  await system().settled();
  await stop();
  expect(() => readFileSync(file)).toThrow("ENOENT");
});
