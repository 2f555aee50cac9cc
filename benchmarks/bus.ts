/**
 * What does it cost to reach many actors by one `publish`, for each of them? The floors are a loop of `send` to as many
 * refs, and a loop of plain function calls.
 */
import { runFile } from "./command-line.ts";
import type { Contender, Question } from "./harness.ts";
import { ours } from "./peers/ours.ts";
import { threadContender } from "./peers/thread-contender.ts";

const counts = [1, 100, 10_000] as const;

function question(subscribers: (typeof counts)[number], threads: 1 | 2): Question {
  const where = threads === 1 ? "the publisher's thread" : "another thread";
  return {
    name: `${threads === 1 ? "here" : "there"}-${subscribers}`,
    question: `publish to ${subscribers.toLocaleString("en-US")} ${subscribers === 1 ? "subscriber" : "subscribers"} on ${where}`,
    unit: "ns",
    placement: threads === 1 ? "same thread" : "two threads",
    goals: threads === 1 && subscribers > 1 ? [{ text: "60 ns a subscriber", wanted: 60 }] : [],
    operation: "subscriber",
    size: 1_000_000,
    expected: (deliveries) => deliveries,
    contenders: (): readonly Contender[] => [
      ours({ scenario: `publish-${subscribers}`, threads }),
      ours({ name: "send", scenario: `send-${subscribers}`, threads }),
      threadContender({ name: "calls", module: "fan-out-calls", scenario: `publish-${subscribers}` }),
    ],
  };
}

const questions: readonly Question[] = [1 as const, 2 as const].flatMap((threads) =>
  counts.map((subscribers) => question(subscribers, threads)),
);

await runFile(import.meta.url, questions);
