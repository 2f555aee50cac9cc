/** `mofa ask`, as a person or a program has it at a shell. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { clerk, countingClerk, useClerkRoom } from "../support/clerk-room.ts";
import { python } from "../support/known-services.ts";
import { packageRoot } from "../support/package-root.ts";
import { describeWith } from "../support/service.ts";

const room = useClerkRoom();
const ask = (...args: string[]) => room.mofa("ask", ...args);

/** What it has printed on stdout as its one line of JSON. */
async function asked(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await ask(...args, "--json");
  expect(stdout).toMatch(/^[^\n]+\n$/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

const ms = expect.any(Number);

test("the answer goes to stdout, and nothing else anywhere", async () => {
  expect(await ask(clerk, "hello")).toEqual({ code: 0, stdout: "1: you said hello\n", stderr: "" });
});

test("calls of tools go to stderr, with what they give", async () => {
  const { code, stdout, stderr } = await ask(clerk, "call count");
  expect([code, stdout]).toEqual([0, "It gave 3.\n"]);
  expect(stderr).toMatch(/^> count \{\}\n< count \(\d+ ms\): 3\n$/);
});

test("--json prints one line: text, toolCalls, usage, costUsd, ms, finish", async () => {
  expect(await ask(clerk, "call count", "--json")).toMatchObject({ code: 0, stderr: "" });
  expect(await asked(clerk, "call count and break")).toEqual({
    text: "It gave tool_failed: break: out of paper.",
    toolCalls: [
      { name: "count", ok: true, ms },
      { name: "break", ok: false, ms },
    ],
    usage: { input: 20, output: 10 },
    costUsd: null,
    ms,
    finish: "stop",
  });
});

test("--json has the output of an agent that answers by a schema", async () => {
  expect(await asked(countingClerk, "json")).toEqual({
    text: '{"apples":5}',
    output: { apples: 5 },
    toolCalls: [],
    usage: { input: 10, output: 5 },
    costUsd: null,
    ms,
    finish: "stop",
  });
});

test("costUsd is what it has cost in dollars, and null where that is in another currency", async () => {
  expect(await asked(clerk, "dollars")).toMatchObject({ costUsd: 0.25 });
  expect(await asked(clerk, "euros")).toMatchObject({ costUsd: null });
});

describe("a call that wants approval", () => {
  test("is not made, and the command fails and says so", async () => {
    expect(await ask(clerk, 'call erase {"path":"/etc"}')).toEqual({
      code: 1,
      stdout: "",
      stderr: 'mofa ask: erase {"path":"/etc"} waits for approval: --approve says yes, mofa chat asks you\n',
    });
    expect(room.told).toEqual([]);
  });

  test("is in the JSON without a word on how it went, and stderr says that it waits", async () => {
    const { code, stdout, stderr } = await ask(clerk, "call erase", "--json");
    expect([code, stderr]).toEqual([1, expect.stringContaining("erase {} waits for approval")]);
    expect(JSON.parse(stdout)).toEqual({
      text: "",
      toolCalls: [{ name: "erase", ok: null, ms: null }],
      usage: { input: 10, output: 5 },
      costUsd: null,
      ms,
      finish: "approval",
    });
  });

  test("is made with --approve, and so is the next one", async () => {
    expect(await ask(clerk, "call erase and erase", "--approve")).toMatchObject({
      code: 0,
      stdout: "It gave all gone.\n",
    });
    expect(room.told).toEqual(["erased", "erased"]);
  });
});

test("a model that fails is one line, without what would steer a terminal, and exit code 1", async () => {
  expect(await ask(clerk, "overloaded")).toEqual({
    code: 1,
    stdout: "",
    stderr: "mofa: too much\ufffd[2J to do (model_overloaded)\n",
  });
});

test("standard input is asked by -", async () => {
  expect(await room.piped("hello\n", "ask", clerk, "-")).toMatchObject({ code: 0, stdout: "1: you said hello\n\n" });
});

test.each([
  ["an empty text", () => ask(clerk, "")],
  ["white space", () => ask(clerk, " \n")],
  ["an empty standard input", () => room.piped("", "ask", clerk, "-")],
])("%s is wrong usage, and nothing is started", async (_what, run) => {
  expect(await run()).toEqual({
    code: 2,
    stdout: "",
    stderr: "mofa ask: there is nothing to ask: give a text, or one on standard input with -\n",
  });
});

test("a session goes on with the next ask, and another one does not", async () => {
  await ask(clerk, "hello", "--session", "ann");
  expect(await ask(clerk, "again", "--session", "ann")).toMatchObject({ stdout: "2: you said again\n" });
  expect(await ask(clerk, "hello", "--session", "bob")).toMatchObject({ stdout: "1: you said hello\n" });
});

test.each([
  ["hang", ["hangs", "model told"]],
  ["call wait", ["waits", "tool told"]],
])("Ctrl-C ends it with 130, and whoever works for it is told: %s", async (text, told) => {
  let end: (signal: NodeJS.Signals) => void = () => {};
  const run = room.run(["ask", clerk, text], {
    onSpawn: (kill) => {
      end = kill;
    },
  });
  await room.toldOr(run);
  end("SIGINT");
  expect(await run).toMatchObject({ code: 130, stdout: "" });
  expect(room.told).toEqual(told);
});

describe("a module that is none", () => {
  let folder: string;
  beforeAll(() => {
    // Where it finds `mofa`.
    folder = mkdtempSync(join(packageRoot, "dist", "test", "ask-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const head =
    'import { defineAgent } from "mofa/actors"; export const agent = defineAgent({ name: "a", model: "m" });';
  test.each([
    ["a file that is not there", undefined, /^mofa: there is no file \S+module\.ts: .* \(bad_argument\)\n$/],
    [
      "no agent in it",
      "export const n = 1;",
      /exports n, and no agent\. Export the agent: .* \(module_export_missing\)\n$/,
    ],
    ["an error in it", 'throw new Error("out of paper");', /cannot be loaded, .*Error: out of paper/s],
    ["plugins that are no list", `${head} export const plugins = 7;`, /plugins is a list for startPlugins, got 7 /],
    ["a plugin that is none", `${head} export const plugins = [{}];`, /plugins\[0\] is a plugin \(of definePlugin\)/],
    ["agents that are none", `${head} export const agents = [7];`, /agents is a list of agents/],
    ["no plugin for its model", head, /^mofa: .*\bm\b.* \(.*\)\n$/],
  ])("%s", async (_what, text, words) => {
    const file = join(folder, "module.ts");
    rmSync(file, { force: true });
    if (text !== undefined) writeFileSync(file, text);
    const { code, stdout, stderr } = await ask(file, "hello");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(words);
  });

  test("a session without a store is one line, and so is a name that no session has", async () => {
    writeFileSync(join(folder, "module.ts"), head);
    expect(await ask(join(folder, "module.ts"), "hello", "--session", "ann")).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/^mofa: the module's plugins have no store, [^\n]* \(plugin_missing\)\n$/),
    });
    expect(await ask(clerk, "hello", "--session", "")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^mofa: --session is the name of a session, [^\n]* \(bad_argument\)\n$/),
    });
  });
});

await describeWith(python, () => {
  test("what a model says steers no terminal", async () => {
    const { code, stdout } = await room.atTerminal(["ask", clerk, "steer"], []);
    expect([code, stdout]).toEqual([0, "a\ufffd[2Jb\ufffdc\ufffdd\r\n\r\n"]);
  });
});
