/** A tool with its checks at hand, and all that a plugin has, by their names. */
import { describe, errorData, RuntimeError } from "../errors.ts";
import type { ToolInfo } from "./tool.ts";
import type { Tool } from "./tool-definition.ts";
import { ToolError } from "./tool-failure.ts";
import { jsonSchemaFor, type SchemaCheck, schemaCheck } from "./tool-schema.ts";

export class CheckedTool {
  readonly tool: Tool;
  readonly info: ToolInfo;
  readonly #input: SchemaCheck;
  readonly #output: SchemaCheck;

  private constructor(tool: Tool, info: ToolInfo, input: SchemaCheck, output: SchemaCheck) {
    this.tool = tool;
    this.info = info;
    this.#input = input;
    this.#output = output;
  }

  /** @throws RuntimeError `bad_argument`, by rejection: one of its schemas is none. */
  static async of(tool: Tool): Promise<CheckedTool> {
    const { name, description, input, output, needsApproval = false, isReadOnly = false } = tool;
    const inputSchema = jsonSchemaFor(input, "input", name);
    if (inputSchema["type"] !== "object")
      throw new RuntimeError(
        "bad_argument",
        `${name}: input is a schema of an object, got one of ${describe(inputSchema["type"])}`,
      );
    const info: ToolInfo = {
      name,
      ...(description !== undefined && { description }),
      inputSchema,
      ...(output !== undefined && { outputSchema: jsonSchemaFor(output, "output", name) }),
      needsApproval,
      isReadOnly,
    };
    const pass: SchemaCheck = (value) => value;
    return new CheckedTool(
      tool,
      info,
      await schemaCheck(input, "arguments", name),
      output === undefined ? pass : await schemaCheck(output, "result", name),
    );
  }

  /** The arguments as values of the call's own: what the caller does with its object is no matter of it. @param given a text is JSON of them @throws ToolError `tool_arguments`. */
  arguments(given: unknown): unknown {
    return parsed(given, this.tool.name);
  }

  /** @throws ToolError `tool_arguments`, by rejection, with what is wrong. */
  async input(values: unknown): Promise<unknown> {
    return await this.#checked(this.#input, values, "tool_arguments");
  }

  /** @throws ToolError `tool_result`, by rejection. */
  async output(given: unknown): Promise<unknown> {
    return await this.#checked(this.#output, given, "tool_result");
  }

  async #checked(check: SchemaCheck, value: unknown, code: "tool_arguments" | "tool_result"): Promise<unknown> {
    try {
      return await check(value);
    } catch (error) {
      const { message } = errorData(error);
      throw new ToolError(code, `${this.tool.name}: ${message}`, error);
    }
  }
}

/** By their names. @throws RuntimeError `bad_argument`, by rejection: two have one name; a schema is none. */
export async function checkedTools(tools: readonly Tool[]): Promise<ReadonlyMap<string, CheckedTool>> {
  assertOwnNames(tools);
  const table = new Map<string, CheckedTool>();
  for (const tool of tools) table.set(tool.name, await CheckedTool.of(tool));
  return table;
}

/** @throws RuntimeError `bad_argument`: two have one name. */
export function assertOwnNames(tools: readonly Tool[]): void {
  const names = new Set<string>();
  for (const { name } of tools) {
    if (names.has(name))
      throw new RuntimeError("bad_argument", `two tools are called ${name}: a tool's name is its own`);
    names.add(name);
  }
}

function parsed(given: unknown, name: string): unknown {
  if (given === undefined || given === "") return {};
  if (typeof given !== "string") return copied(given, name);
  try {
    return JSON.parse(given);
  } catch (error) {
    throw new ToolError("tool_arguments", `${name}: its arguments are no JSON: ${errorData(error).message}`, error);
  }
}

export function copied(value: unknown, name: string): unknown {
  try {
    return structuredClone(value);
  } catch (error) {
    throw new ToolError("tool_arguments", `${name}: its arguments are no data: ${errorData(error).message}`, error);
  }
}
