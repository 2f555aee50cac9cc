/** The time of day, to parts of a millisecond: the same in all processes. */
export function wallNowMs(): number {
  return performance.timeOrigin + performance.now();
}
