/** The file of `recordModel`: which answer is whose, and what of a file is never touched. Not in every placement: no actors run. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect, test } from "@jest/globals";
import { type ChatOutlet, type ModelClient, ModelError } from "../../../core/index.ts";
import { RecordedDriver } from "../../../plugins/llm-recorded/recorded-driver.ts";
import { type Asking, Recording } from "../../../plugins/llm-recorded/recording.ts";
import { runProgram } from "../../support/run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "mofa-recording-"));
const program = fileURLToPath(new URL("../../fixtures/programs/record-full.js", import.meta.url));
const modes = ["replay", "record", "auto"] as const;
const request = { messages: [{ role: "user", content: "hello" }] } as const;
let file = "";
let files = 0;
let cuts: string[];

beforeEach(() => {
  file = join(folder, `${++files}.jsonl`);
  cuts = [];
});
afterAll(() => rmSync(folder, { recursive: true }));

const opened = (mode: (typeof modes)[number]) => Recording.open(file, mode, (text) => void cuts.push(text));
const saying = (model: string) => ({ deltas: [], answer: { model, finishReason: "stop", usage: undefined } }) as const;
const named = (recording: Recording, asking: Asking) => recording.find(asking)?.answer?.model;
const lines = () => readFileSync(file, "utf8").trimEnd().split("\n");

async function record(...models: string[]): Promise<void> {
  const recording = await opened("record");
  for (const model of models) await recording.append(recording.ask("chat", request), saying(model));
}

/** What it gets, asked so often. */
async function replayed(times: number): Promise<unknown[]> {
  const recording = await opened("replay");
  return Array.from({ length: times }, () => named(recording, recording.ask("chat", request)));
}

test("the same asked twice at once gets its own answers, whichever came first, also where one between was given up", async () => {
  const recording = await opened("record");
  const [a, , c] = [0, 1, 2].map(() => recording.ask("chat", request)) as [Asking, Asking, Asking];
  await recording.append(c, saying("c"));
  await recording.append(a, saying("a"));
  expect(await replayed(4)).toEqual(["a", "c", "c", "c"]);
});

test("a run that is recorded behind another one is replayed behind it", async () => {
  await record("a", "b");
  await record("c");
  expect(await replayed(3)).toEqual(["a", "b", "c"]);
});

test("lines without a time have theirs by their order", async () => {
  const line = (model: string) => `${JSON.stringify({ question: "chat", asked: request, ...saying(model) })}\n`;
  writeFileSync(file, line("a") + line("b"));
  await record("c");
  expect(await replayed(3)).toEqual(["a", "b", "c"]);
});

test.each(modes)("a file that is no recording is refused, and left as it is, in mode %s", async (mode) => {
  const precious = '{"my":"only copy, and no line break at its end"}';
  writeFileSync(file, precious);
  await expect(opened(mode)).rejects.toMatchObject({
    code: "bad_configuration",
    message: expect.stringContaining(`${file} is no recorded answer: {"my"`) as unknown,
  });
  expect(readFileSync(file, "utf8")).toBe(precious);
});

test.each(modes)("a last line that lacks its line break alone is an answer, in mode %s", async (mode) => {
  await record("a", "b");
  const text = readFileSync(file, "utf8").trimEnd();
  writeFileSync(file, text);
  await opened(mode);
  expect(cuts).toEqual([]);
  expect(readFileSync(file, "utf8")).toBe(mode === "replay" ? text : `${text}\n`);
  expect(await replayed(2)).toEqual(["a", "b"]);
});

test.each(modes)(
  "one that was cut off amid a character is taken off where it is recorded, and only there: mode %s",
  async (mode) => {
    await record("wörld");
    const whole = readFileSync(file);
    const torn = Buffer.concat([whole, whole.subarray(0, whole.indexOf("ö") + 1)]);
    writeFileSync(file, torn);
    await opened(mode);
    expect(cuts).toHaveLength(1);
    expect(readFileSync(file)).toEqual(mode === "replay" ? torn : whole);
  },
);

test("what is recorded is not kept in memory, and what auto has asked for is", async () => {
  for (const mode of ["record", "auto"] as const) {
    const recording = await opened(mode);
    const asking = recording.ask("embed", mode);
    await recording.append(asking, saying(mode));
    expect(named(recording, asking)).toBe(mode === "record" ? undefined : "auto");
  }
});

test("a write that comes to an end halfway leaves nothing, and the next ones are whole", async () => {
  // A block of `ulimit` has 512 bytes or 1,024.
  const { stdout, stderr } = await runProgram("/bin/sh", [
    "-c",
    `ulimit -f 4; exec "$0" "$@"`,
    process.execPath,
    program,
    file,
  ]);
  expect({ stdout, stderr }).toEqual({ stdout: "recorded\nstorage_failed\nrecorded\n", stderr: "" });
  expect(lines()).toHaveLength(2);
  await record("later");
  // The second one has had its time.
  expect(await replayed(4)).toEqual(["1", "3", "3", "later"]);
});

/** What it has asked for comes to this. */
async function askedFor(failure: ModelError, signal = new AbortController().signal): Promise<void> {
  const model = {
    embed: () => Promise.reject(failure),
    // A stream that fails at once.
    chat: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }) }),
  } as unknown as ModelClient;
  const driver = new RecordedDriver(model, await opened("record"), { file, mode: "record" } as never);
  await expect(driver.embed({ texts: ["a"] }, signal)).rejects.toBe(failure);
  await expect(driver.chat(request, { signal, trace: undefined } as ChatOutlet)).rejects.toBe(failure);
}

test.each([
  "noproc",
  "killed",
  "shutdown",
  "cancelled",
  "queue_full",
  "timeout",
  "thread_lost",
  "process_lost",
  "crashed",
])("a failure by %s is none of the model's, and is not recorded", async (code) => {
  await askedFor(new ModelError(code, "by the test"));
  expect(() => readFileSync(file)).toThrow("ENOENT");
});

test("one of the model's own is recorded, and not where it was given up", async () => {
  const failure = new ModelError("model_overloaded", "by the test");
  await askedFor(failure, AbortSignal.abort());
  expect(() => readFileSync(file)).toThrow("ENOENT");
  await askedFor(failure);
  expect(lines()).toHaveLength(2);
});
