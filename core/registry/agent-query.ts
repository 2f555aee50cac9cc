/** Which of those that have declared something are meant. */
import type { LifecycleState } from "../actor/lifecycle-state.ts";
import { lifecycleStates } from "../actor/lifecycle-state.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import type { Capability, Declaration } from "./declaration.ts";

/** All that is given must hold. */
export interface AgentQuery {
  /** The name of a capability that it has. */
  readonly capability?: string;
  /** Tags that the actor has, or that capability. All of them. */
  readonly tags?: readonly string[];
  /** In this state of its life, as its thread has last told. */
  readonly state?: LifecycleState;
}

/** @throws RuntimeError `bad_argument`. */
export function assertQuery(query: unknown, verb: string): asserts query is AgentQuery {
  assertKeys(verb, query, ["capability", "tags", "state"]);
  const { capability, tags, state } = query as Readonly<Record<string, unknown>>;
  if (capability !== undefined && typeof capability !== "string")
    throw new RuntimeError("bad_argument", `${verb}: capability is a name, got ${describe(capability)}`);
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === "string")))
    throw new RuntimeError("bad_argument", `${verb}: tags is a list of texts, got ${describe(tags)}`);
  if (state !== undefined && !(lifecycleStates as readonly unknown[]).includes(state))
    throw new RuntimeError(
      "bad_argument",
      `${verb}: state is one of ${lifecycleStates.join(", ")}, got ${describe(state)}`,
    );
}

const none: readonly string[] = [];

/** The capability that a query means; undefined: the declaration does not fit. One without a name of any is met by the actor itself. */
export function meets(
  declaration: Declaration,
  { capability, tags = none }: AgentQuery,
): Capability | true | undefined {
  if (capability === undefined) return hasAll(tags, declaration.tags, none) ? true : undefined;
  for (const one of declaration.capabilities ?? [])
    if (one.name === capability && hasAll(tags, declaration.tags, one.tags)) return one;
  return undefined;
}

function hasAll(tags: readonly string[], own: readonly string[] = none, more: readonly string[] = none): boolean {
  for (const tag of tags) if (!own.includes(tag) && !more.includes(tag)) return false;
  return true;
}
