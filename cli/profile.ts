/** `mofa profile --thread <n>`: a CPU profile or a heap snapshot of one thread of a running program, as a file. */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { numberText } from "./number-text.ts";
import { wholeNumber } from "./whole-number.ts";

type ProfileCommandOptions = AttachOptions & {
  readonly thread: number;
  readonly heap?: boolean;
  readonly seconds: number;
  readonly output?: string;
};

const secondsMax = 3_600;
/** Time beside that of the profile itself: a heap of a gigabyte takes a minute. */
const writeMs = 150_000;

export function describe(command: Command): void {
  describeAttached(command)
    .requiredOption("--thread <n>", "which scheduler thread, as mofa ps shows it; 0 is main", wholeNumber(0, 1_000))
    .option("--heap", "what is in its heap, in place of where its time goes")
    .option("--seconds <n>", "for how long", seconds, 10)
    .option("-o, --output <file>", "default: thread-<n>.cpuprofile, or thread-<n>.heapsnapshot");
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as ProfileCommandOptions;
  const { thread, heap = false, json } = given;
  const kind = heap ? "heap" : "cpu";
  // The program has a folder of its own.
  const file = resolve(given.output ?? `thread-${thread}.${heap ? "heapsnapshot" : "cpuprofile"}`);
  const ms = given.seconds * 1_000;
  return await withAttached(given, context, async (client) => {
    await client.ask({ verb: "profile", position: thread, kind, ms, file }, ms + writeMs);
    const { size } = statSync(file);
    context.out.write(json ? `${JSON.stringify({ file, thread, kind, bytes: size })}\n` : `${file}\n`);
    if (!json) context.err.write(`mofa profile: ${numberText(size)} bytes, for the developer tools of Chrome\n`);
    return exitCodes.ok;
  });
}

function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= secondsMax) return value;
  throw new InvalidArgumentError(`A number above 0 and up to ${secondsMax} is wanted.`);
}
