/**
 * What does an actor cost that does nothing: its start by its supervisor, and the memory that it holds? All are children of one template
 * that share its argument. The floor is an object of the loop called `hand`, which nobody supervises.
 */
import { runFile } from "./command-line.ts";
import type { Absent, Contender, Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { freshlyIdle } from "./peers/idle.ts";
import { ours } from "./peers/ours.ts";
import { threadContender } from "./peers/thread-contender.ts";

/** A process takes as many bytes among a hundred thousand as among a million, and its start several times as long as ours. */
const erlangDividedBy = 10;

const beside = (dividedBy: number): readonly (Contender | Absent)[] => [
  threadContender({ name: "hand", module: "hand-idle", scenario: "start-child" }),
  erlang({ scenario: "start-child", schedulers: 1, dividedBy }),
];

const questions: readonly Question[] = [
  {
    name: "idle",
    question: "a million actors that do nothing, children of one template: what does each hold?",
    unit: "bytes",
    placement: "same thread",
    goals: [{ text: "300 bytes an idle actor", wanted: 300 }],
    operation: "actor",
    size: 1_000_000,
    expected: (actors) => actors,
    contenders: () => [freshlyIdle(), ...beside(erlangDividedBy)],
  },
  {
    name: "start-child",
    question: "a supervisor starts children of its template, each of them asked for and awaited",
    unit: "ns",
    placement: "same thread",
    operation: "actor",
    size: 100_000,
    expected: (actors) => actors,
    contenders: () => [ours({ scenario: "start-child", threads: 1 }), ...beside(1)],
  },
];

await runFile(import.meta.url, questions);
