/** Why a tool has not done what was asked for. */
import { type ErrorCode, errorData, RuntimeError } from "../errors.ts";

export type ToolErrorCode = Extract<ErrorCode, `tool_${string}`>;

/** A call of a tool that failed. `code` is one of `tool_…`, or what a call may fail with (`timeout`, `queue_full`, `killed`). */
export class ToolError extends RuntimeError {
  constructor(code: ToolErrorCode | (string & {}), message: string, cause?: unknown) {
    super(code, message, cause === undefined ? undefined : { cause });
    this.name = "ToolError";
  }
}

/** What a tool throws, as a failure of the contract. */
export function toolError(thrown: unknown, tool: string): ToolError {
  if (thrown instanceof ToolError) return thrown;
  const { code, message } = errorData(thrown);
  if (thrown instanceof RuntimeError) return new ToolError(thrown.code, message, thrown);
  return new ToolError("tool_failed", `${tool}: ${code === undefined ? message : `${message} (${code})`}`, thrown);
}
