/**
 * The command line that every benchmark file shares. Figures go to standard output, progress to standard error.
 * Exit code 0: all verified; 1: something was not; 2: wrong usage; 130: stopped by Ctrl-C.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type Answer, answer, fullPlan, type Question, quickPlan, type Watcher } from "./harness.ts";
import { jsonLine, machineLine, table, thisMachine } from "./report.ts";

const usage = `usage: node dist/benchmarks/<file>.js [--quick] [--filter <text>] [--json]
  --quick          small sizes, few repetitions: shows that it runs; not for comparison
  --filter <text>  only questions with the text in their name
  --json           one line of JSON on standard output, and nothing else there
`;

/** Asks the questions of one file and sets the process's exit code. */
export async function runFile(moduleUrl: string, questions: readonly Question[]): Promise<void> {
  const options = parse();
  if (options === undefined) return;
  const file = basename(new URL(moduleUrl).pathname).replace(/\.[jt]s$/, "");
  const chosen = questions.filter(({ name }) => name.includes(options.filter));
  if (chosen.length === 0) {
    fail(
      `no question of ${file} has "${options.filter}" in its name: ${questions.map(({ name }) => name).join(", ")}\n`,
    );
    return;
  }

  const stop = new AbortController();
  // Once: a second Ctrl-C meets Node's own handler and ends the process where it stands.
  process.once("SIGINT", () => stop.abort(new Error("stopped")));
  const answers: Answer[] = [];
  for (const question of chosen) {
    try {
      const answered = await answer(question, options.quick ? quickPlan : fullPlan, stop.signal, progressLine());
      answers.push(answered);
      if (!options.json) process.stdout.write(`${table(answered)}\n\n`);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write("\nstopped\n");
      process.exitCode = 130;
      return;
    }
  }
  const machine = thisMachine();
  if (!options.json) process.stdout.write(`${machineLine(machine)}\n`);
  process.stdout.write(`${jsonLine(file, options.quick, machine, answers)}\n`);
  if (answers.some(({ unverified }) => unverified !== undefined)) process.exitCode = 1;
}

function parse(): { readonly json: boolean; readonly quick: boolean; readonly filter: string } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        filter: { type: "string", default: "" },
        help: { type: "boolean", default: false },
      },
    });
    if (!values.help) return values;
    process.stdout.write(usage);
  } catch (error) {
    fail(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
  return undefined;
}

function fail(text: string): void {
  process.stderr.write(text);
  process.exitCode = 2;
}

/** A line that overwrites itself on a terminal, and one line a question elsewhere. */
function progressLine(): Watcher {
  return {
    progress(question, contender, round, rounds) {
      if (process.stderr.isTTY) {
        const isLast = round === rounds;
        process.stderr.write(`\r\u001b[K${isLast ? "" : `${question} ${round}/${rounds} ${contender}`}`);
      } else if (round === 1) {
        process.stderr.write(`${question}: ${contender}\n`);
      }
    },
  };
}
