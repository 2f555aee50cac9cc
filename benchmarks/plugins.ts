/** What does a call of a plugin cost beside a call of a plain server in the same thread, by its ref and by its capability? */
import { runFile } from "./command-line.ts";
import { asFastAs } from "./goal.ts";
import type { Question } from "./harness.ts";
import { counterCalls } from "./peers/counter-calls.ts";

const question = (atOnce: number, how: string, size: number): Question => ({
  name: `plugin-${atOnce}`,
  question: `a plugin is called from its thread, ${how}`,
  unit: "ns",
  placement: "same thread",
  goals: [asFastAs("mofa call", 1 / 1.2)],
  operation: "call",
  size,
  expected: (calls) => calls,
  contenders: () => [
    counterCalls({ name: "mofa plugin", to: "plugin", way: "call", atOnce }),
    counterCalls({ name: "mofa call", to: "server", way: "call", atOnce }),
    counterCalls({ name: "by a plugin's bus", to: "plugin", way: "bus", atOnce }),
    counterCalls({ name: "by topic", to: "plugin", way: "request", atOnce }),
  ],
});

await runFile(import.meta.url, [
  question(1, "each call awaited before the next", 20_000),
  question(100, "100 calls at once", 200_000),
]);
