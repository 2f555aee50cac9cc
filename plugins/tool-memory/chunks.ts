/** A text in chunks: each ends where a paragraph ends, or else a sentence, a word, a character as people see it, and begins with a little of the one before. */

export interface ChunkSize {
  /** UTF-16 units of a chunk at most, and from that half on it may end with a paragraph or a sentence. */
  readonly chunkChars: number;
  /** Units of the one before, at most; no more than half of `chunkChars`. */
  readonly overlapChars: number;
}

const by = (granularity: "sentence" | "word" | "grapheme") => new Intl.Segmenter("en", { granularity });
const sentences = by("sentence");
const words = by("word");
const graphemes = by("grapheme");

/** Of well-formed text; without white space around, and none that is nothing else. */
export function chunksOf(text: string, size: ChunkSize): string[] {
  return chunkPlaces(text, size).map(([start, end]) => text.slice(start, end).trim());
}

/** Where they stand, with the white space around them. */
export function chunkPlaces(text: string, size: ChunkSize): [start: number, end: number][] {
  const { chunkChars } = size;
  const overlapChars = Math.min(size.overlapChars, Math.floor(chunkChars / 2));
  const ends = new Ends(text);
  const places: [number, number][] = [];
  for (let start = 0, end = 0; end < text.length; start = ends.begin(Math.max(start + 1, end - overlapChars), end)) {
    const former = end;
    const most = start + chunkChars;
    // Behind the former end: a chunk has something that none before it has.
    end = most >= text.length ? text.length : ends.best(Math.max(former, start + chunkChars / 2), former, most);
    if (text.slice(former, end).trim() !== "") places.push([start, end]);
  }
  return places;
}

/** Where parts of a text end. */
class Ends {
  readonly #text: string;
  readonly #paragraphs: readonly number[];
  readonly #sentences: readonly number[];
  readonly #words: readonly number[];

  constructor(text: string) {
    this.#text = text;
    this.#paragraphs = Array.from(text.matchAll(/\n[^\S\n]*\n\s*/gu), ({ index, 0: gap }) => index + gap.length);
    this.#sentences = endsOf(sentences, text);
    this.#words = endsOf(words, text);
  }

  /** The last end up to `most`: of a paragraph or a sentence above `from`, or else of a word or a character above `least`. */
  best(from: number, least: number, most: number): number {
    return (
      lastIn(this.#paragraphs, from, most) ??
      lastIn(this.#sentences, from, most) ??
      lastIn(this.#words, least, most) ??
      this.#characterEnd(least, most)
    );
  }

  /** The first beginning of a sentence, or else of a word, from there on and before an end; or else that. */
  begin(from: number, end: number): number {
    return firstIn(this.#sentences, from, end) ?? firstIn(this.#words, from, end) ?? end;
  }

  /** In a word that is longer than a chunk. */
  #characterEnd(least: number, most: number): number {
    let end = least;
    for (const { index, segment } of graphemes.segment(this.#text.slice(least, most + 1))) {
      const next = least + index + segment.length;
      if (next > most) break;
      end = next;
    }
    if (end > least) return end;
    // A character of more units than a chunk has: only its halves of a pair stay together.
    const code = this.#text.charCodeAt(most - 1);
    return code >= 0xd800 && code < 0xdc00 ? most - 1 : most;
  }
}

function endsOf(segmenter: Intl.Segmenter, text: string): number[] {
  return Array.from(segmenter.segment(text), ({ index, segment }) => index + segment.length);
}

/** The last number above `above` and up to `most` of a rising list. */
function lastIn(rising: readonly number[], above: number, most: number): number | undefined {
  const found = rising[countBelow(rising, most + 1) - 1];
  return found !== undefined && found > above ? found : undefined;
}

/** The first number from `from` on and below `below`. */
function firstIn(rising: readonly number[], from: number, below: number): number | undefined {
  const found = rising[countBelow(rising, from)];
  return found !== undefined && found < below ? found : undefined;
}

/** How many of a rising list are below. */
function countBelow(rising: readonly number[], below: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rising[middle] as number) < below) low = middle + 1;
    else high = middle;
  }
  return low;
}
