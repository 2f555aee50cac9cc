/**
 * Patterns of paths: `*` is any text within a name, `?` one character, and a part that is `**` any number of folders, also none. No
 * other sign has a meaning. A pattern is hostile, too: its time is at most its length times that of the path, as both levels
 * only ever go back to their last star.
 */

/** @param pattern one without `/` is of names, in any folder */
export function globMatcher(pattern: string): (parts: readonly string[]) => boolean {
  const wanted = pattern.split("/").filter((part) => part !== "" && part !== ".");
  const full = pattern.includes("/") ? wanted : ["**", ...wanted];
  const names = full.map((part) => (part === "**" ? undefined : Array.from(part)));
  return (parts) =>
    matches(names, parts, isAnyFolders, (name, part) => matches(name ?? [], Array.from(part), isStar, isCharacter));
}

const isAnyFolders = (part: readonly string[] | undefined) => part === undefined;
const isStar = (sign: string) => sign === "*";
const isCharacter = (sign: string, character: string) => sign === "?" || sign === character;

/** One star at a time: where what stands behind it does not fit, the star takes one more. The ones before it need not change. */
function matches<P, T>(
  pattern: readonly P[],
  text: readonly T[],
  isAny: (one: P) => boolean,
  fits: (one: P, item: T) => boolean,
): boolean {
  let at = 0;
  let star = -1;
  let starTakesTo = 0;
  for (let item = 0; item < text.length; ) {
    if (at < pattern.length && isAny(pattern[at] as P)) {
      star = at++;
      starTakesTo = item;
    } else if (at < pattern.length && fits(pattern[at] as P, text[item] as T)) {
      at++;
      item++;
    } else if (star >= 0) {
      at = star + 1;
      item = ++starTakesTo;
    } else return false;
  }
  while (at < pattern.length && isAny(pattern[at] as P)) at++;
  return at === pattern.length;
}
