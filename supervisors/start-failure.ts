/** Why a supervisor did not start, as a sentence for people. The reason itself, OTP's, is the error's cause. */
import { describe, type ExitReason, type RefData, RuntimeError, reasonText, refKey } from "../core/index.ts";
import { childOptions } from "./child-options.ts";
import type { SpecError, SpecErrorCode } from "./spec-error.ts";

/** What is allowed where each of these was refused. */
const allowed: Readonly<Record<SpecErrorCode, string>> = {
  bad_combination: "these do not go together",
  bad_start_spec: "children are a list of child specs, of a template exactly one",
  duplicate_child_name: "each child has an id of its own",
  invalid_auto_shutdown: 'autoShutdown is "never", "any_significant" or "all_significant"',
  invalid_backoff: "backoff is { initialMs, maxMs, factor, jitter, resetAfterMs }, initialMs at most maxMs",
  invalid_child_spec: "a child spec is a record, { id, start: [behaviour, argument] }",
  invalid_child_type: 'type is "worker" or "supervisor"',
  invalid_flags: "flags are plain values",
  invalid_id: "id is a text or a number",
  invalid_intensity: "intensity is a whole number from 0",
  invalid_max_children: "maxChildren is a whole number from 0, or Infinity",
  invalid_mfa: "start is [behaviour] or [behaviour, argument]",
  invalid_option: "an option has a wrong type or range",
  invalid_period: "periodMs is a whole number from 1",
  invalid_placement: 'placement is "local", "spread", { near: ref } or { thread: n }',
  invalid_restart_type: 'restart is "permanent", "transient" or "temporary"',
  invalid_shutdown: 'shutdown is "brutal_kill", "infinity" or whole milliseconds from 0',
  invalid_significant: "significant is true or false",
  invalid_strategy: 'strategy is "one_for_one", "one_for_all", "rest_for_one" or "simple_one_for_one"',
  missing_id: "a child spec has an id",
  missing_start: "a child spec has a start, [behaviour, argument]",
};

/** The same error in words, where its cause is one that supervisors have; any other as it is. */
export function startFailure(verb: string, error: unknown): unknown {
  if (!(error instanceof RuntimeError) || error.code !== "start_failed") return error;
  const text = textOf(error.cause);
  return text === undefined ? error : new RuntimeError("start_failed", `${verb}: ${text}`, { cause: error.cause });
}

function textOf(reason: unknown): string | undefined {
  if (typeof reason !== "object" || reason === null) return undefined;
  const { bad_start_spec, shutdown, start_spec, supervisor_data } = reason as Readonly<Record<string, unknown>>;
  if (bad_start_spec !== undefined) return specText({ code: "bad_start_spec", value: bad_start_spec });
  const refused = start_spec ?? supervisor_data;
  if (refused !== undefined) return specText(refused as SpecError);
  const failed = (shutdown as { readonly failed_to_start_child?: readonly [unknown, ExitReason] } | undefined)
    ?.failed_to_start_child;
  if (failed === undefined) return undefined;
  const [id, why] = failed;
  const holder = typeof why === "object" && "already_started" in why ? (why["already_started"] as RefData) : undefined;
  if (holder !== undefined) return `child ${describe(id)} did not start: its name is held by <${refKey(holder)}>`;
  return `child ${describe(id)} did not start: ${textOf(why) ?? reasonText(why)}`;
}

function specText({ code, value, child }: SpecError): string {
  const of = child === undefined ? "" : `${child}: `;
  const [option, given] = code === "invalid_option" ? (Object.entries(value as object)[0] ?? []) : [];
  if (option !== undefined && option in childOptions) {
    const { wants } = childOptions[option as keyof typeof childOptions];
    return `${of}${option} is ${wants}, got ${shown(given)} (${code})`;
  }
  return `${of}${allowed[code]}${value === undefined ? "" : `, got ${shown(value)}`} (${code})`;
}

/** What is no plain value has become a text on its way here, which is no text that somebody gave. */
function shown(value: unknown): string {
  return typeof value === "string" && /^(\{|\[|function |behaviour)/.test(value) ? value : describe(value);
}
