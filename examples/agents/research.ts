/**
 * A research assistant over a folder: it searches the papers there, reads what it finds, and says where it has that from.
 *
 *     mofa ask examples/agents/research.ts "What do the papers say about supervision?"
 */
import { join } from "node:path";
import type { PluginUse } from "mofa";
import { defineAgent } from "mofa/actors";
import { toolFs } from "mofa/plugins/tool-fs";
import { thinkWith } from "./model.ts";

const model = thinkWith([
  {
    when: { role: "user" },
    answer: { toolCalls: [{ name: "search_files", arguments: { path: "papers", text: "supervis" } }] },
  },
  {
    when: { role: "tool", contains: "matches" },
    answer: {
      content: "Two of them speak of it; I read both.\n",
      toolCalls: [
        { name: "read_file", arguments: { path: "papers/armstrong.md" } },
        { name: "read_file", arguments: { path: "papers/hewitt.md" } },
      ],
    },
  },
  {
    answer: {
      content:
        "Armstrong (armstrong.md) has supervisors restart what fails, since a process that is in doubt should end. " +
        "Hewitt (hewitt.md) leaves it to the actors themselves who watches whom.",
    },
  },
]);

export const agent = defineAgent({
  name: "researcher",
  description: "Answers questions by the papers in a folder.",
  model: model.name,
  instructions:
    "You answer by the files under papers/ alone. Search first, read what you have found, and name the file for each thing you say.",
  tools: ["tool-fs"],
  limits: { maxSteps: 12 },
});

export const plugins: readonly PluginUse[] = [
  { plugin: toolFs, config: { roots: [{ name: "papers", path: join(import.meta.dirname, "papers"), mode: "read" }] } },
  model.plugin,
];
