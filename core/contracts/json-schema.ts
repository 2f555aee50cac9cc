/** Values by a JSON Schema, whatever draft it says that it is of: by what such schemas have in common. */
import type { Ajv2020 } from "ajv/dist/2020.js";
import { errorData, RuntimeError } from "../errors.ts";
import type { JsonSchema } from "./model.ts";

/** What is wrong with a value, which is called by that name; undefined: nothing. */
export type JsonCheck = (value: unknown, name: string) => string | undefined;

/** Those that were asked for last, by their text. */
const checksMax = 100;
const checks = new Map<string, JsonCheck>();

/** Of one schema: what it says of itself (`$id`) is nothing to another. Loaded by the first who has one: most programs have none. */
async function validator(): Promise<Ajv2020> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  // What an object has by its prototype is none of its properties.
  return new Ajv2020({ strict: false, validateFormats: false, ownProperties: true });
}

/**
 * @param what the schema is called in an error
 * @throws RuntimeError `bad_argument`, by rejection: it is no JSON Schema.
 */
export async function jsonCheck(schema: JsonSchema, what: string): Promise<JsonCheck> {
  const key = textOf(schema, what);
  const known = checks.get(key);
  if (known !== undefined) return known;
  const made = await validator();
  const { $schema: _draft, ...rest } = schema;
  let isValid: ReturnType<typeof made.compile>;
  try {
    isValid = made.compile(rest);
  } catch (error) {
    throw new RuntimeError("bad_argument", `${what} is no JSON Schema: ${errorData(error).message}`);
  }
  // Its check would be a promise, which is as good as true.
  if ("$async" in isValid) throw new RuntimeError("bad_argument", `${what} is no JSON Schema: it has $async`);
  const check: JsonCheck = (value, name) => {
    try {
      return isValid(value) ? undefined : made.errorsText(isValid.errors, { dataVar: name });
    } catch (error) {
      // A schema may stand in itself without an end.
      return `${name} cannot be checked: ${errorData(error).message}`;
    }
  };
  const [oldest] = checks.keys();
  if (checks.size >= checksMax) checks.delete(oldest as string);
  checks.set(key, check);
  return check;
}

function textOf(schema: JsonSchema, what: string): string {
  try {
    return JSON.stringify(schema);
  } catch (error) {
    throw new RuntimeError("bad_argument", `${what} is no JSON Schema: ${errorData(error).message}`);
  }
}
