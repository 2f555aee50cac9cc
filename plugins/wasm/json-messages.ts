/** Kind `json`: a call as `{ call, argument }`, its answer as `{ ok: value }` or `{ error: { code, message } }`, both in UTF-8. */
import { describe, errorCodes, errorData, RuntimeError } from "../../core/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const codeForm = /^[a-z][a-z0-9_]{0,62}$/;

/** @throws RuntimeError `bad_argument`: JSON cannot say it. */
export function callBytes(call: string, argument: unknown): Uint8Array {
  let text: string;
  try {
    text = JSON.stringify({ call, argument });
  } catch (error) {
    throw new RuntimeError("bad_argument", `${call}: the argument is no JSON: ${errorData(error).message}`, {
      cause: error,
    });
  }
  return encoder.encode(text);
}

/**
 * The value of an answer.
 * @throws RuntimeError `wasm_abi`: it is none; the module's own error, under the code that it gives.
 */
export function answerValue(bytes: Uint8Array): unknown {
  let answer: unknown;
  try {
    answer = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    throw new RuntimeError("wasm_abi", `the module's answer is no JSON: ${errorData(error).message}`, { cause: error });
  }
  if (typeof answer === "object" && answer !== null) {
    if (Object.hasOwn(answer, "ok")) return (answer as { readonly ok: unknown }).ok;
    if (Object.hasOwn(answer, "error")) throw moduleError((answer as { readonly error: unknown }).error);
  }
  throw new RuntimeError(
    "wasm_abi",
    `the module's answer is { ok } or { error: { code, message } }, got ${describe(answer)}`,
  );
}

/** A module may not speak with the runtime's words: its callers tell by the code who has failed. */
function moduleError(error: unknown): RuntimeError {
  const { code, message } = (typeof error === "object" && error !== null ? error : {}) as Readonly<
    Record<string, unknown>
  >;
  if (
    typeof code !== "string" ||
    !codeForm.test(code) ||
    Object.hasOwn(errorCodes, code) ||
    typeof message !== "string"
  )
    return new RuntimeError(
      "wasm_abi",
      `the module's error is { code, message } with a code of small letters, digits and _ that is none of the runtime's, got ${describe(error)}`,
    );
  return new RuntimeError(code, message);
}
