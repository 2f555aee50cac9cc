/** The order of keys and ids, which is that of their code points, as stores of UTF-8 have it: code units would put a pair before U+E000. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
