/**
 * What does a restart cost, when many children crash at once, and how long is it from a crash to its replacement's first answer, in
 * the same thread? The floor is an actor of the loop called `hand` that catches its own error and begins again.
 */
import { runFile } from "./command-line.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { ours } from "./peers/ours.ts";
import { sumBelow, supervisorsInStorm } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

const contenders = (scenario: "restart-storm" | "crash-to-answer"): readonly (Contender | Absent)[] => [
  ours({ scenario, threads: 1 }),
  threadContender({ name: "hand", module: "hand-restarts", scenario }),
  erlang({ scenario, schedulers: 1 }),
  erlang({ scenario, schedulers: 2 }),
];

const questions: readonly Question[] = [
  {
    name: "restart-storm",
    question: `${supervisorsInStorm} supervised children crash again and again, each as soon as it is up`,
    unit: "ns",
    placement: "same thread",
    goals: [{ text: "100,000 restarts a second", wanted: 10_000 }],
    operation: "restart",
    size: 20_000,
    expected: (restarts) => restarts,
    contenders: () => contenders("restart-storm"),
  },
  {
    name: "crash-to-answer",
    question: "a supervised child crashes: from the message that it crashes of to the first answer of its replacement",
    unit: "us",
    placement: "same thread",
    goals: [{ text: "a replacement answers within 0.1 ms of the crash", wanted: 100 }],
    operation: "crash",
    size: 2_000,
    expected: sumBelow,
    contenders: () => contenders("crash-to-answer"),
  },
];

await runFile(import.meta.url, questions);
