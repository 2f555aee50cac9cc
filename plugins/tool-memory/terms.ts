/**
 * The words by which a text is found: as Unicode divides it, with dictionaries for languages that write without spaces, in small letters
 * and their compatible forms. No stems and no stop words, since each language has its own: a word that stands everywhere weighs nothing by BM25.
 */

/** What a key of the store has room for; a longer word is found by its beginning. */
const termUnitsMax = 64;

// By name: with the machine's own locale the words of a text would be others on another machine.
const words = new Intl.Segmenter("en", { granularity: "word" });

/** In their order, as often as they stand there. */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const { segment, isWordLike } of words.segment(text.normalize("NFKC").toLowerCase())) {
    if (isWordLike !== true) continue;
    const term = segment.slice(0, termUnitsMax).toWellFormed();
    // The parts of a key stand between slashes.
    terms.push(term.replaceAll("/", "_").replaceAll("\0", "_"));
  }
  return terms;
}

/** How often each stands there. */
export function termCounts(terms: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}
