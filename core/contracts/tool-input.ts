/** What a model has written as the arguments of a tool's call, for protocols that have an object there. */
import type { ToolCall } from "./model.ts";

/** Arguments that are no object, which a model may have written all the same, go as a text in one: `{ unparsed }`. */
export function toolInput({ arguments: said }: ToolCall): Record<string, unknown> {
  try {
    const input: unknown = said === "" ? {} : JSON.parse(said);
    if (typeof input === "object" && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  } catch {
    // It is no JSON.
  }
  return { unparsed: said };
}
