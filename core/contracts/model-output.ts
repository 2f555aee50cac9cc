/** What a model has written as JSON, by the schema that was asked for. */
import type { Ajv2020 } from "ajv/dist/2020.js";
import { errorData, RuntimeError } from "../errors.ts";
import type { JsonSchema } from "./model.ts";

type Checker = (content: string) => unknown;

/** Those that were asked for last, by their text. */
const checkersMax = 100;
const checkers = new Map<string, Checker>();
let ajv: Ajv2020 | undefined;
/** A validator keeps all that it has compiled. */
let compiled = 0;

/** Made by the first who asks for a structure: most programs do not. */
async function validator(): Promise<Ajv2020> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  if (ajv === undefined || ++compiled > checkersMax) {
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    compiled = 0;
  }
  return ajv;
}

/**
 * @returns gives what a content says. It throws RuntimeError `model_output`: it is no JSON, or not of the schema, with what is wrong.
 * @throws RuntimeError `bad_argument`, by rejection: the schema is none.
 */
export async function outputChecker(schema: JsonSchema): Promise<Checker> {
  const key = JSON.stringify(schema);
  const known = checkers.get(key);
  if (known !== undefined) return known;
  const made = await validator();
  // Whatever draft it says that it is of: what such schemas have in common is what models are asked for.
  const { $schema: _draft, ...rest } = schema;
  let isValid: ReturnType<typeof made.compile>;
  try {
    isValid = made.compile(rest);
  } catch (error) {
    throw new RuntimeError("bad_argument", `chat: output.schema is no JSON Schema: ${errorData(error).message}`);
  }
  const checker: Checker = (content) => {
    const value = parsed(content);
    if (isValid(value)) return value;
    const why = made.errorsText(isValid.errors, { dataVar: "output" });
    throw new RuntimeError("model_output", `the answer is not of its schema: ${why}`);
  };
  const [oldest] = checkers.keys();
  if (checkers.size >= checkersMax) checkers.delete(oldest as string);
  checkers.set(key, checker);
  return checker;
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new RuntimeError("model_output", `the answer is no JSON: ${errorData(error).message}`, { cause: error });
  }
}
