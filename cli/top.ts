/** `mofa top`: what threads and the busiest actors of a running program do, drawn anew in place until Ctrl-C. */
import { setTimeout as sleep } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { AttachClient } from "./attach/attach-client.ts";
import { type TopColumn, type TopSample, topColumns } from "./attach/attach-protocol.ts";
import { type AttachOptions, describeAttached, withAttached } from "./attach/attached-command.ts";
import { topLines } from "./attach/top-text.ts";
import { Block, type Screen } from "./block.ts";
import { type CommandContext, type ExitCode, exitCodes } from "./command.ts";
import { wholeNumber } from "./whole-number.ts";

type TopOptions = AttachOptions & {
  readonly sort: TopColumn;
  readonly interval: number;
  readonly count?: number;
  readonly limit?: number;
};

/** Actors of a sample where no terminal says how many fit. */
const actorsDefault = 20;
const intervalMinMs = 50;

export function describe(command: Command): void {
  describeAttached(command)
    .option("--sort <column>", `the most first: ${topColumns.join(", ")}`, column, "busy")
    .option("--interval <ms>", "time between two samples", wholeNumber(intervalMinMs, 3_600_000), 1_000)
    .option(
      "--count <n>",
      "so many samples (default: until Ctrl-C at a terminal or with --json, else 1)",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--limit <n>",
      `so many actors (default: as many as fit at a terminal, else ${actorsDefault})`,
      wholeNumber(0, 10_000),
    );
}

export async function run(
  _operands: readonly string[],
  options: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<ExitCode> {
  // `describe` above declares these options, so commander has made them this.
  const given = options as TopOptions;
  const screen: Screen = context.out;
  const isDrawn = screen.isTTY === true && given.json !== true;
  const { count = isDrawn || given.json ? Number.POSITIVE_INFINITY : 1 } = given;
  return await withAttached(given, context, async (client, { name, pid }) => {
    using block = isDrawn ? new Block(screen) : undefined;
    const rowsOf = () => (isDrawn ? (screen.rows ?? 24) : Number.POSITIVE_INFINITY);
    const limitOf = () => given.limit ?? (isDrawn ? rowsOf() : actorsDefault);
    for await (const sample of samples(client, { ...given, count }, limitOf, context.signal)) {
      const lines = topLines(`mofa top: ${name} (${pid})`, sample, rowsOf());
      if (given.json) context.out.write(`${JSON.stringify(sample)}\n`);
      else if (block !== undefined) block.draw(lines);
      else context.out.write(`${lines.join("\n")}\n`);
    }
    return exitCodes.ok;
  });
}

/** One each interval, until there were enough, the program has ended, or `signal` is aborted. */
async function* samples(
  client: AttachClient,
  { sort, interval, count }: Required<Pick<TopOptions, "sort" | "interval" | "count">>,
  limitOf: () => number,
  signal: AbortSignal,
): AsyncGenerator<TopSample> {
  try {
    // What it says is of no time yet: it begins the count.
    await client.ask({ verb: "top", sort, limit: 0 });
    for (let taken = 0; taken < count; taken++) {
      await sleep(interval, undefined, { signal });
      yield (await client.ask({ verb: "top", sort, limit: limitOf() })) as TopSample;
    }
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    if (!signal.aborted && code !== "noconnection" && code !== "not_started") throw error;
  }
}

function column(text: string): TopColumn {
  const found = topColumns.find((one) => one === text);
  if (found === undefined) throw new InvalidArgumentError(`One of ${topColumns.join(", ")} is wanted.`);
  return found;
}
