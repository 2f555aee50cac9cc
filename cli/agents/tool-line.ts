/** What an agent does beside speaking, as a line for people. */
import type { AgentDelta } from "../../actors/index.ts";
import { oneLine } from "../attach/table.ts";

const charsMax = 160;

/** Undefined: it speaks. */
export function toolLine(delta: AgentDelta): string | undefined {
  switch (delta.type) {
    case "toolCall":
      return oneLine(`> ${delta.name} ${delta.arguments}`, charsMax);
    case "toolProgress":
      return oneLine(`. ${JSON.stringify(delta.data) ?? "null"}`, charsMax);
    case "toolResult":
      return oneLine(`${delta.ok ? "<" : "!"} ${delta.name} (${Math.round(delta.ms)} ms): ${delta.content}`, charsMax);
    case "handOff":
      return oneLine(`> ${delta.to} answers`, charsMax);
    case "summarised":
      return `. the first ${delta.messages} messages were summed up`;
    case "again":
      return oneLine(`. again: ${delta.why}`, charsMax);
    default:
      return undefined;
  }
}
