/**
 * Lines, words and bytes as `wc` counts them in a UTF-8 locale, of a part of a file, so that the counts of the parts add
 * up to those of the whole wherever it was cut.
 *
 * A line is a newline. A word is a run of characters that are no white space, and belongs to the part in which its first
 * byte lies: so a part must know whether it begins inside a word, which is read off the character before it, and a
 * character belongs to the part of its first byte. White space is what GNU wc takes for it, no-break spaces included.
 */

export interface TextCount {
  readonly lines: number;
  readonly words: number;
  readonly bytes: number;
}

const newline = 0x0a;

/** Counts the bytes `from` up to but not including `to` of a file that is given as a whole. */
export function countText(file: Uint8Array, from: number, to: number): TextCount {
  let lines = 0;
  let words = 0;
  let isInWord = from > 0 && !isSpace(file, startOfCharacter(file, from - 1));
  for (let at = from; at < to; at++) {
    const byte = file[at] as number;
    if (byte > 0x20 && byte < 0x80) {
      // Most bytes of most texts.
      if (!isInWord) words++;
      isInWord = true;
      continue;
    }
    if (isContinuation(byte)) continue;
    if (byte === newline) lines++;
    const wasInWord = isInWord;
    isInWord = !isSpace(file, at);
    if (isInWord && !wasInWord) words++;
  }
  return { lines, words, bytes: to - from };
}

/** Second and later bytes of a character. A stray one changes nothing, as in wc. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** A character has at most four bytes. */
function startOfCharacter(file: Uint8Array, at: number): number {
  for (let start = at; start >= 0 && start > at - 4; start--) {
    if (!isContinuation(file[start] as number)) return start;
  }
  return at;
}

/** Whether the character that starts here is white space. */
function isSpace(file: Uint8Array, at: number): boolean {
  const byte = file[at] as number;
  if (byte < 0x80) return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
  const second = file[at + 1];
  if (byte === 0xc2) return second === 0xa0;
  const third = file[at + 2] as number;
  switch (byte) {
    case 0xe1: // U+1680
      return second === 0x9a && third === 0x80;
    case 0xe2: // U+2000 to U+200A, U+202F; U+205F, U+2060
      if (second === 0x80) return (third >= 0x80 && third <= 0x8a) || third === 0xaf;
      return second === 0x81 && (third === 0x9f || third === 0xa0);
    case 0xe3: // U+3000
      return second === 0x80 && third === 0x80;
    default:
      return false;
  }
}
