/**
 * What does it cost everybody else that an actor loops for ever and is killed, and that a whole thread is lost? The floor is what
 * Node offers: a worker thread is ended with all that is in it, and another started.
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { bareWorker } from "./peers/bare-worker.ts";
import { doomedContender } from "./peers/doomed.ts";
import { erlang } from "./peers/erlang.ts";
import { refused } from "./peers/refused.ts";
import { sumBelow } from "./peers/scenario.ts";

/** A lost thread's spare has to be warm again before the next; native code takes two seconds. */
const lossDividedBy = 10;
const nativeDividedBy = 20;

const questions: readonly Question[] = [
  {
    name: "kill",
    question:
      "an actor loops for ever: from its kill to the next answer of a neighbour in its thread, or of its successor",
    unit: "us",
    placement: "same thread",
    goals: [{ text: "a neighbour answers within 5 ms of a kill, 99 of 100 times", wanted: 5_000, of: "p99" }],
    operation: "kill",
    size: 20,
    expected: sumBelow,
    contenders: () => [
      doomedContender({ name: "mofa", doom: "loop" }),
      doomedContender({ name: "mofa, after await", doom: "afterAwait" }),
      doomedContender({ name: "mofa, native 2 s", doom: "native", dividedBy: nativeDividedBy }),
      refused({ dividedBy: lossDividedBy }),
      bareWorker({ spare: true }),
      bareWorker({ spare: false }),
      erlang({ scenario: "kill", schedulers: 1 }),
    ],
  },
  {
    name: "kill-stack",
    question: "an actor loops for ever: from its kill to the crash report, with the stack of the loop, on main",
    unit: "us",
    placement: "same thread",
    operation: "kill",
    size: 20,
    expected: sumBelow,
    contenders: () => [
      doomedContender({ name: "mofa", doom: "loop", until: "stack" }),
      doomedContender({ name: "mofa, after await", doom: "afterAwait", until: "stack" }),
    ],
  },
  {
    name: "thread-loss",
    question: "a thread is ended from outside: to the first answer of a supervised actor's successor",
    unit: "us",
    placement: "two threads",
    goals: [{ text: "a successor answers within 20 ms of the loss of its thread", wanted: 20_000 }],
    operation: "loss",
    size: 4,
    expected: sumBelow,
    contenders: () => [
      doomedContender({ name: "mofa, warm spare", doom: "loss" }),
      doomedContender({ name: "mofa, no spare", doom: "loss", spare: false }),
      bareWorker({ spare: true }),
      bareWorker({ spare: false }),
    ],
  },
];

await runFile(import.meta.url, questions);
