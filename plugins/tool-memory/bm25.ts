/**
 * BM25, by which words a text is found: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the
 * weight of a word as Lucene has it, ln(1 + (N - n + 0.5) / (n + 0.5)), which is never below zero.
 */

export interface Bm25Parameters {
  readonly k1: number;
  readonly b: number;
}

/** All that is looked through. */
export interface Corpus {
  readonly chunks: number;
  /** Terms of all chunks, each as often as it stands there. */
  readonly terms: number;
}

/** That a term stands in a chunk. */
export interface Posting {
  readonly chunk: string;
  /** How often. */
  readonly count: number;
  /** Terms of the chunk. */
  readonly length: number;
}

/** The score of each chunk that has one of the terms. @param postings of each term, all that there are */
export function bm25(
  postings: Iterable<readonly Posting[]>,
  { chunks, terms }: Corpus,
  { k1, b }: Bm25Parameters,
): Map<string, number> {
  const scores = new Map<string, number>();
  const meanLength = terms / chunks;
  for (const those of postings) {
    // Counted a moment later than the corpus: never more than there are.
    const having = Math.min(those.length, chunks);
    const weight = Math.log(1 + (chunks - having + 0.5) / (having + 0.5));
    for (const { chunk, count, length } of those) {
      const norm = k1 * (1 - b + (b * length) / meanLength);
      scores.set(chunk, (scores.get(chunk) ?? 0) + (weight * count * (k1 + 1)) / (count + norm));
    }
  }
  return scores;
}
