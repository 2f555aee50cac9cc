/** The agents that think, and their model and tool. */
import { defineAgent } from "../../actors/index.ts";
import { defineTool, defineTools } from "../../index.ts";
import { routeModels } from "../../plugins/llm-router/index.ts";
import { scriptedModel } from "../../plugins/llm-scripted/index.ts";

const text = "to be or not to be";
/** What each of them has to come to. */
export const answerOfThinkers = 'It is {"words":6}.';

export const wordsModel = scriptedModel("llm-words");
export const wordsRouter = routeModels({ name: "llm-words-router", over: ["llm-words"], keepsBudgets: true });
export const wordsRules = [
  { when: { role: "tool", contains: '{"words"' }, answer: { content: "It is {last}." } },
  // Whatever has befallen the tool, or the agent, it is asked for again: it only counts.
  { answer: { toolCalls: [{ name: "count_words", arguments: { text } }] } },
];

export const toolCount = defineTools({
  name: "tool-count",
  version: "1.0.0",
  tools: [
    defineTool<{ text: string }, { words: number }>({
      name: "count_words",
      description: "How many words a text has.",
      input: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
      isReadOnly: true,
      run: ({ text: given }) => ({ words: given.split(/\s+/).length }),
    }),
  ],
});

export const thinker = defineAgent({ name: "thinker", model: "llm-words", tools: ["tool-count"] });

/** It has enough for a turn or two. */
export const spender = defineAgent({
  name: "spender",
  model: { plugin: "llm-words-router", maxOutputTokens: 40 },
  tools: ["tool-count"],
  budget: { tokens: 200 },
});
