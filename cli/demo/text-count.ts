/**
 * Lines, words and bytes as GNU wc counts them in a UTF-8 locale (`LC_ALL=C.UTF-8 wc`), of a part of a file, so that the
 * counts of the parts add up to those of the whole wherever it was cut.
 *
 * A line is a newline. A word is a run of printable characters that are no white space; no-break spaces are white space.
 * What is neither printable nor white space neither begins a word nor ends one: control characters, U+2028 and U+2029, what
 * Unicode has not assigned, and every byte of what is no UTF-8. (In the POSIX locale wc takes every byte from 0x80 for
 * unprintable, so its words are fewer there.) A word belongs to the part in which the first byte of its first character lies.
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
  let isInWord = endsInWord(file, from);
  for (let at = from; at < to; at++) {
    const byte = file[at] as number;
    if (byte > 0x20 && byte < 0x7f) {
      // Most bytes of most texts.
      if (!isInWord) words++;
      isInWord = true;
      continue;
    }
    if (byte === newline) lines++;
    const kind = kindAt(file, at);
    if (kind === Kind.none) continue;
    if (kind === Kind.word && !isInWord) words++;
    isInWord = kind === Kind.word;
  }
  return { lines, words, bytes: to - from };
}

/** What a character is for a word. */
const Kind = { unknown: 0, none: 1, space: 2, word: 3 } as const;
type Kind = (typeof Kind)[keyof typeof Kind];

/** Whether the text before this byte ends within a word: its last character that is printable or white space decides. */
function endsInWord(file: Uint8Array, before: number): boolean {
  for (let at = before - 1; at >= 0; at--) {
    const kind = kindAt(file, at);
    if (kind !== Kind.none) return kind === Kind.word;
  }
  return false;
}

/** The kind of the character that begins with this byte; none where none begins. UTF-8 can be read from any byte on. */
function kindAt(file: Uint8Array, at: number): Kind {
  const byte = file[at] as number;
  if (byte < 0x80) {
    if (byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) return Kind.space;
    return byte > 0x20 && byte < 0x7f ? Kind.word : Kind.none;
  }
  const point = codePointAt(file, at, byte);
  return point === undefined ? Kind.none : kindOf(point);
}

/** The character of two to four bytes that begins here; undefined: no valid one does (RFC 3629). */
function codePointAt(file: Uint8Array, at: number, lead: number): number | undefined {
  if (lead < 0xc2 || lead > 0xf4) return undefined;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  let point = lead & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const byte = file[at + i];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return undefined;
    point = (point << 6) | (byte & 0x3f);
  }
  if (length === 2) return point;
  if (length === 3) return point < 0x800 || (point >= 0xd800 && point < 0xe000) ? undefined : point;
  return point < 0x10000 || point > 0x10ffff ? undefined : point;
}

/** White space beyond ASCII (glibc's iswspace, and the no-break spaces of wc itself). */
const space = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u2060\u3000]/u;
/** Not printable (glibc's iswprint), by the version of Unicode that this Node knows. */
const unprintable = /[\p{Cc}\p{Cn}\p{Zl}\p{Zp}]/u;

/** By code point, filled as characters come. */
let kinds: Uint8Array | undefined;

function kindOf(point: number): Kind {
  kinds ??= new Uint8Array(0x110000);
  const known = kinds[point] as Kind;
  if (known !== Kind.unknown) return known;
  const character = String.fromCodePoint(point);
  const kind = space.test(character) ? Kind.space : unprintable.test(character) ? Kind.none : Kind.word;
  kinds[point] = kind;
  return kind;
}
