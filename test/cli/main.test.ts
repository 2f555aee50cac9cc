import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "@jest/globals";
import type { CommandContext, CommandEntry, CommandModule } from "../../cli/command.ts";
import { commands, run } from "../../cli/main.ts";
import { packageRoot } from "../support/package-root.ts";

/** What one command line wrote and ended with. `loaded` names the commands whose modules were needed for it. */
async function runLine(line: string, work: CommandModule["run"] = async () => 0) {
  const out = new PassThrough();
  const err = new PassThrough();
  const loaded: string[] = [];
  const entry = (name: string): CommandEntry => ({
    name,
    summary: `do ${name}`,
    load: async () => {
      loaded.push(name);
      return {
        describe: (command) => command.argument("[folder]").option("--json").option("--seed <n>"),
        run: work,
      };
    },
  });
  const args = line.split(" ").filter((word) => word !== "");
  const code = await run(args, [entry("demo"), entry("run")], { out, err });
  out.end();
  err.end();
  return { code, out: await text(out), err: await text(err), loaded };
}

describe("the mofa command", () => {
  test("gives the chosen command its operands and options, and ends with its code", async () => {
    const seen: unknown[] = [];
    const result = await runLine("demo src --json --seed 7", async (operands, options) => {
      seen.push(operands, options);
      return 1;
    });
    expect(seen).toEqual([["src"], { json: true, seed: "7" }]);
    expect(result).toEqual({ code: 1, out: "", err: "", loaded: ["demo"] });
  });

  test("prints the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8"));
    expect(await runLine("--version")).toEqual({ code: 0, out: `${version}\n`, err: "", loaded: [] });
  });

  test("lists the commands without loading any", async () => {
    const result = await runLine("--help");
    expect(result).toMatchObject({ code: 0, err: "", loaded: [] });
    expect(result.out).toMatch(/demo +do demo\n.*run +do run\n/);
  });

  test.each(["demo --help", "help demo"])("loads one command to explain it: %s", async (line) => {
    const result = await runLine(line);
    expect(result).toMatchObject({ code: 0, err: "", loaded: ["demo"] });
    expect(result.out).toContain("--seed <n>");
  });

  test.each([
    ["", "Usage: mofa"],
    ["dmeo", "error: unknown command 'dmeo'\n(Did you mean demo?)"],
    ["demo --jsno", "error: unknown option '--jsno'\n(Did you mean --json?)"],
    ["demo a b", "error: too many arguments"],
    ["demo --seed", "error: option '--seed <n>' argument missing"],
  ])("ends with 2 and a hint on stderr at wrong usage: %j", async (line, hint) => {
    const result = await runLine(line);
    expect(result).toMatchObject({ code: 2, out: "" });
    expect(result.err).toContain(hint);
  });

  test("prints a planned failure as one line with its code, and ends with 1", async () => {
    const result = await runLine("demo", async () => {
      throw Object.assign(new Error("no such folder: src"), { code: "not_found" });
    });
    expect(result).toMatchObject({ code: 1, out: "", err: "mofa: no such folder: src (not_found)\n" });
  });

  test("prints a bug with its stack, and ends with 1", async () => {
    const result = await runLine("demo", async () => {
      throw new TypeError("x is not a function");
    });
    expect(result).toMatchObject({ code: 1, out: "" });
    expect(result.err).toMatch(/^mofa: TypeError: x is not a function\n {4}at /);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "%s aborts the command's signal and makes the code %i, however the command then ends",
    async (name, code) => {
      const interrupted = async (context: CommandContext) => {
        process.emit(name);
        expect(context.signal.aborted).toBe(true);
      };
      expect(
        await runLine("demo", async (_operands, _options, context) => {
          await interrupted(context);
          return 0;
        }),
      ).toMatchObject({ code, err: "" });
      expect(
        await runLine("demo", async (_operands, _options, context) => {
          await interrupted(context);
          throw context.signal.reason;
        }),
      ).toMatchObject({ code, err: "" });
    },
  );

  test("leaves no signal listener behind", async () => {
    const before = process.listenerCount("SIGINT");
    await runLine("demo");
    expect(process.listenerCount("SIGINT")).toBe(before);
  });

  test("every command in the table loads, and describes itself", async () => {
    for (const { name, summary, load } of commands) {
      const module = await load();
      expect({ name, summary, describe: typeof module.describe, run: typeof module.run }).toEqual({
        name: expect.stringMatching(/^[a-z]+(?:-[a-z]+)*$/),
        summary: expect.stringMatching(/^\S.*[^.]$/),
        describe: "function",
        run: "function",
      });
    }
  });
});
