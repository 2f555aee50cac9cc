/** The actors of a program as `mofa ps` lists them: who match a pattern, the busiest first, as many as are wanted. */
import { matchesPattern } from "../../core/index.ts";
import { type ActorInfo, refKey } from "../../index.ts";
import type { ActorList, Unanswered } from "./attach-protocol.ts";

export interface ListOptions {
  readonly match?: string | undefined;
  readonly limit?: number | undefined;
}

export function actorList(
  actors: readonly ActorInfo[],
  unanswered: readonly Unanswered[],
  { match, limit = Number.POSITIVE_INFINITY }: ListOptions,
): ActorList {
  const matching = match === undefined ? [...actors] : actors.filter(isMeant(match));
  const behaviours: Record<string, number> = {};
  for (const { behaviour } of matching) behaviours[behaviour] = (behaviours[behaviour] ?? 0) + 1;
  matching.sort(busiestFirst);
  const shown = matching.slice(0, limit);
  return { actors: shown, matching: matching.length, living: actors.length, behaviours, unanswered };
}

/** By name, child id, behaviour or ref: `*` stands for any text; without one the pattern may stand anywhere in it. */
export function isMeant(match: string): (actor: ActorInfo) => boolean {
  const pattern = match.includes("*") ? match : `*${match}*`;
  return ({ name, childId, behaviour, ref }) =>
    [name, childId, behaviour, refKey(ref)].some(
      (text) => text !== undefined && text !== null && matchesPattern(String(text), pattern),
    );
}

function busiestFirst(a: ActorInfo, b: ActorInfo): number {
  return b.messages - a.messages || rankOf(a) - rankOf(b) || a.ref.thread - b.ref.thread || a.ref.slot - b.ref.slot;
}

/** Who has a name is looked for more often than who has none, and the runtime's own least of all. */
function rankOf({ name }: ActorInfo): number {
  if (name === undefined) return 1;
  return name.startsWith("system.") ? 2 : 0;
}
