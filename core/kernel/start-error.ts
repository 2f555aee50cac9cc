/** How a failed start looks to the starter (proc_lib:start, gen:start). */
import type { Behaviour, BehaviourReference } from "../actor/behaviour.ts";
import { behaviourName } from "../actor/behaviour-module.ts";
import type { SpawnOptions, StartResult } from "../actor/context.ts";
import { type RefData, refKey } from "../actor/ref.ts";
import type { ErrorData } from "../errors.ts";
import { describe, RuntimeError } from "../errors.ts";

/**
 * Time for `init` under `start` and `system.spawn`, where `startTimeoutMs` is not given. It begins when the behaviour is
 * there: what comes before has limits of its own, and each of them is to be told by its own error.
 */
export const initTimeoutMs = 5_000;

/** Codes that a start fails with as they are; any other failure of `init` is `start_failed` with its cause. */
const own = [
  "bad_configuration",
  "module_failed",
  "module_export_missing",
  "module_unknown",
  "load_timeout",
  "deadlocked_load",
  "started_while_loading",
  "thread_failed",
  "process_failed",
];

/**
 * @param ref of the actor that is not there: who it was to be is known by what was to be started.
 * @param options of the start, as they were given: they say what of it failed.
 */
export function startError(
  behaviour: Behaviour<never> | BehaviourReference,
  ref: RefData,
  result: Exclude<StartResult, { ok: true }>,
  options: SpawnOptions | undefined,
): RuntimeError {
  const reason = result.reason;
  const what = behaviour.kind === "behaviourRef" ? behaviour.exportName : behaviourName(behaviour);
  const who = `${what ?? "actor"}${options?.name === undefined ? "" : ` "${options.name}"`} <${refKey(ref)}>`;
  if (reason === "ignore") return new RuntimeError("ignore", `${who}: init answered ignore`);
  if (reason === "init_timeout") {
    const given = options?.startTimeoutMs;
    const since = given === undefined ? "the load of its module" : "the spawn, also of its thread, process and module";
    return new RuntimeError(
      "init_timeout",
      `${who}: init did not end within startTimeoutMs (${given ?? initTimeoutMs} ms) and was killed: ` +
        `do slow work after init (ctx.continue), or give it more time. It counts from ${since}`,
    );
  }
  if (reason === "noproc")
    return new RuntimeError("noproc", `${who}: its starter or its thread was gone before init ended`);
  if (typeof reason === "object") {
    if ("already_started" in reason) {
      return new RuntimeError(
        "already_started",
        `${who}: the name ${describe(options?.name)} is held by <${refKey(reason["already_started"] as RefData)}>`,
        {
          cause: reason,
        },
      );
    }
    if ("threadLost" in reason) {
      return new RuntimeError(
        "thread_lost",
        `${who}: its thread was lost before init ended: ${describe(reason.threadLost)}`,
      );
    }
    if ("budget" in reason)
      return new RuntimeError(
        "budget",
        `${who}: it went over its budget ${describe(reason.budget)} before init ended: give it more, or less to do there`,
        { cause: reason },
      );
    if ("processLost" in reason)
      return new RuntimeError(
        "process_lost",
        `${who}: its process was lost before init ended: ${describe(reason["processLost"])}`,
      );
    if ("error" in reason) {
      const error = reason.error as ErrorData;
      if (error.code !== undefined && own.includes(error.code))
        // The same error here: its own cause, or a person would read all of it twice. A schema does not know whom it is for.
        return new RuntimeError(
          error.code,
          error.code === "bad_configuration" ? `${who}: ${error.message}` : error.message,
          error.cause === undefined ? {} : { cause: error.cause },
        );
      return new RuntimeError("start_failed", `${who}: init threw ${error.name}: ${error.message}`, { cause: error });
    }
  }
  return new RuntimeError("start_failed", `${who}: init stopped with ${describe(reason)}`, { cause: reason });
}
