/** A tool that runs programs: those that are listed, with the arguments that they may have, when it is turned on. No shell reads what a model writes. */
import { defineTool, defineTools } from "../../core/index.ts";
import { shellConfig } from "./config.ts";
import type { RunAnswer } from "./program-run.ts";
import type { Program, RunArguments } from "./programs.ts";
import { ShellDriver } from "./shell-driver.ts";

export type { ShellConfig } from "./config.ts";
export type { RunAnswer } from "./program-run.ts";
export type { ArgumentRule, Program, RunArguments } from "./programs.ts";

export const toolShell = defineTools({
  name: "tool-shell",
  version: "0.1.0",
  config: { schema: shellConfig, secrets: ["env"] },
  async open(config, signal) {
    const driver = await ShellDriver.open(config);
    // A kill of the plugin calls nothing else. It fails by nothing.
    signal.addEventListener("abort", () => void driver.close(), { once: true });
    const { programs, needsApproval, enabled } = config;
    const tool = defineTool<RunArguments, RunAnswer>({
      name: "run_program",
      description: enabled
        ? `Runs a program and gives its exit code and what it has written. No shell: each argument is handed on as it is. ${programs.map(described).join("; ")}`
        : "Runs programs. It is off.",
      input: {
        type: "object",
        properties: {
          program: { type: "string", ...(programs.length > 0 && { enum: programs.map(({ name }) => name) }) },
          arguments: { type: "array", items: { type: "string" } },
          ...(programs.some(({ takesStdin }) => takesStdin) && {
            stdin: { type: "string", description: "what it reads" },
          }),
        },
        required: ["program"],
        additionalProperties: false,
      },
      needsApproval,
      check: (given) => driver.check(given),
      run: (given, { signal }) => driver.run(given, signal),
    });
    const tools = [tool];
    return { tools: () => tools, health: () => driver.health(), close: () => driver.close() };
  },
});

function described({ name, description, arguments: rules = [], takesStdin = false }: Program): string {
  const takes = rules.map(({ at, matches, isOption = false }) => {
    const where = at === undefined ? "" : ` at ${at}`;
    return `${isOption ? "option " : ""}/${matches}/${where}`;
  });
  const what = description === undefined ? "" : `: ${description}`;
  return `${name}${what} (arguments: ${takes.join(", ") || "none"}${takesStdin ? "; stdin" : ""})`;
}
