/** Programs that run by `mofa run`, and commands beside them, as a person has them at a shell. Those of one suite see no others. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect } from "@jest/globals";
import { packageRoot } from "./package-root.ts";
import { type ProgramResult, runProgram } from "./run-program.ts";

export const mofaEntry = join(packageRoot, "cli", "mofa.cjs");

export class MofaPrograms {
  readonly #running: ChildProcess[] = [];
  /** Where programs lie: there they find `mofa`. */
  folder = "";
  /** Where their sockets are: a short path of its own. */
  runtime = "";

  begin(files: Readonly<Record<string, string>>): void {
    this.folder = mkdtempSync(join(packageRoot, "dist", "test", "attach-"));
    this.runtime = mkdtempSync(join(realpathSync(tmpdir()), "mofa-test-"));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
  }

  end(): void {
    rmSync(this.folder, { recursive: true });
    rmSync(this.runtime, { recursive: true });
  }

  async endAll(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    for (const child of this.#running.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "close");
      child.kill(signal);
      await ended;
    }
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, XDG_RUNTIME_DIR: this.runtime };
  }

  /** Until it has said something. @param heard gets all that it says @returns its process id. */
  async start(
    file: string,
    args: readonly string[] = [],
    env = this.environment,
    heard: (text: string) => void = () => {},
  ): Promise<number> {
    const child = spawn(process.execPath, [mofaEntry, "run", join(this.folder, file), "--threads", "1", ...args], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#running.push(child);
    await once(child.stdout.setEncoding("utf8").on("data", heard), "data");
    return child.pid as number;
  }

  async mofa(...args: string[]): Promise<Pick<ProgramResult, "code" | "stdout" | "stderr">> {
    const { code, stdout, stderr } = await runProgram(process.execPath, [mofaEntry, ...args], {
      env: this.environment,
    });
    return { code, stdout, stderr };
  }

  /** What it has printed, and nothing else. */
  async mofaJson(...args: string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await this.mofa(...args, "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout) as Record<string, unknown>;
  }
}

/** @param files programs by their names; those that run end with each test. */
export function useMofaPrograms(files: Readonly<Record<string, string>>): MofaPrograms {
  const programs = new MofaPrograms();
  beforeAll(() => programs.begin(files));
  afterEach(async () => await programs.endAll());
  afterAll(() => programs.end());
  return programs;
}
