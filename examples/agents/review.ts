/**
 * A reviewer of code: it reads the files of a folder, and its answer has a structure that a program can use.
 *
 *     mofa ask examples/agents/review.ts "Review cart.js" --json
 */
import { join } from "node:path";
import type { PluginUse } from "mofa";
import { defineAgent } from "mofa/actors";
import { toolFs } from "mofa/plugins/tool-fs";
import { thinkWith } from "./model.ts";

const review = {
  verdict: "change",
  findings: [{ line: 3, text: "total is a sum of texts if a price is one: 1 + '2' is '12'" }],
};
const model = thinkWith([
  {
    when: { role: "user", contains: "Review" },
    answer: { toolCalls: [{ name: "read_file", arguments: { path: "code/cart.js" } }] },
  },
  // At first it forgets what was wanted of it, and is told.
  { when: { role: "tool" }, answer: { content: "I would not merge that." } },
  { answer: { content: JSON.stringify(review) } },
]);

export const agent = defineAgent({
  name: "reviewer",
  description: "Reviews source files.",
  model: model.name,
  instructions: "You review the files under code/. Read a file before you speak of it.",
  tools: ["tool-fs"],
  output: {
    type: "object",
    properties: {
      verdict: { enum: ["merge", "change"] },
      findings: {
        type: "array",
        maxItems: 20,
        items: {
          type: "object",
          properties: { line: { type: "integer" }, text: { type: "string", maxLength: 200 } },
          required: ["line", "text"],
          additionalProperties: false,
        },
      },
    },
    required: ["verdict", "findings"],
    additionalProperties: false,
  },
});

export const plugins: readonly PluginUse[] = [
  { plugin: toolFs, config: { roots: [{ name: "code", path: join(import.meta.dirname, "code"), mode: "read" }] } },
  model.plugin,
];
