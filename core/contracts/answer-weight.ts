/**
 * What a text of JSON takes of the memory when it has been parsed, reckoned before it is, by its bytes: `{},` is three of them,
 * and an object of some sixty. A bound on bytes alone lets a server take thirty times as much, and the thread for so long.
 */

/** Beside itself, of each byte: a place in a list, a text, an object or a list. */
const weights = new Uint8Array(256).fill(1);
for (const [byte, weight] of [
  [",", 8],
  ['"', 16],
  ["{", 64],
  ["[", 64],
] as const)
  weights[byte.charCodeAt(0)] = weight + 1;

export function weightOf(byte: number): number {
  return weights[byte] as number;
}

/** Of an answer that is no stream: lists of models have some hundred thousand values. */
export const answerWeightMax = 32 * 2 ** 20;

/** A character of an answer takes so much at most, a quotation mark within a text, and what stands around it in its event so much. */
const weightOfChar = 18;
const weightAround = 65_536;
const eventMost = 16 * 2 ** 20;

/** Of one event of an answer that has so many characters in all: no event has all of a long one. */
export function eventWeightMax(answerChars: number): number {
  return Math.min(answerChars * weightOfChar + weightAround, eventMost);
}

/** A number with all its places and its indentation, and its place in the list; as many of them as any vector has. */
const weightOfNumber = 48;
const dimensionsMax = 16_384;
const vectorsMost = 256 * 2 ** 20;

/** Of the vectors of so many texts. */
export function vectorsWeightMax(texts: number): number {
  return Math.min(texts * dimensionsMax * weightOfNumber + weightAround, vectorsMost);
}
