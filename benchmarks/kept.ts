/**
 * What does it cost to publish until main has kept the message, and until a member of an acknowledged queue has acknowledged
 * it? The floor of the first is a call to an actor on main, which keeps nothing.
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { keeping } from "./peers/keeping.ts";
import { sumBelow } from "./peers/scenario.ts";

const question = (name: string, from: number, where: string): readonly Question[] => [
  {
    name: `keep-${name}`,
    question: `publish into a kept topic from ${where} until its receipt is there, one after the other`,
    unit: "us",
    placement: from === 0 ? "main" : "two threads",
    operation: "message",
    size: 2_000,
    expected: sumBelow,
    contenders: () => [
      keeping({ name: "mofa publish", verb: "publish", from }),
      keeping({ name: "mofa call", verb: "call", from }),
    ],
  },
  {
    name: `queue-${name}`,
    question: `publish into an acknowledged queue from ${where} until a member on a scheduler thread has acknowledged it, 100 at once`,
    unit: "ns",
    placement: from === 0 ? "main" : "two threads",
    operation: "message",
    size: 20_000,
    expected: sumBelow,
    contenders: () => [keeping({ name: "mofa queue", verb: "queue", from })],
  },
];

await runFile(import.meta.url, [...question("main", 0, "main"), ...question("thread", 2, "another scheduler thread")]);
