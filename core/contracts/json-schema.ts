/** Values by a JSON Schema, whatever draft it says that it is of: by what such schemas have in common. */
import type { Ajv2020 } from "ajv/dist/2020.js";
import { errorData, RuntimeError } from "../errors.ts";
import type { JsonSchema } from "./model.ts";

/** What is wrong with a value, which is called by that name; undefined: nothing. */
export type JsonCheck = (value: unknown, name: string) => string | undefined;

/** Those that were asked for last, by their text. */
const checksMax = 100;
const checks = new Map<string, JsonCheck>();
let ajv: Ajv2020 | undefined;
/** A validator keeps all that it has compiled. */
let compiled = 0;

/** Made by the first who has a schema: most programs do not. */
async function validator(): Promise<Ajv2020> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  if (ajv === undefined || ++compiled > checksMax) {
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    compiled = 0;
  }
  return ajv;
}

/**
 * @param what the schema is called in an error
 * @throws RuntimeError `bad_argument`, by rejection: it is no JSON Schema.
 */
export async function jsonCheck(schema: JsonSchema, what: string): Promise<JsonCheck> {
  const key = JSON.stringify(schema);
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
  const check: JsonCheck = (value, name) =>
    isValid(value) ? undefined : made.errorsText(isValid.errors, { dataVar: name });
  const [oldest] = checks.keys();
  if (checks.size >= checksMax) checks.delete(oldest as string);
  checks.set(key, check);
  return check;
}
