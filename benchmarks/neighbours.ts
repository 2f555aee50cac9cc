/**
 * How long does an answer take beside others that are at work: one that computes in the same thread, many that play ping-pong there, and
 * a flood from another thread? The floor is the same call with nobody beside it, or the loop called `hand`.
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { erlang } from "./peers/erlang.ts";
import { ours } from "./peers/ours.ts";
import { busyMs, pairsAtOnce, smallActors, sumBelow } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

const hand = (scenario: "fairness" | "call-beside-pairs") =>
  threadContender({ name: "hand", module: "hand-neighbours", scenario });

const questions: readonly Question[] = [
  {
    name: "fairness",
    question: `${smallActors} small actors are asked at once, beside one that computes for ${busyMs} ms in each turn and has always a next one`,
    unit: "us",
    placement: "same thread",
    operation: "answer",
    size: 1_000,
    expected: sumBelow,
    contenders: () => [
      ours({ scenario: "fairness", threads: 1 }),
      hand("fairness"),
      erlang({ scenario: "fairness", schedulers: 1 }),
    ],
  },
  {
    name: "call-beside-pairs",
    question: `a caller awaits each reply, while ${pairsAtOnce} pairs play ping-pong in its thread`,
    unit: "us",
    placement: "same thread",
    operation: "call",
    size: 1_000,
    expected: (calls) => calls,
    contenders: () => [
      ours({ scenario: "call-beside-pairs", threads: 1 }),
      ours({ name: "mofa, nobody beside", scenario: "call-alone", threads: 1 }),
      hand("call-beside-pairs"),
      erlang({ scenario: "call-beside-pairs", schedulers: 1 }),
    ],
  },
  {
    name: "call-beside-flood",
    question: "a caller awaits each reply of another in its thread, into which a second thread sends as fast as it can",
    unit: "us",
    placement: "two threads",
    operation: "call",
    // Fewer would be over before the flood has reached them.
    size: 20_000,
    expected: (calls) => calls,
    contenders: () => [
      ours({ scenario: "call-beside-flood", threads: 2 }),
      ours({ name: "mofa, nobody beside", scenario: "call-alone", threads: 2 }),
      erlang({ scenario: "call-beside-flood", schedulers: 2, placement: "apart" }),
    ],
  },
];

await runFile(import.meta.url, questions);
