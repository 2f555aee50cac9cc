/** What the commands have in common that look at a running program. */
import type { Command } from "commander";
import { type CommandContext, type ExitCode, exitCodes } from "../command.ts";
import { type AttachClient, attach } from "./attach-client.ts";
import type { AttachedSystem } from "./attach-protocol.ts";

/** A type and no interface, so that commander's options can be taken for it. */
export type AttachOptions = {
  readonly system?: string;
  readonly json?: boolean;
};

/** Declares `--system`. */
export function describeSystem(command: Command): Command {
  return command.option("--system <pid|name>", "which program, where several run");
}

/** Declares `--system` and `--json`. */
export function describeAttached(command: Command): Command {
  return describeSystem(command).option("--json", "print JSON, and nothing else");
}

/**
 * Runs a command's work with the program that is meant. Where none runs it says so: exit code 3. With Ctrl-C nothing is
 * waited for any more.
 */
export async function withAttached(
  { system }: AttachOptions,
  { err, signal }: CommandContext,
  work: (client: AttachClient, system: AttachedSystem) => Promise<ExitCode>,
): Promise<ExitCode> {
  const attached = await attach(system);
  if (attached === undefined) {
    err.write("mofa: no program of this user runs: start one with mofa run or mofa demo\n");
    return exitCodes.noSystem;
  }
  using client = attached.client;
  // Told to stop meanwhile.
  if (signal.aborted) return exitCodes.failed;
  signal.addEventListener("abort", () => client[Symbol.dispose](), { once: true });
  return await work(client, attached.system);
}
