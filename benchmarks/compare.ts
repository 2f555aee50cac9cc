/**
 * Has a change made something slower? Builds another revision in a folder of its own, runs both alternately, and says of each
 * question how fast it is now, as a ratio with the interval that has the true one 95 times of 100.
 * Exit code 0: nothing has lost more than is borne; 1: something has, or a result was wrong; 2: wrong usage; 130: Ctrl-C.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { comparedOf, comparisonTable, measure, type Series } from "./comparison.ts";
import { buildRevision } from "./revision.ts";

const usage = `usage: npm run bench:compare -- <revision> [file...] [--filter <text>] [--rounds <count>] [--loss <share>] [--json]
  revision         what git knows it by: a branch, a tag, a commit
  file             of benchmarks/, without its ending; default: in-thread between-threads
  --filter <text>  only questions with the text in their name
  --rounds <count> of both, alternately; at least 2, default 5
  --loss <share>   that is borne: 0.1 (default) is a tenth slower
  --json           one line of JSON on standard output, and nothing else there
`;

const root = fileURLToPath(new URL("../..", import.meta.url));

async function main(signal: AbortSignal): Promise<number> {
  const options = parse();
  if (options === undefined) return 0;
  const { revision, files, filter, rounds, loss, isJson } = options;
  await using other = await buildRevision(root, revision, signal);
  const sides = { former: [other.folder, new Map<string, Series>()], now: [root, new Map<string, Series>()] } as const;
  for (let round = 1; round <= rounds; round++) {
    // Who goes first would else always have the cooler machine.
    const order = round % 2 === 1 ? (["former", "now"] as const) : (["now", "former"] as const);
    for (const side of order) {
      for (const file of files) {
        process.stderr.write(`round ${round} of ${rounds}: ${side === "now" ? "now" : revision} ${file}\n`);
        await measure(...sides[side], file, filter, signal);
      }
    }
  }
  const compared = comparedOf(sides.former[1], sides.now[1], loss);
  if (compared.length === 0)
    throw new Error(`no question of ${files.join(", ")} that both have, with "${filter}" in its name`);
  if (isJson) process.stdout.write(`${JSON.stringify({ revision, rounds, loss, compared })}\n`);
  else process.stdout.write(`${comparisonTable(compared, revision, loss)}\n`);
  return compared.some(({ isLost }) => isLost) ? 1 : 0;
}

function parse() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      filter: { type: "string", default: "" },
      rounds: { type: "string", default: "5" },
      loss: { type: "string", default: "0.1" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return undefined;
  }
  const [revision, ...files] = positionals;
  const [rounds, loss] = [Number(values.rounds), Number(values.loss)];
  if (revision === undefined) throw new UsageError("which revision is it to be compared with?");
  if (!Number.isInteger(rounds) || rounds < 2)
    throw new UsageError(`--rounds is a whole number from 2, got ${values.rounds}`);
  if (!(loss >= 0 && loss < 1)) throw new UsageError(`--loss is a share from 0 to below 1, got ${values.loss}`);
  const chosen = files.length === 0 ? ["in-thread", "between-threads"] : files;
  return { revision, files: chosen, filter: values.filter, rounds, loss, isJson: values.json };
}

class UsageError extends Error {}

const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("stopped")));
try {
  process.exitCode = await main(stop.signal);
} catch (error) {
  const isUsage = error instanceof UsageError || (error as { code?: unknown }).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION";
  process.stderr.write(`${stop.signal.aborted ? "stopped" : (error as Error).message}\n${isUsage ? usage : ""}`);
  process.exitCode = stop.signal.aborted ? 130 : isUsage ? 2 : 1;
}
