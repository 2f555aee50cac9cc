/** The options of a spawn: what is refused, and what of them another thread needs. */

import { assertName } from "../actor/actor-name.ts";
import { assertBounds } from "../actor/behaviour.ts";
import { plainBudget } from "../actor/budget.ts";
import type { Isolation, SpawnLinkOptions, SpawnOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { type Data, isData } from "../registry/configuration.ts";
import { assertDeclaration } from "../registry/declaration.ts";

/** Below it Node itself does not start: at 2 MiB the whole process aborts. */
const heapMbMin = 16;

const known = [
  "name",
  "placement",
  "isolation",
  "heapMb",
  "env",
  "mailboxCapacity",
  "mailboxPolicy",
  "turnLimitMs",
  "budget",
  "declaration",
  "configuration",
  "startTimeoutMs",
  "ack",
  "childId",
  "life",
  "isRestart",
] as const satisfies readonly (keyof SpawnLinkOptions)[];

/**
 * Where it runs is checked with the placement itself.
 * @returns whether they say something of the actor itself, and not only where it is to be.
 * @throws RuntimeError `bad_argument`.
 */
export function assertSpawnOptions(options: SpawnOptions | undefined): boolean {
  if (options === undefined || isPlacementAlone(options)) return false;
  assertKeys("spawn: options", options, known);
  const { name, isolation, placement, startTimeoutMs, heapMb, env, declaration, configuration } = options;
  if (name !== undefined) assertName(name, "spawn");
  if (isolation !== undefined && !isIsolation(isolation))
    refuse("isolation", '"shared", "thread" or "process"', isolation);
  assertBounds("spawn", options);
  if (declaration !== undefined) assertDeclaration(declaration, "spawn: declaration");
  if (configuration !== undefined && !isData(configuration)) refuse("configuration", "an object", configuration);
  if (startTimeoutMs !== undefined && !(typeof startTimeoutMs === "number" && startTimeoutMs >= 0))
    refuse("startTimeoutMs", "a time in milliseconds from 0", startTimeoutMs);
  if (heapMb !== undefined && !isHeapMb(heapMb)) refuse("heapMb", `a number of MiB from ${heapMbMin}`, heapMb);
  // What would have no effect is refused: whoever wrote it believes that it has.
  if (heapMb !== undefined && !hasOwnHeap(isolation)) {
    const remedy =
      'only of isolation "thread" or "process", since others share a heap: leave it out, or ask for such an isolation';
    refuse("heapMb", remedy, { heapMb, isolation: isolation ?? "shared" });
  }
  if (placement !== undefined && hasOwnHeap(isolation)) {
    const remedy = `not for isolation "${isolation}", whose place is new: leave out one of the two`;
    refuse("placement", remedy, { placement, isolation });
  }
  if (env === undefined) return true;
  if (!isEnvironment(env)) refuse("env", "an object of texts by name", env);
  if (isolation !== "process") {
    const remedy =
      'only of isolation "process", since others share an environment: leave it out, or ask for that isolation';
    refuse("env", remedy, { isolation: isolation ?? "shared" });
  }
  return true;
}

/** The commonest there are. Whoever makes thousands of actors makes them so, and each other option costs a look. */
function isPlacementAlone(options: unknown): boolean {
  if (typeof options !== "object" || options === null || Object.getPrototypeOf(options) !== Object.prototype)
    return false;
  for (const key in options) if (key !== "placement") return false;
  return true;
}

function refuse(what: string, wanted: string, got: unknown): never {
  throw new RuntimeError("bad_argument", `spawn: ${what} is ${wanted}, got ${describe(got)}`);
}

const isolations: readonly unknown[] = ["shared", "thread", "process"] satisfies Isolation[];

export function isIsolation(value: unknown): value is Isolation {
  return isolations.includes(value);
}

/** Whether an actor of that isolation shares neither heap nor place with others. */
export function hasOwnHeap(isolation: unknown): boolean {
  return isolation === "thread" || isolation === "process";
}

/** Infinity is none: V8 has no such heap. */
export function isHeapMb(value: unknown): value is number {
  return typeof value === "number" && value >= heapMbMin && Number.isFinite(value);
}

export function isEnvironment(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.entries(value).every(
    ([name, text]) => name !== "" && !name.includes("=") && typeof text === "string" && !text.includes("\0"),
  );
}

/** With what the child's former lives were told: how a spawn goes on, once its options are checked. */
export interface BirthOptions extends SpawnLinkOptions {
  readonly changes?: Data;
}

/** What of the options the other thread needs. */
export function plainOptions(options: BirthOptions | undefined): BirthOptions | undefined {
  if (options === undefined) return undefined;
  const { childId, name, isolation, heapMb, env, budget, declaration, configuration, life, isRestart, changes } =
    options;
  const { mailboxCapacity, mailboxPolicy, startTimeoutMs, turnLimitMs } = options;
  return {
    ...(isolation === "process" && { isolation }),
    ...(isolation === "process" && heapMb !== undefined && { heapMb }),
    ...(env !== undefined && { env }),
    ...(name !== undefined && { name }),
    ...(childId !== undefined && { childId }),
    ...(mailboxCapacity !== undefined && { mailboxCapacity }),
    ...(mailboxPolicy !== undefined && { mailboxPolicy }),
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    ...(turnLimitMs !== undefined && { turnLimitMs }),
    ...(budget !== undefined && { budget: plainBudget(budget) }),
    ...(declaration !== undefined && { declaration }),
    ...(configuration !== undefined && { configuration }),
    ...(life !== undefined && { life }),
    ...(isRestart === true && { isRestart }),
    ...(changes !== undefined && { changes }),
  };
}
