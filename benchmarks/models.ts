/** How late are the tokens of many models' streams at once, from a server in another process to supervised actors? */
import { pluginPackages } from "../core/index.ts";
import { llmOpenai } from "../plugins/llm-openai/index.ts";
import { runFile } from "./command-line.ts";
import type { Question } from "./harness.ts";
import { listeningActors, listeningByHand, type ModelStreams } from "./peers/model-streams.ts";

/** Of a repetition; fifteen of them are a minute. */
const seconds = 4;

const missing = pluginPackages(llmOpenai).find(({ install }) => install !== undefined)?.install;

const question = (streams: ModelStreams, hasFloor: boolean): Question => ({
  name: `models-${streams.streams}${hasFloor ? "" : "-minute"}`,
  question: `${streams.streams.toLocaleString("en-US")} streams of ${streams.tokensPerSecond} tokens a second each: from the writing of a token to its actor`,
  unit: "us",
  placement: "two threads, another process",
  goals: [{ text: "99 of 100 tokens within 100 ms, for a minute", wanted: 100_000, of: "p99" }],
  operation: "token",
  size: streams.streams * streams.tokensPerSecond * seconds,
  expected: (tokens) => tokens,
  contenders: () => [
    missing === undefined ? listeningActors(streams) : { name: "mofa", absent: `needs openai: ${missing}` },
    ...(hasFloor ? [listeningByHand(streams)] : []),
  ],
});

await runFile(import.meta.url, [
  question({ streams: 50, tokensPerSecond: 50 }, true),
  question({ streams: 500, tokensPerSecond: 50 }, false),
  question({ streams: 1_000, tokensPerSecond: 20 }, false),
]);
