/** What the package throws, in the classes of the contract. */
import { APIConnectionError, APIError } from "@anthropic-ai/sdk";
import {
  codeOfStatus,
  ModelError,
  type ModelErrorCode,
  modelErrorWithin,
  retryAfterMs,
  wallMs,
} from "../../core/index.ts";

const codes = new Map<unknown, ModelErrorCode>([
  ["authentication_error", "model_auth"],
  ["permission_error", "model_auth"],
  ["billing_error", "model_quota"],
  ["not_found_error", "model_unknown"],
  ["rate_limit_error", "model_rate_limit"],
  ["overloaded_error", "model_overloaded"],
  ["api_error", "model_overloaded"],
  ["timeout_error", "model_network"],
]);

export function failureOf(error: unknown): unknown {
  const bound = modelErrorWithin(error);
  if (bound !== undefined) return bound;
  if (!(error instanceof APIError) || error instanceof APIConnectionError) return error;
  const { status, type, message, headers } = error as APIError;
  const isLong = type === "invalid_request_error" && /prompt is too long|context (?:length|window)/i.test(message);
  const isPoor = /credit balance is too low/i.test(message);
  const code = isLong ? "model_context" : isPoor ? "model_quota" : (codes.get(type) ?? codeOfStatus(status));
  return new ModelError(code, message, { retryAfterMs: retryAfterMs(headers, wallMs()), cause: error });
}
