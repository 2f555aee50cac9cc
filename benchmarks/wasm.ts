/**
 * What does a call of a WebAssembly module cost, with 1 KB in and out, whose thread is its plugin's own: beside a plain plugin,
 * a worker thread that is asked by hand, and an instance of the module in place?
 */
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { bareInstance, bareModuleWorker } from "./peers/bare-module-contenders.ts";
import { moduleCalls } from "./peers/module-calls.ts";
import { sumBelow } from "./peers/scenario.ts";

const question = (from: "beside" | "main", where: string): Question => ({
  name: `wasm-${from}`,
  question: `a module is called with 1 KB and answers with 1 KB, from ${where}, one call at a time`,
  unit: "us",
  placement: from === "main" ? "from main" : "two threads",
  goals: from === "main" ? [] : [{ text: "a call within 50 us", wanted: 50 }],
  operation: "call",
  size: 2_000,
  expected: sumBelow,
  contenders: () => [
    moduleCalls({ name: "mofa wasm", plugin: "module", from }),
    moduleCalls({ name: "mofa plugin", plugin: "echo", from }),
    bareModuleWorker(),
    bareInstance(),
  ],
});

await runFile(import.meta.url, [question("beside", "an actor in the plugin's thread"), question("main", "main")]);
