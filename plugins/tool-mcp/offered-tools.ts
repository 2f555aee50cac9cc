/** Tools of ours by which a server's resources and prompts are asked for. */
import { defineTool, type Tool, ToolError, type ToolRun } from "../../core/index.ts";
import type { ServerAnswer } from "./connection.ts";

export type Ask = (method: string, params: Readonly<Record<string, unknown>>, call: ToolRun) => Promise<ServerAnswer>;

const page = {
  type: "object",
  properties: { cursor: { type: "string", description: "nextCursor of the answer before, for more" } },
  additionalProperties: false,
} as const;

interface Page {
  readonly cursor?: string;
}

export function resourceTools(prefix: string, ask: Ask): readonly Tool[] {
  return [
    defineTool<Page, unknown>({
      name: `${prefix}list_resources`,
      description: "Lists what can be read by read_resource, and templates of further URIs.",
      input: page,
      isReadOnly: true,
      async run(input, call) {
        const { resources = [], nextCursor } = await ask("resources/list", { ...input }, call);
        const first = input.cursor === undefined ? await templates(ask, call) : {};
        return { resources, ...first, ...(typeof nextCursor === "string" && { nextCursor }) };
      },
    }),
    defineTool<{ readonly uri: string }, unknown>({
      name: `${prefix}read_resource`,
      description: "Reads a resource by its URI, as list_resources has it.",
      input: {
        type: "object",
        properties: { uri: { type: "string" } },
        required: ["uri"],
        additionalProperties: false,
      },
      isReadOnly: true,
      async run({ uri }, call) {
        const { contents = [] } = await ask("resources/read", { uri }, call);
        const [only, more] = Array.isArray(contents) ? (contents as unknown[]) : [];
        const { text } = (only ?? {}) as { readonly text?: unknown };
        return more === undefined && typeof text === "string" ? text : { contents };
      },
    }),
  ];
}

/** Those who have none may not know the question. */
async function templates(ask: Ask, call: ToolRun): Promise<{ readonly resourceTemplates: unknown } | object> {
  try {
    const { resourceTemplates = [] } = await ask("resources/templates/list", {}, call);
    return Array.isArray(resourceTemplates) && resourceTemplates.length === 0 ? {} : { resourceTemplates };
  } catch (error) {
    if (error instanceof ToolError && error.code === "tool_unknown") return {};
    throw error;
  }
}

export function promptTools(prefix: string, ask: Ask): readonly Tool[] {
  return [
    defineTool<Page, unknown>({
      name: `${prefix}list_prompts`,
      description: "Lists prompts, and the arguments that each takes.",
      input: page,
      isReadOnly: true,
      async run(input, call) {
        const { prompts = [], nextCursor } = await ask("prompts/list", { ...input }, call);
        return { prompts, ...(typeof nextCursor === "string" && { nextCursor }) };
      },
    }),
    defineTool<{ readonly name: string; readonly arguments?: Readonly<Record<string, string>> }, unknown>({
      name: `${prefix}get_prompt`,
      description: "Gives a prompt as messages, with its arguments filled in.",
      input: {
        type: "object",
        properties: {
          name: { type: "string" },
          arguments: { type: "object", additionalProperties: { type: "string" } },
        },
        required: ["name"],
        additionalProperties: false,
      },
      isReadOnly: true,
      async run(input, call) {
        const { description, messages = [] } = await ask("prompts/get", { ...input }, call);
        return { ...(typeof description === "string" && { description }), messages };
      },
    }),
  ];
}
