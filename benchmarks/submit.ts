/**
 * How long is it from the submit of a task to the first line of the turn that does it?
 * The floor is a plain cast on the same way, which promises nothing about what becomes of it.
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { sumBelow } from "./peers/scenario.ts";
import { type SubmittingOptions, submitting } from "./peers/submitting.ts";

const contenders = (way: Pick<SubmittingOptions, "from" | "to">) => [
  submitting({ name: "mofa submit", verb: "submit", ...way }),
  submitting({ name: "mofa cast", verb: "cast", ...way }),
];

const questions: readonly Question[] = [
  {
    name: "submit-main",
    question: "submitter and agent on main, where the table is",
    unit: "us",
    placement: "main",
    goals: [{ text: "99 of 100 tasks within 50 us", wanted: 50, of: "p99" }],
    operation: "task",
    size: 10_000,
    expected: sumBelow,
    contenders: () => contenders({ from: 0, to: 0 }),
  },
  {
    name: "submit-thread",
    question: "submitter and agent on one scheduler thread, which begins the task itself",
    unit: "us",
    placement: "same thread",
    goals: [{ text: "99 of 100 tasks within 50 us", wanted: 50, of: "p99" }],
    operation: "task",
    size: 10_000,
    expected: sumBelow,
    contenders: () => contenders({ from: 1, to: 1 }),
  },
  {
    name: "submit-between",
    question: "submitter and agent on two scheduler threads; a task goes by way of main",
    unit: "us",
    placement: "two threads",
    operation: "task",
    size: 10_000,
    expected: sumBelow,
    contenders: () => contenders({ from: 1, to: 2 }),
  },
];

await runFile(import.meta.url, questions);
