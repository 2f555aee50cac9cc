/** What does a call of a tool cost beside the call of a plain plugin: its schemas, its room, its time limit, and its end with whoever asks? */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { sumBelow } from "./peers/scenario.ts";
import { toolCalls } from "./peers/tool-calls.ts";

const question = (where: "beside" | "between"): Question => ({
  name: `tools-${where}`,
  question: `a tool is called that does nothing but add, from an actor in ${where === "beside" ? "its thread" : "another thread"}, one call at a time`,
  unit: "us",
  placement: where === "beside" ? "same thread" : "two threads",
  goals: [{ text: "a call within 100 us", wanted: 100 }],
  operation: "call",
  size: 5_000,
  expected: sumBelow,
  contenders: () => [
    toolCalls({ name: "mofa tool", way: "tool", where }),
    toolCalls({ name: "as a model writes it", way: "model", where }),
    toolCalls({ name: "mofa plugin", way: "plugin", where }),
  ],
});

await runFile(import.meta.url, [question("beside"), question("between")]);
