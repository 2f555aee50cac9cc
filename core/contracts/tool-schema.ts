/** Schemas of what tools and agents take and give: a JSON Schema, or a Standard Schema that has one. */
import { describe, errorData, RuntimeError } from "../errors.ts";
import { isStandardSchema, keysOf, type StandardSchema, validatedBy } from "../registry/standard-schema.ts";
import { jsonCheck } from "./json-schema.ts";
import type { JsonSchema } from "./model.ts";

/** A JSON Schema; or a Standard Schema that has one (`~standard.jsonSchema`, as zod 4.2 and later give). */
export type ToolSchema<T> = StandardSchema<T> | JsonSchema;

/** What the schema makes of a value; where it does not take it, it throws what is wrong. */
export type SchemaCheck = (value: unknown) => unknown;

/** For people. */
export const toolSchemaText = "JSON Schema, or a Standard Schema that has one (~standard.jsonSchema)";

export function isToolSchema(schema: unknown): boolean {
  if (isStandardSchema(schema)) return jsonSchemaOf(schema) !== undefined;
  return typeof schema === "object" && schema !== null && !Array.isArray(schema);
}

interface Converter {
  readonly input: (options: { readonly target: string }) => JsonSchema;
  readonly output: (options: { readonly target: string }) => JsonSchema;
}

/** What converts a Standard Schema; undefined: it has none. */
function jsonSchemaOf(schema: StandardSchema): Converter | undefined {
  return (schema["~standard"] as { readonly jsonSchema?: Converter }).jsonSchema;
}

const target = { target: "draft-2020-12" };

/**
 * @param side of a schema that makes one thing of another: what goes in, or what comes out
 * @param name whose it is, for people
 * @throws RuntimeError `bad_argument`: it has none, or fails.
 */
export function jsonSchemaFor(schema: ToolSchema<unknown>, side: "input" | "output", name: string): JsonSchema {
  if (!isStandardSchema(schema)) return schema;
  try {
    // `defineTool` has seen that it has one.
    const converter = jsonSchemaOf(schema);
    const made: unknown = (converter as NonNullable<typeof converter>)[side](target);
    if (typeof made === "object" && made !== null) return made as JsonSchema;
    throw new TypeError(`it gives ${describe(made)}`);
  } catch (error) {
    const text = `${name}: its ${side} has no JSON Schema: ${errorData(error).message}`;
    throw new RuntimeError("bad_argument", text, { cause: error });
  }
}

/**
 * @param what the value is called in an error
 * @throws RuntimeError `bad_argument`, by rejection: it is no JSON Schema.
 */
export async function schemaCheck(schema: ToolSchema<unknown>, what: string, name: string): Promise<SchemaCheck> {
  if (!isStandardSchema(schema)) {
    const check = await jsonCheck(schema, `${name}: the schema of its ${what}`);
    return (value) => {
      const fault = check(value, what);
      if (fault !== undefined) throw new TypeError(fault);
      return value;
    };
  }
  return async (value) => {
    const { issues, ...taken } = await validatedBy(schema, value);
    if (issues === undefined) return (taken as { readonly value: unknown }).value;
    throw new TypeError(issues.map((issue) => `${[what, ...keysOf(issue)].join(".")}: ${issue.message}`).join("; "));
  };
}
