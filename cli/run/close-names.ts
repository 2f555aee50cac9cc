/** Names that somebody may have meant: a few letters from the one that was written. */

const namesMax = 3;
/** Longest name that is compared: the comparison takes the product of two lengths. */
const charsMax = 64;

/** The nearest first. Case is no difference; of a pattern that ends in `*` the rest of a name is none either. */
export function closeNames(pattern: string, known: Iterable<string>): readonly string[] {
  const isPrefix = pattern.endsWith("*");
  const wanted = pattern.replaceAll("*", "").toLowerCase().slice(0, charsMax);
  if (wanted === "") return [];
  const distanceMax = Math.max(1, Math.floor(wanted.length / 3));
  const found: { readonly name: string; readonly distance: number }[] = [];
  for (const name of known) {
    const text = name.toLowerCase().slice(0, isPrefix ? wanted.length : charsMax);
    const distance = distanceOf(wanted, text);
    if (distance <= distanceMax) found.push({ name, distance });
  }
  found.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return found.slice(0, namesMax).map(({ name }) => name);
}

/** Letters to put in, leave out or change (Levenshtein), row by row. */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
