/** A number for people: whole, with commas. 12,345. */
export function numberText(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A count and what is counted. 1 thread, 2 threads. */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}
