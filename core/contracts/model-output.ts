/** What a model has written as JSON, by the schema that was asked for. */
import { errorData, RuntimeError } from "../errors.ts";
import { jsonCheck } from "./json-schema.ts";
import type { JsonSchema } from "./model.ts";

/**
 * @returns gives what a content says. It throws RuntimeError `model_output`: it is no JSON, or not of the schema, with what is wrong.
 * @throws RuntimeError `bad_argument`, by rejection: the schema is none.
 */
export async function outputChecker(schema: JsonSchema): Promise<(content: string) => unknown> {
  const check = await jsonCheck(schema, "chat: output.schema");
  return (content) => {
    const value = parsed(content);
    const why = check(value, "output");
    if (why === undefined) return value;
    throw new RuntimeError("model_output", `the answer is not of its schema: ${why}`);
  };
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new RuntimeError("model_output", `the answer is no JSON: ${errorData(error).message}`, { cause: error });
  }
}
