/**
 * The command line that every benchmark file shares. Figures go to standard output, progress to standard error.
 * Exit code 0: all verified; 1: something was not; 2: wrong usage; 130: stopped by Ctrl-C.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { defaultSeed, seedMax, setRunSeed } from "./chance.ts";
import { type Answer, alonePlan, answer, fullPlan, type Question, quickPlan, type Watcher } from "./harness.ts";
import { jsonLine, type Machine, machineLine, table, thisMachine } from "./report.ts";

const usage = `usage: node dist/benchmarks/<file>.js [--quick] [--filter <text>] [--seed <n>] [--json]
  --quick          small sizes, one repetition, one peer: shows that it runs; not for comparison
  --alone          the first contender, with fewer repetitions: for those who compare it with itself
  --filter <text>  only questions with the text in their name
  --seed <n>       of all that is drawn by chance, from 0 to ${seedMax}; default ${defaultSeed}
  --json           one line of JSON on standard output, and nothing else there
`;

/** What run.ts says to a file that is to stop. */
export const stopWord = "stop";

/** What a file has found out. */
export interface FileResults {
  readonly machine: Machine;
  /** Names of all that it could be asked. */
  readonly questions: readonly string[];
  readonly answers: readonly Answer[];
}

/** Asks the questions of one file and sets the process's exit code. */
export async function runFile(moduleUrl: string, questions: readonly Question[]): Promise<void> {
  const options = parse();
  if (options === undefined) return;
  setRunSeed(options.seed);
  const file = basename(new URL(moduleUrl).pathname).replace(/\.[jt]s$/, "");
  const chosen = questions.filter(({ name }) => name.includes(options.filter));
  // To run.ts, whose filter may mean another file's questions.
  const names = questions.map(({ name }) => name);
  const tell = (answers: readonly Answer[]) =>
    process.send?.({ machine: thisMachine(), questions: names, answers } satisfies FileResults);
  if (chosen.length === 0 && process.send !== undefined) {
    tell([]);
    return;
  }
  if (chosen.length === 0) {
    fail(`no question of ${file} has "${options.filter}" in its name: ${names.join(", ")}\n`);
    return;
  }

  const plan = options.quick ? quickPlan : options.alone ? alonePlan : fullPlan;
  const stop = new AbortController();
  const abort = () => stop.abort(new Error("stopped"));
  // Once: a second Ctrl-C meets Node's own handler and ends the process where it stands.
  process.once("SIGINT", abort);
  // The only word that run.ts has for it; or run.ts is gone, and with it whoever wanted the figures.
  process.once("message", abort).once("disconnect", abort);
  process.channel?.unref();
  const answers: Answer[] = [];
  for (const question of chosen) {
    try {
      const answered = await answer(question, plan, stop.signal, progressLine());
      answers.push(answered);
      if (!options.json) process.stdout.write(`${table(answered)}\n\n`);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write("\nstopped\n");
      process.exitCode = 130;
      return;
    }
  }
  tell(answers);
  const machine = thisMachine();
  if (options.json) process.stdout.write(`${jsonLine(options.quick, machine, answers)}\n`);
  else process.stdout.write(`${machineLine(machine)}\n`);
  if (answers.some(({ unverified }) => unverified !== undefined)) process.exitCode = 1;
}

interface Options {
  readonly json: boolean;
  readonly quick: boolean;
  readonly alone: boolean;
  readonly filter: string;
  readonly seed: number;
}

function parse(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        alone: { type: "boolean", default: false },
        filter: { type: "string", default: "" },
        seed: { type: "string", default: String(defaultSeed) },
        help: { type: "boolean", default: false },
      },
    });
    if (!values.help) return { ...values, seed: seedOf(values.seed) };
    process.stdout.write(usage);
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  return undefined;
}

/** @throws Error */
function seedOf(text: string): number {
  const seed = Number(text);
  if (text.trim() !== "" && Number.isInteger(seed) && seed >= 0 && seed <= seedMax) return seed;
  throw new Error(`--seed is a whole number from 0 to ${seedMax}, got ${text}`);
}

function fail(text: string): void {
  process.stderr.write(text);
  process.exitCode = 2;
}

/** A line that overwrites itself on a terminal, and one line a question elsewhere. */
function progressLine(): Watcher {
  const told = new Set<string>();
  return {
    progress(question, contender, round, rounds) {
      if (process.stderr.isTTY) {
        const isLast = round === rounds;
        const at = round === undefined ? "warm-up" : `${round}/${rounds}`;
        process.stderr.write(`\r\u001b[K${isLast ? "" : `${question} ${at} ${contender}`}`);
        return;
      }
      const line = `${question}: ${contender}\n`;
      if (told.has(line)) return;
      told.add(line);
      process.stderr.write(line);
    },
  };
}
