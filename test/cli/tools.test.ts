/** The commands over the models and tools of a running program, as a person uses them beside `mofa run`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { python } from "../support/known-services.ts";
import { mofaEntry, useMofaPrograms } from "../support/mofa-programs.ts";
import { runProgram } from "../support/run-program.ts";
import { describeWith } from "../support/service.ts";
import { mofaAtTerminal } from "../support/terminal.ts";

const programs = useMofaPrograms({
  "shop.ts": `
    import { definePlugin, defineTool, defineTools } from "mofa";
    import { llmScripted } from "mofa/plugins/llm-scripted";
    export const broken = defineTools({
      name: "broken",
      version: "1.0.0",
      open() {
        let asked = 0;
        const odd = defineTool({ name: "odd", input: { type: "object", properties: 7 }, run: () => 1 });
        return { tools: () => (asked++ === 0 ? [] : [odd]) };
      },
    });
    export const silent = definePlugin({ name: "silent", version: "1.0.0", tags: ["tools"], behaviour: {} });
    export const liar = defineTools({
      name: "liar",
      version: "1.0.0",
      tools: [
        defineTool({ name: "lie", input: { type: "object" }, run() { throw new Error("no\\nmofa: all is well\\u001b[2J"); } }),
        defineTool({ name: "deep", input: { type: "object" }, async run(_input, call) {
          let deep = 1;
          for (let level = 0; level < 20_000; level++) deep = [deep];
          await call.progress(deep);
          return "done";
        } }),
      ],
    });
    export const shop = defineTools({
      name: "shop",
      version: "1.0.0",
      tools: [
        defineTool({
          name: "greet",
          description: "Greets somebody.",
          input: { type: "object", properties: { who: { type: "string" }, how: { type: "string" } }, required: ["who"] },
          isReadOnly: true,
          run: ({ who }) => "hello, " + who,
        }),
        defineTool({ name: "count", input: { type: "object" }, async run(_input, call) { await call.progress({ half: true }); return { apples: 5 }; } }),
        defineTool({ name: "erase", input: { type: "object" }, needsApproval: true, run: () => "erased" }),
        defineTool({ name: "steer", input: { type: "object" }, async run(_input, call) {
          await call.progress(undefined);
          await call.progress({ many: 5n });
          return "a\\u001b[2J\\u009bb\\u202ec";
        } }),
        defineTool({ name: "hang", input: { type: "object" }, run: (_input, { signal }) => new Promise((_resolve, reject) => {
          console.log("hangs");
          signal.addEventListener("abort", () => { console.log("let go"); reject(signal.reason); });
        }) }),
      ],
    });
    export async function main(system, args) {
      await system.startPlugins([shop, { plugin: llmScripted, config: { model: "parrot" } }, ...(args.includes("broken") ? [broken] : []), ...(args.includes("silent") ? [silent] : []), ...(args.includes("liar") ? [liar] : [])]);
      console.log("up");
      await new Promise(() => {});
    }`,
});

/** With that on its standard input. */
async function piped(text: string, tool: string, ...args: string[]) {
  const file = join(programs.folder, "input");
  writeFileSync(file, text);
  const words = [process.execPath, mofaEntry, "call-tool", "shop", tool, ...args].map((word) => `'${word}'`).join(" ");
  return await runProgram("/bin/sh", ["-c", `${words} < '${file}'`], { env: programs.environment });
}

const mofa = (...args: string[]) => programs.mofa(...args);
const start = (...args: string[]) => programs.start("shop.ts", args);

describe("mofa models", () => {
  test("lists the models of a program, how they are, and what is missing", async () => {
    await start();
    const { code, stdout, stderr } = await mofa("models");
    expect(stdout).toMatch(/^plugin +state +health +models +missing +detail\nllm-scripted +running +up +parrot\n$/);
    expect([code, stderr]).toEqual([0, "1 plugin\n"]);
    expect(await programs.mofaJson("models")).toEqual({
      models: [{ plugin: "llm-scripted", state: "running", health: { status: "up" }, packages: [], names: ["parrot"] }],
    });
  });

  test("lists those that come with MoFA, and no other plugins, without a program", async () => {
    const { plugins } = (await programs.mofaJson("models", "--available")) as {
      plugins: readonly { name: string; tags: string[] }[];
    };
    expect(plugins.map(({ name }) => name)).toEqual(expect.arrayContaining(["llm-anthropic", "llm-scripted"]));
    expect(plugins.filter(({ tags }) => !tags.includes("model"))).toEqual([]);
  });

  test("without a program it says so", async () => {
    expect(await mofa("models")).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("mofa tools", () => {
  test("lists what can be done", async () => {
    await start();
    const { code, stdout, stderr } = await mofa("tools");
    expect(stdout).toMatch(
      /^plugin +tool +approval +read-only +arguments +description\nshop +greet +yes +who, \[how\] +Greets somebody\.\nshop +count\nshop +erase +yes\nshop +steer\nshop +hang\n$/,
    );
    expect([code, stderr]).toEqual([0, "5 tools\n"]);
    expect(await programs.mofaJson("tools")).toMatchObject({
      tools: [{ plugin: "shop", state: "running", tools: [{ name: "greet", isReadOnly: true }, {}, {}, {}, {}] }],
    });
  });

  test("fails where a plugin does not say what it has, and lists the others", async () => {
    await start("broken");
    const { code, stdout, stderr } = await mofa("tools");
    expect(stdout).toMatch(/\nshop +greet/);
    expect(stderr).toMatch(
      /^5 tools\nmofa tools: broken does not say what it has: odd: the schema of its arguments is no JSON Schema: /,
    );
    expect(code).toBe(1);
  });
});

describe("mofa call-tool", () => {
  test("prints what a tool gives: a text as it is, other things as JSON", async () => {
    await start();
    expect(await mofa("call-tool", "shop", "greet", '{"who":"you"}')).toEqual({
      code: 0,
      stdout: "hello, you\n",
      stderr: "",
    });
    expect(await mofa("call-tool", "shop", "greet", '{"who":"you"}', "--json")).toMatchObject({
      stdout: '"hello, you"\n',
    });
    expect(await mofa("call-tool", "shop", "count")).toEqual({
      code: 0,
      stdout: '{"apples":5}\n',
      stderr: '{"half":true}\n',
    });
  });

  test.each([
    ["arguments that are no JSON", ["shop", "greet", "{"], /greet: its arguments are no JSON: .* \(tool_arguments\)/],
    ["arguments of another schema", ["shop", "greet", "{}"], /must have required property 'who' \(tool_arguments\)/],
    [
      "a tool that is not there",
      ["shop", "sing"],
      /shop has no tool "sing" \(it has: greet, count, erase, steer, hang\) \(tool_unknown\)/,
    ],
    ["a plugin that is not there", ["shed", "sing"], /no plugin shed with tools runs: there are shop \(bad_argument\)/],
    ["a plugin without tools", ["llm-scripted", "chat"], /no plugin llm-scripted with tools runs: there are shop/],
  ])("says what is wrong with %s", async (_what, args, words) => {
    await start();
    const { code, stdout, stderr } = await mofa("call-tool", ...args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(words);
  });

  test("approves of what it calls itself where it is told to", async () => {
    await start();
    expect(await mofa("call-tool", "shop", "erase", "--approve")).toEqual({ code: 0, stdout: "erased\n", stderr: "" });
  });

  test("waits for somebody's word where nobody can be asked", async () => {
    await start();
    const called = Promise.withResolvers<string>();
    const call = runProgram(process.execPath, [mofaEntry, "call-tool", "shop", "erase"], {
      env: programs.environment,
      onStderr: (text) => {
        const [, id] = /waits for approval: mofa approve (\S+)\n/.exec(text) ?? [];
        if (id !== undefined) called.resolve(id);
      },
    });
    const id = await called.promise;
    expect((await mofa("approve")).stdout).toMatch(
      new RegExp(`^id +waits +of +tool +arguments\n${id} +\\d+ s +shop +erase +\\{\\}\n$`),
    );
    expect(await mofa("approve", id, "--deny", "--reason", "not now")).toEqual({
      code: 0,
      stdout: "shop erase denied\n",
      stderr: "",
    });
    expect(await call).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("erase: the call was denied: not now (tool_denied)"),
    });
    expect(await mofa("approve", id)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("does not wait (any more)"),
    });
    expect(await programs.mofaJson("approve")).toEqual({ approvals: [], failures: [] });
  });

  test("ends the tool's call by Ctrl-C", async () => {
    const said = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<void>();
    await programs.start("shop.ts", [], programs.environment, (text) => {
      if (text.includes("hangs")) said.resolve();
      if (text.includes("let go")) letGo.resolve();
    });
    let end = (_signal: NodeJS.Signals): void => {};
    const call = runProgram(process.execPath, [mofaEntry, "call-tool", "shop", "hang"], {
      env: programs.environment,
      onSpawn: (kill) => {
        end = kill;
      },
    });
    await said.promise;
    end("SIGINT");
    expect(await call).toMatchObject({ code: 130, stdout: "" });
    await letGo.promise;
  });

  test("shows all that is to be approved, and nothing that would steer a terminal", async () => {
    await start();
    const padded = JSON.stringify({ a: "x".repeat(400), path: "/etc\u202e" });
    const asked = Promise.withResolvers<string>();
    const call = runProgram(process.execPath, [mofaEntry, "call-tool", "shop", "erase", padded], {
      env: programs.environment,
      onStderr: (text) => text.endsWith("\n") && asked.resolve(text),
    });
    const text = await asked.promise;
    expect(text).toContain('"path":"/etc\ufffd"} waits for approval: mofa approve ');
    expect((await mofa("approve")).stdout).toContain('"path":"/etc\ufffd"}');
    await mofa("approve", text.trim().split(" ").at(-1) as string);
    expect(await call).toMatchObject({ code: 0, stdout: "erased\n" });
  });

  test("a plugin that does not say what waits there keeps nobody from the others", async () => {
    await start("silent");
    const { code, stderr } = await mofa("approve");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^0 calls\nmofa approve: silent does not say what waits there: /),
    ]);
    expect(await mofa("call-tool", "shop", "erase", "--approve")).toMatchObject({ code: 0, stdout: "erased\n" });
  });

  test("progress that JSON has no form for is told all the same, and C1 in JSON is escaped", async () => {
    await start();
    expect(await mofa("call-tool", "shop", "steer", "--json")).toEqual({
      code: 0,
      stdout: '"a\\u001b[2J\\u009bb\u202ec"\n',
      stderr: 'null\n{"many":"5n"}\n',
    });
  });

  test("an error in several lines has none that reads as a word of the runtime's", async () => {
    await start("liar");
    expect(await mofa("call-tool", "liar", "lie")).toEqual({
      code: 1,
      stdout: "",
      stderr: "mofa: lie: no\n  mofa: all is well\ufffd[2J (tool_failed)\n",
    });
  });

  test("progress that is nested too deeply to be told fails no call", async () => {
    await start("liar");
    expect(await mofa("call-tool", "liar", "deep")).toEqual({
      code: 0,
      stdout: "done\n",
      stderr: expect.stringMatching(/^"cannot be told: .*"\n$/),
    });
  });

  test("arguments that are more than a request may have are refused, and say so", async () => {
    await start();
    // Longer than an argument of a command may be.
    const { code, stderr } = await piped(JSON.stringify({ who: "x".repeat(2 ** 20) }), "greet", "-");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /^mofa: a request to a program has at most 1048576 characters, got \d+ \(bad_argument\)\n$/,
      ),
    ]);
  });

  test("standard input that is empty is wrong usage, and calls nothing", async () => {
    await start();
    expect(await piped("", "erase", "-", "--approve")).toMatchObject({ code: 2, stdout: "" });
    expect(await piped('{"who":"you"}', "greet", "-")).toMatchObject({ code: 0, stdout: "hello, you\n" });
  });

  test("mofa approve --reason without --deny is wrong usage", async () => {
    expect(await mofa("approve", "7", "--reason", "so")).toMatchObject({ code: 2 });
  });

  test("mofa approve --deny wants to know what", async () => {
    expect(await mofa("approve", "--deny")).toMatchObject({ code: 2 });
  });
});

await describeWith(python, () => {
  test.each([
    ["yes", "y\n", 0, /do it\? \[y\/N\] .*\nerased\r\n$/s],
    ["no", "\n", 1, /the call was denied/],
    ["the end of the input", "\u0004", 1, /the call was denied/],
    ["Ctrl-C", "\u0003", 130, /do it\? \[y\/N\] /],
  ])("a person at a terminal is asked, and says %s", async (_what, keys, code, words) => {
    await start();
    const steps = [{ see: "[y/N] ", press: keys }];
    const said = await mofaAtTerminal(["call-tool", "shop", "erase"], steps, programs.environment);
    expect(said.stdout).toMatch(words);
    expect(said.code).toBe(code);
  });
});
