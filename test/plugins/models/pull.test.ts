/** A model that its provider fetches first: `llm-ollama`, by a server of the suite's own. Not in every placement: a chat is, which goes the same way. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { modelOf, type SupervisorHandle } from "../../../index.ts";
import { llmOllama } from "../../../plugins/llm-ollama/index.ts";
import { llmScripted } from "../../../plugins/llm-scripted/index.ts";
import { ModelServer, type WireAnswer } from "../../support/model-server.ts";
import { useSystem } from "../../support/use-system.ts";

const system = useSystem({ clock: "system" });
const running: SupervisorHandle[] = [];
let server: ModelServer;

beforeEach(async () => {
  server = await ModelServer.start();
});

afterEach(async () => {
  for (const { ref, exit } of running.splice(0)) {
    system().exit(ref, "shutdown");
    await exit;
  }
  await server.stop();
});

const headers = { "content-type": "application/x-ndjson" };
const lines = (...parts: readonly object[]): WireAnswer => ({
  headers,
  parts: parts.map((part) => `${JSON.stringify(part)}\n`),
});

async function start(answer: WireAnswer, config = {}) {
  server.answers = [answer];
  running.push(
    await system().startPlugins([{ plugin: llmOllama, config: { baseUrl: server.url, model: "m", ...config } }]),
  );
  return modelOf(system(), "llm-ollama");
}

const half = { status: "pulling 8eeb52dfb3bb", digest: "sha256:8eeb", total: 10, completed: 5 };

test("it tells how far it is, and ends when the model is there", async () => {
  const model = await start(lines({ status: "pulling manifest" }, half, { status: "success" }));
  const heard: unknown[] = [];
  await model.pull("tiny", { onProgress: (progress) => heard.push(progress) });
  expect(heard).toEqual([
    { status: "pulling manifest" },
    { status: half.status, completedBytes: 5, totalBytes: 10 },
    { status: "success" },
  ]);
  expect(server.last).toMatchObject({ method: "POST", path: "/api/pull", body: { name: "tiny", stream: true } });
});

test("a call that reads no stream is answered by its end", async () => {
  await start(lines(half, { status: "success" }));
  expect(await system().call("plugin.llm-ollama", "pull", { model: "tiny" })).toEqual({ model: "tiny" });
});

test.each([
  [
    "a model that is unknown",
    { status: 404, parts: ['{"error":"pull model manifest: file does not exist"}'] },
    "model_unknown",
  ],
  [
    "one that is unknown behind its first words",
    lines({ status: "pulling manifest" }, { error: "pull model manifest: file does not exist" }),
    "model_unknown",
  ],
  ["one that breaks off", lines({ status: "pulling manifest" }, half), "model_network"],
  ["a connection that is lost", { ...lines(half), ending: "reset" }, "model_network"],
  ["a line that is none", { headers, parts: ["<html>\n"] }, "model_protocol"],
] as const)("%s fails by its class", async (_what, answer, code) => {
  const model = await start(answer as WireAnswer);
  await expect(model.pull("tiny")).rejects.toMatchObject({ name: "ModelError", code });
});

test("a provider that falls silent is given up", async () => {
  const model = await start({ ...lines(half), ending: "hang" }, { silenceTimeoutMs: 50 });
  await expect(model.pull("tiny")).rejects.toMatchObject({
    code: "model_network",
    message: "nothing came within silenceTimeoutMs (50) of a model",
  });
  await server.last.gone;
});

test("who gives it up closes the connection", async () => {
  const model = await start({ ...lines(half), ending: "hang" });
  const controller = new AbortController();
  const pull = model.pull("tiny", { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(pull).rejects.toMatchObject({ code: "cancelled" });
  await server.last.gone;
});

test("a plugin that ends closes the connection, and whoever waits learns of it", async () => {
  const model = await start({ ...lines(half), ending: "hang" });
  const reached = Promise.withResolvers<void>();
  const pull = model.pull("tiny", { onProgress: () => reached.resolve() });
  await reached.promise;
  const [tree] = running.splice(0);
  system().exit((tree as SupervisorHandle).ref, "shutdown");
  await expect(pull).rejects.toMatchObject({ name: "ModelError" });
  await server.last.gone;
});

test("what is no request is refused", async () => {
  const model = await start(lines());
  await expect(model.pull("")).rejects.toMatchObject({ code: "bad_argument" });
});

test("a model that nobody can fetch has no such call", async () => {
  running.push(await system().startPlugins([llmScripted]));
  await expect(modelOf(system(), "llm-scripted").pull("tiny")).rejects.toMatchObject({ code: "undef" });
});
