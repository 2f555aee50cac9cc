/**
 * The `mofa` command. A new command is one line in `commands` and one module, which is loaded only if it is chosen.
 *
 * Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no program to attach to, 130 ended by Ctrl-C, 143 by SIGTERM. Results go to stdout, all else to
 * stderr.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { RuntimeError } from "../core/index.ts";
import { paragraph } from "./attach/table.ts";
import { type CommandEntry, type ExitCode, exitCodes, type Output } from "./command.ts";
import { Interrupt } from "./interrupt.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "10,000 actors at real work, while faults are thrown at them",
    load: () => import("./demo.ts"),
  },
  {
    name: "run",
    summary: "start a program: a root supervisor, or a main(system, args)",
    load: () => import("./run.ts"),
  },
  { name: "ps", summary: "the actors of a running program, as a list", load: () => import("./ps.ts") },
  {
    name: "tree",
    summary: "the actors of a running program, as a tree: who has started whom",
    load: () => import("./tree.ts"),
  },
  {
    name: "top",
    summary: "what threads and the busiest actors of a running program do, live",
    load: () => import("./top.ts"),
  },
  { name: "inspect", summary: "one actor of a running program, and its state", load: () => import("./inspect.ts") },
  {
    name: "kill",
    summary: "end an actor of a running program, also in a turn that loops",
    load: () => import("./kill.ts"),
  },
  { name: "pause", summary: "hold an actor's messages back", load: () => import("./pause.ts") },
  { name: "resume", summary: "let through what pause holds back", load: () => import("./resume.ts") },
  {
    name: "interrupt",
    summary: "ask the turn of an actor that is under way to end",
    load: () => import("./interrupt-turn.ts"),
  },
  { name: "new", summary: "make a project with an agent of your own", load: () => import("./new.ts") },
  { name: "ask", summary: "ask the agent of a module once", load: () => import("./ask.ts") },
  { name: "chat", summary: "talk with the agent of a module", load: () => import("./chat.ts") },
  { name: "sessions", summary: "the sessions of a module's agents", load: () => import("./sessions.ts") },
  {
    name: "plugins",
    summary: "the plugins of a running program, and how they are",
    load: () => import("./plugins.ts"),
  },
  {
    name: "models",
    summary: "the models of a running program, how they are, and what to install",
    load: () => import("./models.ts"),
  },
  { name: "tools", summary: "the tools of a running program", load: () => import("./tools.ts") },
  { name: "call-tool", summary: "call a tool of a running program", load: () => import("./call-tool.ts") },
  {
    name: "mcp-serve",
    summary: "the tools of a running program as a server of MCP, on stdin and stdout",
    load: () => import("./mcp-serve.ts"),
  },
  {
    name: "approve",
    summary: "calls of tools that wait for somebody's word; say yes or no to one",
    load: () => import("./approve.ts"),
  },
  {
    name: "deadletters",
    summary: "messages that reached nobody; send one again",
    load: () => import("./deadletters.ts"),
  },
  {
    name: "trace",
    summary: "the messages that one actor gets and sends",
    load: () => import("./trace.ts"),
  },
  {
    name: "profile",
    summary: "where the time of one thread goes, or what is in its heap, as a file",
    load: () => import("./profile.ts"),
  },
  { name: "events", summary: "what happens in a running program, as it happens", load: () => import("./events.ts") },
  {
    name: "bench",
    summary: "what messages and all else cost here, beside other actor systems",
    load: () => import("./bench.ts"),
  },
];

/** Runs one command line, given without the program's name. Never throws: an error is a line on `err` and a code. */
export async function run(
  args: readonly string[],
  table: readonly CommandEntry[] = commands,
  output: Output = { out: process.stdout, err: process.stderr },
): Promise<ExitCode> {
  using interrupt = new Interrupt();
  let exitCode: ExitCode = exitCodes.ok;
  const program = new Command("mofa")
    .description("Supervised actors on worker threads.")
    .version(packageVersion(), "--version", "print the version")
    .helpOption("--help", "say what there is")
    .exitOverride()
    .configureOutput({ writeOut: (text) => output.out.write(text), writeErr: (text) => output.err.write(text) });

  try {
    for (const entry of table) {
      const command = program.command(entry.name).description(entry.summary).helpOption("--help", "say what there is");
      if (entry.name !== chosenName(args)) continue;
      const module = await entry.load();
      module.describe(command);
      command.action(async () => {
        exitCode = await module.run(command.args, command.opts(), { ...output, signal: interrupt.signal });
      });
    }
    if (args.length === 0) program.help({ error: true });
    await program.parseAsync(args, { from: "user" });
    return interrupt.exitCode ?? exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (isStuck(error)) {
      output.err.write(`mofa: ${describeError(error)}\n`);
      interrupt.endAtOnce();
    }
    // A command that was told to stop may well end by an AbortError.
    if (interrupt.exitCode !== undefined) return interrupt.exitCode;
    output.err.write(`mofa: ${describeError(error)}\n`);
    return exitCodes.failed;
  }
}

/** The first word that is no option: none of the program's own options takes a value. `help demo` means demo as well. */
function chosenName(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith("-"));
  return words[0] === "help" ? words[1] : words[0];
}

/** All has stopped but for a thread that never will: the process would wait for it. */
function isStuck(error: unknown): boolean {
  return error instanceof RuntimeError && error.code === "thread_stuck";
}

/**
 * One line for an outcome that was planned for (it has a code); anything else is a bug, and shows its stack. It may be in the words of
 * a tool, or of an actor.
 */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return paragraph(String(error));
  if ("code" in error && typeof error.code === "string") return paragraph(`${error.message} (${error.code})`);
  return paragraph(error.stack ?? error.message);
}

/** From package.json, two folders above the built file. */
function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  throw new Error("package.json has no version");
}
