/**
 * What does a chunk of a stream cost, in a thread and between two, beside a plain message on the same way; and a request by
 * topic beside a call?
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { ours } from "./peers/ours.ts";
import { sumBelow } from "./peers/scenario.ts";

const where = { 1: "in a thread", 2: "between two threads" } as const;

const questions: readonly Question[] = [1 as const, 2 as const].flatMap(
  (threads) =>
    [
      {
        name: `chunk-${threads}`,
        question: `numbers of one actor to another, ${where[threads]}`,
        unit: "ns",
        placement: threads === 1 ? "same thread" : "two threads",
        operation: "chunk",
        size: 200_000,
        expected: sumBelow,
        contenders: () => [
          ours({ scenario: "stream", threads }),
          ours({ name: "send", scenario: "stream-by-send", threads }),
        ],
      },
      {
        name: `request-${threads}`,
        question: `a question to one subscriber, each answer awaited, ${where[threads]}`,
        unit: "ns",
        placement: threads === 1 ? "same thread" : "two threads",
        operation: "request",
        size: 10_000,
        expected: (requests) => requests,
        contenders: () => [ours({ scenario: "request", threads }), ours({ name: "call", scenario: "call", threads })],
      },
    ] satisfies Question[],
);

await runFile(import.meta.url, questions);
