/**
 * Reciprocal rank fusion of several rankings: Cormack, Clarke and Büttcher (2009). Scores of words and of vectors have no common
 * measure; places have.
 */
import { compareNames } from "../../core/index.ts";

export interface Fused {
  readonly chunk: string;
  readonly score: number;
}

/** The best first; of those that are as good, in the order of the first ranking, then of the next. @param rankings each the best first */
export function fuseRanks(rankings: readonly (readonly string[])[], rankConstant: number): Fused[] {
  const scores = new Map<string, number>();
  for (const ranking of rankings) {
    for (const [place, chunk] of ranking.entries())
      scores.set(chunk, (scores.get(chunk) ?? 0) + 1 / (rankConstant + place + 1));
  }
  // The order stays of what is equal.
  return Array.from(scores, ([chunk, score]) => ({ chunk, score })).sort((a, b) => b.score - a.score);
}

/** The names of the best first; of those that are as good, in the order of their names. */
export function bestFirst(scores: ReadonlyMap<string, number>): string[] {
  return Array.from(scores)
    .sort(([a, one], [b, other]) => other - one || compareNames(a, b))
    .map(([name]) => name);
}
