/** A stream as a terminal, where it is one. */

type Screen = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly rows?: number };

/** Rows that a terminal has left beside so many other lines; undefined: it is none. */
export function rowsThatFit(stream: NodeJS.WritableStream, otherLines: number): number | undefined {
  const { isTTY, rows = 24 }: Screen = stream;
  return isTTY === true ? Math.max(1, rows - otherLines) : undefined;
}
