/** The options of a spawn: what is refused, and what of them another thread needs. */
import { assertBounds } from "../actor/behaviour.ts";
import type { SpawnLinkOptions, SpawnOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { assertName } from "./names.ts";

/** Below it Node itself does not start: at 2 MiB the whole process aborts. */
export const heapMbMin = 16;

const known = [
  "name",
  "placement",
  "isolation",
  "heapMb",
  "mailboxCapacity",
  "mailboxPolicy",
  "turnLimitMs",
  "startTimeoutMs",
  "ack",
] as const satisfies readonly (keyof SpawnLinkOptions)[];

/** @throws RuntimeError `bad_argument`. Where it runs is checked with the placement itself. */
export function assertSpawnOptions(options: SpawnOptions | undefined): void {
  if (options === undefined) return;
  assertKeys("spawn: options", options, known);
  const { name, isolation, placement, mailboxCapacity, mailboxPolicy, startTimeoutMs, turnLimitMs, heapMb } = options;
  if (name !== undefined) assertName(name, "spawn");
  const refuse = (what: string, wanted: string, got: unknown) => {
    throw new RuntimeError("bad_argument", `spawn: ${what} is ${wanted}, got ${describe(got)}`);
  };
  if (isolation !== undefined && isolation !== "shared" && isolation !== "thread")
    refuse("isolation", '"shared" or "thread"', isolation);
  assertBounds("spawn", mailboxCapacity, mailboxPolicy, turnLimitMs);
  if (startTimeoutMs !== undefined && !(typeof startTimeoutMs === "number" && startTimeoutMs >= 0))
    refuse("startTimeoutMs", "a time in milliseconds from 0", startTimeoutMs);
  if (heapMb !== undefined && !(typeof heapMb === "number" && heapMb >= heapMbMin))
    refuse("heapMb", `a number of MiB from ${heapMbMin}`, heapMb);
  // What would have no effect is refused: whoever wrote it believes that it has.
  if (heapMb !== undefined && isolation !== "thread") {
    const remedy = 'only of isolation "thread", since others share a heap: leave it out, or ask for that isolation';
    refuse("heapMb", remedy, { heapMb, isolation: isolation ?? "shared" });
  }
  if (placement !== undefined && isolation === "thread") {
    const remedy = 'not for isolation "thread", whose thread is new: leave out one of the two';
    refuse("placement", remedy, { placement, isolation });
  }
}

/** What of the options the other thread needs. */
export function plainOptions(options: SpawnOptions | undefined): SpawnOptions | undefined {
  if (options === undefined) return undefined;
  const { name, mailboxCapacity, mailboxPolicy, startTimeoutMs, turnLimitMs } = options;
  return {
    ...(name !== undefined && { name }),
    ...(mailboxCapacity !== undefined && { mailboxCapacity }),
    ...(mailboxPolicy !== undefined && { mailboxPolicy }),
    ...(startTimeoutMs !== undefined && { startTimeoutMs }),
    ...(turnLimitMs !== undefined && { turnLimitMs }),
  };
}
