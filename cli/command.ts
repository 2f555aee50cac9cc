/**
 * What a command of `mofa` is: an entry in the table of main.ts, and a module that is loaded once it is chosen.
 */
import type { Command } from "commander";

/** How the process ends. 3: there is no program to attach to. 143 is a SIGTERM that was obeyed, 130 Ctrl-C: 128 plus the signal's number, as shells have it. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, noSystem: 3, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The streams that a command writes to: results to `out`, everything meant for people to `err`. */
export interface Output {
  readonly out: NodeJS.WritableStream;
  readonly err: NodeJS.WritableStream;
}

export interface CommandContext extends Output {
  /** Aborted by the first Ctrl-C or SIGTERM: stop in order and return. The second one ends the process at once. */
  readonly signal: AbortSignal;
}

export interface CommandModule {
  /** Declares the command's arguments and options; its name and summary stand in the table already. */
  readonly describe: (command: Command) => void;
  /**
   * Does the work. `operands` are the arguments that are no options, `options` is the parsed rest by camelCase name.
   * An error that it throws is printed as one line and ends the process with 1; once `signal` is aborted, what it
   * returns makes way for 130 or 143.
   */
  readonly run: (
    operands: readonly string[],
    options: Readonly<Record<string, unknown>>,
    context: CommandContext,
  ) => Promise<ExitCode>;
}

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
}
