/** A number for people: whole, with commas. 12,345. */
export function numberText(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
