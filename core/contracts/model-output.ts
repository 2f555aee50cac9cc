/** What a model has written as JSON, by the schema that was asked for. */
import type { Ajv2020 } from "ajv/dist/2020.js";
import { errorData, RuntimeError } from "../errors.ts";
import type { JsonSchema } from "./model.ts";

let ajv: Ajv2020 | undefined;

/** Made by the first who asks for a structure: most programs do not. */
async function validator(): Promise<Ajv2020> {
  if (ajv === undefined) {
    const { Ajv2020 } = await import("ajv/dist/2020.js");
    ajv = new Ajv2020({ allErrors: true, strict: false, validateFormats: false });
  }
  return ajv;
}

/** @throws RuntimeError `model_output`: it is no JSON, or not of the schema, with what is wrong; `bad_argument`: the schema is none. */
export async function outputOf(content: string, schema: JsonSchema): Promise<unknown> {
  const made = await validator();
  let isValid: ReturnType<typeof made.compile>;
  try {
    isValid = made.compile(schema);
  } catch (error) {
    throw new RuntimeError("bad_argument", `chat: output.schema is no JSON Schema: ${errorData(error).message}`);
  } finally {
    made.removeSchema(schema);
  }
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new RuntimeError("model_output", `the answer is no JSON: ${errorData(error).message}`, { cause: error });
  }
  if (isValid(value)) return value;
  throw new RuntimeError(
    "model_output",
    `the answer is not of its schema: ${made.errorsText(isValid.errors, { dataVar: "output" })}`,
  );
}
