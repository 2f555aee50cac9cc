/** What a request takes beside topic and message, and what of it is refused. Each throws RuntimeError `bad_argument`. */
import { describe, RuntimeError } from "../errors.ts";
import { publishKeys } from "./publish-options.ts";

export const requestKeys: readonly string[] = [...publishKeys, "timeoutMs", "signal"];

export function checkedTime(value: unknown, wants: string): number | undefined {
  if (value === undefined || (typeof value === "number" && value >= 0)) return value;
  throw new RuntimeError("bad_argument", `${wants} from 0 or Infinity, got ${describe(value)}`);
}

/** By what it can do: one of another realm is one too. */
export function checkedSignal(value: unknown, verb: string): AbortSignal | undefined {
  if (value === undefined) return undefined;
  const { aborted, addEventListener } = Object(value) as { readonly [K in keyof AbortSignal]?: unknown };
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return value as AbortSignal;
  throw new RuntimeError("bad_argument", `${verb} wants signal as an AbortSignal, got ${describe(value)}`);
}

export function cancelled(topic: string): RuntimeError {
  return new RuntimeError("cancelled", `the request ${describe(topic)} was given up`);
}
