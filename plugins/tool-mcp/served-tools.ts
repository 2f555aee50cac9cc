/** What a server says of its tools, as tools of a plugin; what cannot be one is left out with a word. */
import {
  defineTool,
  describe,
  isToolName,
  type JsonSchema,
  type Tool,
  type ToolRun,
  type ToolSchema,
} from "../../core/index.ts";
import type { McpConfig } from "./config.ts";
import type { Secrets } from "./secrets.ts";

export type RunServed = (name: string, input: object, call: ToolRun) => Promise<unknown>;

export interface ServedTools {
  readonly tools: readonly Tool[];
  /** Why some are not there. */
  readonly left: string[];
}

interface Described {
  readonly name: unknown;
  readonly description: unknown;
  readonly inputSchema: unknown;
  readonly annotations: unknown;
}

type Limits = Pick<McpConfig, "prefix" | "only" | "maxToolBytes">;

/** @param served as the server has listed them. Secrets stand in none of their descriptions, and not in what is told of the others. */
export function servedTools(served: readonly unknown[], limits: Limits, secrets: Secrets, run: RunServed): ServedTools {
  const tools = new Map<string, Tool>();
  const left: string[] = [];
  const only = new Set(limits.only);
  for (const one of served) {
    const described = (typeof one === "object" && one !== null ? one : {}) as Partial<Described>;
    if (only.size > 0 && !only.has(described.name as string)) continue;
    const fault = faultOf(one, described, limits, tools, secrets);
    if (fault === undefined) {
      const tool = toolOf(described as Described, limits.prefix, secrets, run);
      tools.set(tool.name, tool);
    } else left.push(fault);
  }
  for (const name of only)
    if (!served.some((one) => (one as Partial<Described> | null)?.name === name))
      left.push(`${describe(name)} of only: the server has no such tool`);
  return { tools: [...tools.values()], left };
}

function faultOf(
  one: unknown,
  { name, inputSchema }: Partial<Described>,
  { prefix, maxToolBytes }: Limits,
  tools: ReadonlyMap<string, Tool>,
  secrets: Secrets,
): string | undefined {
  if (typeof name !== "string") return `a tool without a name: ${secrets.describe(one)}`;
  const what = secrets.describe(name);
  if (!isToolName(prefix + name))
    return `${what}: a name is 1 to 64 letters, digits, _ and -${prefix === "" ? "" : ", with its prefix"}`;
  if (tools.has(prefix + name)) return `${what}: a tool of that name stands before it`;
  if (!isObjectSchema(inputSchema)) return `${what}: its inputSchema is none of an object`;
  const bytes = Buffer.byteLength(JSON.stringify(one));
  if (bytes > maxToolBytes) return `${what}: it has ${bytes} bytes, and maxToolBytes is ${maxToolBytes}`;
  return undefined;
}

function isObjectSchema(schema: unknown): schema is JsonSchema {
  return typeof schema === "object" && schema !== null && (schema as { readonly type?: unknown }).type === "object";
}

function toolOf(
  { name, description, inputSchema, annotations }: Described,
  prefix: string,
  secrets: Secrets,
  run: RunServed,
): Tool {
  const hints = (typeof annotations === "object" && annotations !== null ? annotations : {}) as Readonly<
    Record<string, unknown>
  >;
  const isReadOnly = hints["readOnlyHint"] === true;
  const served = name as string; // as was checked
  return defineTool({
    name: prefix + served,
    ...(typeof description === "string" && { description: secrets.hide(description) }),
    input: objectBy(secrets.hideSchema(inputSchema as JsonSchema)),
    isReadOnly,
    needsApproval: !isReadOnly && hints["destructiveHint"] === true,
    run: (input, call) => run(served, input, call),
  });
}

/**
 * A schema that is told as it is, and checks nothing but that there is an object: whoever has written it checks its arguments itself,
 * and a pattern of his may take for ever.
 */
export function objectBy(schema: JsonSchema): ToolSchema<object> {
  const given = () => schema;
  const standard = {
    version: 1,
    vendor: "mofa",
    validate: (value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { value }
        : { issues: [{ message: `must be object, got ${describe(value)}` }] },
    jsonSchema: { input: given, output: given },
  } as const;
  return { "~standard": standard } as ToolSchema<object>;
}
