/** A character of an answer takes as many bytes of a stream at most, and what stands around it in its event so many. */
const bytesOfChar = 6;
const bytesAround = 65_536;

/** Bytes that one event of an answer may have, which has so many characters in all. */
export function eventBytesMax(answerChars: number): number {
  return answerChars * bytesOfChar + bytesAround;
}
