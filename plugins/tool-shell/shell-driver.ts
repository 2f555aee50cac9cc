/** The runs of a plugin: which may begin, and the end of all. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { errorData, type PluginHealth, RuntimeError, ToolError } from "../../core/index.ts";
import type { ShellConfig } from "./config.ts";
import { type RunAnswer, runProgram } from "./program-run.ts";
import { ProgramTable, type RunArguments } from "./programs.ts";
import { Watcher } from "./watcher.ts";

export class ShellDriver {
  readonly #config: ShellConfig;
  readonly #programs: ProgramTable;
  readonly #watcher: Watcher;
  readonly #closing = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();

  private constructor(config: ShellConfig) {
    this.#config = config;
    this.#programs = new ProgramTable(config.programs);
    this.#watcher = new Watcher(config.graceMs);
  }

  /** @throws RuntimeError `bad_argument`, by rejection: a program or its folder is not there; the system is Windows. */
  static async open(config: ShellConfig): Promise<ShellDriver> {
    if (config.enabled) await assertPlaces(config);
    return new ShellDriver(config);
  }

  /** @throws ToolError `tool_denied`, `tool_limit`. */
  check(given: RunArguments): void {
    const { enabled, maxStdinBytes } = this.#config;
    if (!enabled)
      throw new ToolError(
        "tool_denied",
        "run_program is off, and runs nothing: whoever has started the plugin tool-shell turns it on by enabled: true in its configuration",
      );
    this.#programs.checked(given);
    const bytes = Buffer.byteLength(given.stdin ?? "");
    if (bytes > maxStdinBytes)
      throw new ToolError("tool_limit", `run_program: stdin has ${bytes} bytes, and maxStdinBytes is ${maxStdinBytes}`);
  }

  async run(given: RunArguments, signal: AbortSignal): Promise<RunAnswer> {
    this.check(given);
    const both = AbortSignal.any([signal, this.#closing.signal]);
    const run = runProgram(this.#programs.checked(given), given, this.#config, this.#watcher, both);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  health(): PluginHealth {
    if (!this.#config.enabled) return { status: "up", detail: "off (enabled)" };
    if (this.#watcher.isMissing)
      return {
        status: "degraded",
        detail: "the watcher ends as soon as it begins: a kill of the runtime would leave programs running",
      };
    return { status: "up" };
  }

  /** When nothing of any run is left. Once is enough. */
  async close(): Promise<void> {
    this.#closing.abort(new ToolError("shutdown", "tool-shell has ended"));
    await Promise.allSettled(this.#runs);
    this.#watcher.close();
  }
}

async function assertPlaces({ programs, cwd }: ShellConfig): Promise<void> {
  if (process.platform === "win32")
    throw new RuntimeError("bad_argument", "tool-shell does not run on Windows: it has no groups of processes to end");
  const wrong = (what: string, error?: unknown) =>
    new RuntimeError(
      "bad_argument",
      `tool-shell: ${what}${error === undefined ? "" : `: ${errorData(error).message}`}`,
    );
  const folder = await stat(cwd).catch((error: unknown) => {
    throw wrong("cwd is no folder", error);
  });
  if (!folder.isDirectory()) throw wrong(`cwd is no folder: ${cwd}`);
  for (const { name, path } of programs) {
    const file = await stat(path).catch((error: unknown) => {
      throw wrong(`the program ${name} is not there`, error);
    });
    await access(path, constants.X_OK).catch((error: unknown) => {
      throw wrong(`the program ${name} may not be run`, error);
    });
    if (!file.isFile()) throw wrong(`the program ${name} is no file: ${path}`);
  }
}
