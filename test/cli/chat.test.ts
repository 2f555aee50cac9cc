/** `mofa chat`, at a terminal and with lines of a file. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "@jest/globals";
import { clerk, useClerkRoom } from "../support/clerk-room.ts";
import { python } from "../support/known-services.ts";
import { mofaEntry } from "../support/mofa-programs.ts";
import { describeWith } from "../support/service.ts";
import { keys, type TerminalStep } from "../support/terminal.ts";

const room = useClerkRoom();
const help = "/history what was said, /usage tokens so far, /quit or Ctrl-D to leave; Ctrl-C interrupts an answer";
/** How a prompt is drawn at a terminal: the line is erased before. */
const prompt = "\u001b[0J> ";
const answer = "[y/N] ";

/** Writes a line where it is asked for one. */
const write = (line: string): TerminalStep => ({ see: prompt, press: `${line}\r` });
const see = (text: string): TerminalStep => ({ see: text });
const leave: TerminalStep = { see: prompt, press: keys.ctrlD };

/** Lines as they stand at a terminal, without what moves the cursor and without colours. */
const lines = (text: string): readonly string[] => text.replaceAll(/\u001b\[[\d;]*[A-Za-z]/g, "").split(/\r*\n/);

describe("lines of a file", () => {
  test("are asked one after the other, and answered without prompts", async () => {
    expect(await room.piped("hello\n\ncall count\n/usage\nagain", "chat", clerk)).toEqual({
      code: 0,
      stdout: expect.stringMatching(
        /^[^\n]*\/history[^\n]*\n1: you said hello\n> count \{\}\n< count \(\d+ ms\): 3\nIt gave 3\.\n2 turns, 30 tokens read, 15 written; [^\n]*\n3: you said again\n$/,
      ),
      stderr: "",
    });
  });

  test("answer, where a call wants approval, with the line behind it", async () => {
    const { stdout } = await room.piped('call erase {"a":1}\ny\ncall erase\nhello\n', "chat", clerk);
    expect(lines(stdout).filter((line) => !/^[<>]/.test(line))).toEqual([
      help,
      'clerk wants erase {"a":1}: do it? [y/N]',
      "It gave all gone.",
      "clerk wants erase {}: do it? [y/N]",
      "! erase (0 ms): tool_denied: somebody has said no to the call",
      "It gave tool_denied: somebody has said no to the call.",
      "",
    ]);
    expect(room.told).toEqual(["erased"]);
  });

  test("that end before an approval leave it waiting for the next start of the session", async () => {
    const { code, stdout } = await room.piped("call erase", "chat", clerk, "--session", "ann");
    expect([code, lines(stdout).at(-2)]).toEqual([
      0,
      "(it waits: it is asked again with the next question, or at the next start of its session)",
    ]);
    const next = await room.piped("y\n", "chat", clerk, "--session", "ann");
    expect(lines(next.stdout)).toEqual([
      `a conversation of 1 turn goes on; ${help}`,
      "clerk wants erase {}: do it? [y/N]",
      expect.stringMatching(/^> erase/),
      expect.stringMatching(/^< erase \(\d+ ms\): all gone$/),
      "It gave all gone.",
      "",
    ]);
  });

  test("are answered with --json by lines of JSON alone: parts, answers and failures", async () => {
    const { code, stdout, stderr } = await room.piped("call count\noverloaded\n", "chat", clerk, "--json");
    const values = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly type: string });
    expect(values).toMatchObject([
      { type: "toolCall", place: 0, name: "count", arguments: "{}" },
      { type: "toolResult", place: 0, name: "count", ok: true, content: "3" },
      { type: "text", text: "It gave 3." },
      { type: "answer", finish: "stop", text: "It gave 3.", toolCalls: [{ name: "count", ok: true }] },
      { type: "failed", code: "model_overloaded", message: "too much\u001b[2J to do" },
    ]);
    expect([code, stderr]).toEqual([0, `${help}\n! too much\ufffd[2J to do (model_overloaded)\n`]);
  });

  test("that come while it waits for them get no prompt either", async () => {
    const child = spawn(process.execPath, [mofaEntry, "chat", clerk], { env: room.environment, stdio: "pipe" });
    const asks = ["hello\n", "again\n"];
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      if (!text.endsWith("\n")) return;
      const next = asks.shift();
      if (next === undefined) child.stdin.end();
      else child.stdin.write(next);
    });
    const [code] = (await once(child, "close")) as [number | null];
    expect([code, stdout]).toEqual([0, `${help}\n1: you said hello\n2: you said again\n`]);
  });

  test("none of them is no conversation", async () => {
    expect(await room.piped("", "chat", clerk)).toEqual({ code: 0, stdout: `${help}\n`, stderr: "" });
  });
});

test("a session without a store, and one without a name, are refused before anything starts", async () => {
  expect(await room.mofa("chat", clerk, "--session", "")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^mofa: --session is the name of a session, [^\n]* \(bad_argument\)\n$/),
  });
});

await describeWith(python, () => {
  const chat = (steps: readonly TerminalStep[], args: readonly string[] = [], env = {}) =>
    room.atTerminal(["chat", clerk, ...args], steps, env);

  test("what the agent says is shown as it says it, and Ctrl-C interrupts that and not the program", async () => {
    const { code, stdout } = await chat([
      write("hang"),
      { see: "I think", press: keys.ctrlC }, // the answer never ends
      see("(interrupted)"),
      write("hello"),
      see("2: you said hello"),
      leave,
    ]);
    expect([code, room.told]).toEqual([0, ["hangs", "model told"]]);
    expect(lines(stdout)).toEqual([
      help,
      "> hang",
      "I think",
      "(interrupted)",
      "> hello",
      "2: you said hello",
      "> ",
      "",
    ]);
  });

  test("a call of a tool is shown with its progress, and Ctrl-C ends it, too", async () => {
    const { code, stdout } = await chat([
      write("call count"),
      see("It gave 3."),
      write("call wait"),
      { see: '. {"half":true}', press: keys.ctrlC },
      see("(interrupted)"),
      leave,
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/> count \{\}.*< count \(\d+ ms\): 3.*It gave 3\.\r\n/s);
    expect(room.told).toEqual(["waits", "tool told"]);
  });

  test.each([
    ["yes", "y\r", "It gave all gone.", ["erased"]],
    ["no", "\r", "It gave tool_denied: somebody has said no to the call.", []],
  ])("a call that wants approval is asked for, and a %s is heard", async (_what, press, said, told) => {
    const { code } = await chat([write('call erase {"path":"/etc"}'), { see: answer, press }, see(said), leave]);
    expect([code, room.told]).toEqual([0, told]);
  });

  test("a line that was written before the question is no approval", async () => {
    const { code } = await chat([
      { see: prompt, press: "call erase\ry\r" },
      { see: answer, press: "n\r" },
      see("tool_denied"),
      see("2: you said y"),
      leave,
    ]);
    expect([code, room.told]).toEqual([0, []]);
  });

  test("all that is to be approved is shown, and nothing that would steer the terminal", async () => {
    const given = JSON.stringify({ a: "x".repeat(300), path: "/etc\u202e\u009b" });
    const { stdout } = await chat([write(`call erase ${given}`), { see: answer, press: "n\r" }, leave]);
    expect(stdout).toContain('"path":"/etc\ufffd\ufffd"}: do it?');
  });

  test("Ctrl-C leaves a call waiting, and the next question asks for it again", async () => {
    const { code, stdout } = await chat([
      write("call erase"),
      { see: answer, press: keys.ctrlC },
      see("(it waits: "),
      write("hello"),
      { see: answer, press: "yes\r" },
      see("It gave all gone."),
      write("hello"),
      see("2: you said hello"),
      leave,
    ]);
    expect([code, room.told]).toEqual([0, ["erased"]]);
    expect(stdout).toContain("(not asked: a word on this is waited for first)");
  });

  test("Ctrl-C at the prompt drops the line, and says how to leave", async () => {
    const { code, stdout } = await chat([
      { see: prompt, press: `abc${keys.ctrlC}` },
      see("(Ctrl-D leaves)"),
      write("def"),
      see("1: you said def"),
      leave,
    ]);
    expect(code).toBe(0);
    expect(lines(stdout)).toEqual(expect.arrayContaining(["(Ctrl-D leaves)", "1: you said def"]));
  });

  test("what a model says steers no terminal", async () => {
    const { stdout } = await chat([write("steer"), write("/history"), leave]);
    expect(lines(stdout).filter((line) => line.includes("\ufffd"))).toEqual([
      "a\ufffd[2Jb\ufffdc\ufffdd",
      "assistant: a\ufffd[2Jb\ufffdc\ufffdd",
    ]);
    expect(stdout).not.toMatch(/\u001b\[2J|\u009b|\u202e/);
  });

  test("/history, /usage and /help say what they say, and another word says which there are", async () => {
    const { code, stdout } = await chat([
      write("hello"),
      see("1: you said hello"),
      write("/history"),
      see("assistant: "),
      write("/usage"),
      see("tokens read"),
      write("/help"),
      write("/hlep"),
      see("there is no /hlep: "),
      write("/quit"),
    ]);
    expect(code).toBe(0);
    expect(lines(stdout).slice(3)).toEqual([
      "> /history",
      "user: hello",
      "assistant: 1: you said hello",
      "> /usage",
      expect.stringMatching(/^1 turn, 10 tokens read, 5 written; /),
      "> /help",
      help,
      "> /hlep",
      `there is no /hlep: ${help}`,
      "> /quit",
      "",
    ]);
  });

  test("a session goes on at the next start", async () => {
    await chat([write("hello"), see("1: you said hello"), leave], ["--session", "ann"]);
    const { stdout } = await chat([write("again"), see("2: you said again"), leave], ["--session", "ann"]);
    expect(lines(stdout)[0]).toBe(`a conversation of 1 turn goes on; ${help}`);
  });

  test("a turn that kill -9 has left open is gone on with at the next start", async () => {
    await chat([write("hang"), { see: "I think", kill: "SIGKILL" }], ["--session", "ann"]);
    const { code, stdout } = await chat([see("1: you said hang"), leave], ["--session", "ann"], {
      MOFA_TEST_AWAKE: "1",
    });
    expect(code).toBe(0);
    expect(lines(stdout).slice(0, 2)).toEqual([`a conversation of 1 turn goes on; ${help}`, "1: you said hang"]);
  });

  test("a model that fails is a line, and the conversation goes on", async () => {
    const { stdout } = await chat([write("overloaded"), write("hello"), see("2: you said hello"), leave]);
    expect(lines(stdout)).toContain("! too much\ufffd[2J to do (model_overloaded)");
  });
});
