/** What the package throws, in the classes of the contract. */
import { APIConnectionError, APIError } from "openai";
import {
  codeOfStatus,
  ModelError,
  type ModelErrorCode,
  modelErrorWithin,
  retryAfterMs,
  wallMs,
} from "../../core/index.ts";

/** Of a code, or a type, in the body. */
const codes = new Map<unknown, ModelErrorCode>([
  ["insufficient_quota", "model_quota"],
  ["billing_hard_limit_reached", "model_quota"],
  ["context_length_exceeded", "model_context"],
  ["string_above_max_length", "model_context"],
  ["content_filter", "model_refused"],
  ["content_policy_violation", "model_refused"],
  ["model_not_found", "model_unknown"],
  ["DeploymentNotFound", "model_unknown"],
  ["invalid_api_key", "model_auth"],
  ["rate_limit_exceeded", "model_rate_limit"],
  ["server_error", "model_overloaded"],
  ["overloaded_error", "model_overloaded"],
]);

export function failureOf(error: unknown): unknown {
  const bound = modelErrorWithin(error);
  if (bound !== undefined) return bound;
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return error;
  const { code, type, message, headers } = error;
  // One in the middle of a stream has no status; some servers say it as the code.
  const status = error.status ?? (Number(code) >= 100 ? Number(code) : undefined);
  const isLong = /context (?:length|window)/i.test(message);
  const known = codes.get(code) ?? codes.get(type) ?? (isLong ? "model_context" : codeOfStatus(status));
  return new ModelError(known, message, { retryAfterMs: retryAfterMs(headers, wallMs()), cause: error });
}
