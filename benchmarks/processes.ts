/**
 * What does a process of an actor's own cost: its start, a call to it, and the way from its loss to its successor's first
 * answer? The floor is a bare process of Node and its channel; a thread of one's own stands beside it.
 */
import { runFile } from "./command-line.ts";
import type { Contender, Question } from "./harness.ts";
import { bareProcess } from "./peers/bare-process.ts";
import { type Isolated, isolated } from "./peers/isolated.ts";
import { sumBelow } from "./peers/scenario.ts";

function contenders(scenario: Isolated): readonly Contender[] {
  return [
    isolated({ name: "mofa process", scenario, isolation: "process" }),
    isolated({ name: "mofa thread", scenario, isolation: "thread" }),
    bareProcess(scenario),
  ];
}

const questions: readonly Question[] = [
  {
    name: "process-start",
    question: "an actor is started in a process of its own, to its first answer",
    unit: "us",
    placement: "own process",
    operation: "start",
    size: 2,
    expected: sumBelow,
    contenders: () => contenders("start"),
  },
  {
    name: "process-call",
    question: "main calls an actor in a process of its own, one call at a time",
    unit: "us",
    placement: "own process",
    operation: "call",
    size: 2_000,
    expected: sumBelow,
    contenders: () => contenders("call"),
  },
  {
    name: "process-loss",
    question: "a supervised actor's process is killed by kill -9, to the first answer of its successor",
    unit: "us",
    placement: "own process",
    operation: "loss",
    size: 2,
    expected: sumBelow,
    contenders: () => contenders("loss"),
  },
];

await runFile(import.meta.url, questions);
