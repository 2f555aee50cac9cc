/** An assistant with a tool of its own: `mofa chat examples/assistant/agent.ts --session me`. */
import { defineTool, defineTools } from "mofa";
import { defineAgent } from "mofa/actors";
import { llmScripted } from "mofa/plugins/llm-scripted";
import { storageSqlite } from "mofa/plugins/storage-sqlite";

const days: Readonly<Record<string, string>> = { rome: "sunny", oslo: "snow" };

const weather = defineTool({
  name: "weather",
  description: "The weather of a city today.",
  input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  run: ({ city }: { city: string }) => days[city.toLowerCase()] ?? "unknown",
});
const book = defineTool({
  name: "book",
  description: "Books a journey.",
  input: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  needsApproval: true,
  run: ({ city }: { city: string }) => `booked: ${city}`,
});
export const toolTravel = defineTools({ name: "tool-travel", version: "1.0.0", tools: [weather, book] });

export const agent = defineAgent({
  name: "assistant",
  model: "llm-scripted",
  instructions: "You help people who travel.",
  tools: ["tool-travel"],
});

export const plugins = [
  { plugin: storageSqlite, config: { file: "assistant.sqlite" } },
  {
    plugin: llmScripted,
    config: {
      deltaMs: 40,
      rules: [
        { when: { role: "tool", contains: "booked" }, answer: { content: "Done, it is {last}." } },
        { when: { role: "tool" }, answer: { content: "It is {last} there." } },
        { when: { contains: "weather" }, answer: { toolCalls: [{ name: "weather", arguments: { city: "Oslo" } }] } },
        {
          when: { contains: "book" },
          answer: { content: "I shall.", toolCalls: [{ name: "book", arguments: { city: "Rome" } }] },
        },
        {
          answer: {
            content: "I can tell you about the weather, and book journeys. What shall it be, and where to? ".repeat(3),
          },
        },
      ],
    },
  },
  { plugin: toolTravel },
];
