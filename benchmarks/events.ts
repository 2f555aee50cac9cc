/**
 * What does the event stream cost a message, and the life of an actor, when nobody listens; and when somebody hears of everything?
 * A message makes no event and looks at no listener: its two contenders should tie. The floor of an actor's life is the
 * looks that the kernel makes before its two events: their share is their time by that of `mofa`.
 */
import { runFile } from "./command-line.ts";
import type { Contender, Question } from "./harness.ts";
import { ours } from "./peers/ours.ts";
import { sumBelow } from "./peers/scenario.ts";
import { threadContender } from "./peers/thread-contender.ts";

function contenders(scenario: "count-windows" | "spawn"): Contender[] {
  return [ours({ scenario, threads: 1 }), ours({ name: "mofa, all heard", scenario, threads: 1, hearsEvents: true })];
}

const questions: readonly Question[] = [
  {
    name: "message",
    question: "one actor sends to a counter in its thread, which makes no event",
    unit: "ns",
    placement: "same thread",
    operation: "message",
    expected: (messages) => messages,
    size: 1_000_000,
    contenders: () => contenders("count-windows"),
  },
  {
    name: "actor",
    question: "actors are created and answer one message; each makes the events `spawned` and `exited`",
    unit: "ns",
    placement: "same thread",
    operation: "actor",
    expected: sumBelow,
    size: 10_000,
    contenders: () => [
      ...contenders("spawn"),
      threadContender({ name: "the looks", module: "event-checks", scenario: "spawn" }),
    ],
  },
];

await runFile(import.meta.url, questions);
