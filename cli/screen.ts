/** A stream as a terminal, where it is one. */
import type { Screen } from "./block.ts";

/** Rows that a terminal has left beside so many other lines; undefined: it is none. */
export function rowsThatFit(stream: Screen, otherLines: number): number | undefined {
  const { isTTY, rows = 24 } = stream;
  return isTTY === true ? Math.max(1, rows - otherLines) : undefined;
}
