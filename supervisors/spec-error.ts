/** What is wrong with flags or a child spec: OTP's error name and the value that was refused, as data. */
import { describe, errorData, isBehaviour } from "../core/index.ts";

/** OTP's names (supervisor.erl, check_flags and check_childspec); those marked ours check what OTP has not. */
export type SpecErrorCode =
  | "bad_combination"
  | "bad_start_spec"
  | "duplicate_child_name"
  | "invalid_auto_shutdown"
  | "invalid_child_spec"
  | "invalid_child_type"
  | "invalid_intensity"
  | "invalid_mfa"
  | "invalid_period"
  | "invalid_restart_type"
  | "invalid_shutdown"
  | "invalid_significant"
  | "invalid_strategy"
  | "missing_id"
  | "missing_start"
  // ours
  | "invalid_backoff"
  | "invalid_flags"
  | "invalid_id"
  | "invalid_max_children"
  | "invalid_option"
  | "invalid_placement";

export interface SpecError {
  readonly code: SpecErrorCode;
  /** The refused value; a text when it is not plain data of one level. */
  readonly value?: unknown;
  /** Of a list of children the one that is meant, by its id or its place, for people. */
  readonly child?: string;
}

export type Checked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SpecError };

/** Thrown inside one check and caught at its border, where it becomes a value: OTP's throw and catch. */
export class SpecFault extends Error {
  /** Whoever goes through a list adds which of it is meant. */
  error: SpecError;

  constructor(code: SpecErrorCode, ...value: [value?: unknown]) {
    super(code);
    this.error = value.length === 0 ? { code } : { code, value: asData(value[0]) };
  }
}

/**
 * Runs a check and turns its fault into a value. Whatever else is thrown came out of the value that was read (a getter, a
 * proxy): it is a fault of whoever gave it, `unreadable`, and costs nobody else anything.
 */
export function checkedBy<T>(unreadable: SpecErrorCode, check: () => T): Checked<T> {
  try {
    return { ok: true, value: check() };
  } catch (fault) {
    if (fault instanceof SpecFault) return { ok: false, error: fault.error };
    return { ok: false, error: { code: unreadable, value: `reading it threw ${errorData(fault).message}` } };
  }
}

/** Primitives and flat records of primitives stay as they are. */
function asData(value: unknown): unknown {
  if (isBehaviour(value)) return `behaviour ${value.options.name ?? ""}`.trimEnd();
  if (typeof value === "function" || typeof value === "symbol") return describe(value);
  if (typeof value !== "object" || value === null) return value;
  const isFlat = Object.values(value).every((field) => field === null || !/object|function|symbol/.test(typeof field));
  return isFlat && !Array.isArray(value) ? { ...value } : describe(value);
}
