/** The agent of fixtures/programs/clerk.ts as a person has it at a shell: with a store of its own, and what has happened to it written down. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "@jest/globals";
import { mofaEntry } from "./mofa-programs.ts";
import { packageRoot } from "./package-root.ts";
import { type ProgramOptions, type ProgramResult, runProgram } from "./run-program.ts";
import { mofaAtTerminal, type TerminalStep } from "./terminal.ts";

const programs = join(packageRoot, "dist/test/fixtures/programs");
export const clerk = join(programs, "clerk.js");
export const countingClerk = join(programs, "counting-clerk.js");

export class ClerkRoom {
  folder = "";

  begin(): void {
    this.folder = mkdtempSync(join(tmpdir(), "mofa-clerk-"));
  }

  end(): void {
    rmSync(this.folder, { recursive: true });
  }

  get environment(): NodeJS.ProcessEnv {
    const { folder } = this;
    return { ...process.env, MOFA_TEST_TOLD: join(folder, "told"), MOFA_TEST_FILE: join(folder, "clerk.sqlite") };
  }

  /** The lines that the model and the tools have written down. */
  get told(): readonly string[] {
    const file = join(this.folder, "told");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  }

  /** Resolves with the first line that was written down, or with what the command has ended with before. */
  async toldOr<T>(command: Promise<T>): Promise<string | T> {
    let end: { readonly result: T } | undefined;
    command.then(
      (result) => {
        end = { result };
      },
      () => {}, // whoever awaits the command hears of it
    );
    while (this.told.length === 0 && end === undefined) await new Promise(setImmediate);
    return end === undefined ? (this.told[0] as string) : end.result;
  }

  async mofa(...args: string[]): Promise<Pick<ProgramResult, "code" | "stdout" | "stderr">> {
    const { code, stdout, stderr } = await this.run(args);
    return { code, stdout, stderr };
  }

  async run(args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
    return await runProgram(process.execPath, [mofaEntry, ...args], { env: this.environment, ...options });
  }

  /** With that on its standard input. */
  async piped(text: string, ...args: string[]): Promise<Pick<ProgramResult, "code" | "stdout" | "stderr">> {
    const input = join(this.folder, "input");
    writeFileSync(input, text);
    const words = [process.execPath, mofaEntry, ...args].map((word) => `'${word}'`).join(" ");
    const run = await runProgram("/bin/sh", ["-c", `${words} < '${input}'`], { env: this.environment });
    const { code, stdout, stderr } = run;
    return { code, stdout, stderr };
  }

  async atTerminal(
    args: readonly string[],
    steps: readonly TerminalStep[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<ProgramResult> {
    return await mofaAtTerminal(args, steps, { ...this.environment, ...env });
  }
}

/** One a test. */
export function useClerkRoom(): ClerkRoom {
  const room = new ClerkRoom();
  beforeEach(() => room.begin());
  afterEach(() => room.end());
  return room;
}
