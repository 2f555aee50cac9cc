/** What a server answers to a call of a tool, as what the tool gives. */
import { ToolError } from "../../core/index.ts";
import type { ServerAnswer } from "./connection.ts";
import type { Secrets } from "./secrets.ts";

const wordsMax = 16_384;

/**
 * A text alone is a text. All else is `{ content, structuredContent? }` as the server has sent it: images and sounds as base64.
 * Of that nothing is hidden; of what says that the tool has failed, secrets are.
 * @throws ToolError `tool_failed`, with the server's words: it says that the tool has failed; `tool_result`: it is no answer.
 */
export function toolAnswer({ content = [], structuredContent, isError }: ServerAnswer, secrets: Secrets): unknown {
  if (!Array.isArray(content))
    throw new ToolError("tool_result", `the server's content is no list, but ${secrets.describe(content)}`);
  const texts = content.map(textOf);
  const isText = texts.every((text) => text !== undefined);
  if (isError === true) {
    const said = texts.filter((text) => text !== undefined).join("\n");
    throw new ToolError(
      "tool_failed",
      said === "" ? "the tool has failed, and says not why" : secrets.beginning(said, wordsMax),
    );
  }
  if (structuredContent !== undefined) return { content, structuredContent };
  return isText && content.length > 0 ? texts.join("\n") : { content };
}

/** A text that says nothing beside. */
function textOf(block: unknown): string | undefined {
  if (typeof block !== "object" || block === null) return undefined;
  const { type, text } = block as Readonly<Record<string, unknown>>;
  return type === "text" && typeof text === "string" ? text : undefined;
}
