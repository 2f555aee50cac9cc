/**
 * How long does it take a program to start a system of two threads, to the first message that an actor has answered? Each time in a
 * fresh process, which tells its own figure. The floor is two bare worker threads that are started and answer.
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { freshProcess } from "./peers/fresh-process.ts";
import { sumBelow } from "./peers/scenario.ts";

const question: Question = {
  name: "start",
  question:
    "a system of two threads is started, to the first answer of an actor: from before the import of the package",
  unit: "us",
  placement: "two threads",
  goals: [{ text: "the first message is answered within 150 ms", wanted: 150_000 }],
  operation: "start",
  size: 3,
  expected: sumBelow,
  contenders: () => [
    freshProcess({ name: "mofa", program: "start-system", since: "import" }),
    freshProcess({ name: "mofa, since process start", program: "start-system", since: "process" }),
    freshProcess({ name: "bare workers", program: "start-workers", since: "import" }),
    freshProcess({ name: "bare workers, since process start", program: "start-workers", since: "process" }),
  ],
};

await runFile(import.meta.url, [question]);
