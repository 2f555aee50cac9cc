/** How patterns, as words, stand to each other and to topics, which are patterns without wildcards. */

/** Whether every topic that the second matches is matched by the first. */
export function covers(wide: readonly string[], narrow: readonly string[]): boolean {
  for (let at = 0; at < wide.length; at++) {
    const word = wide[at];
    const other = narrow[at];
    if (other === undefined) return false;
    if (word === ">") return true;
    if (other === ">") return false;
    if (word !== "*" && word !== other) return false;
  }
  return narrow.length === wide.length;
}

/** Whether there is a topic that both match. */
export function overlap(one: readonly string[], two: readonly string[]): boolean {
  for (let at = 0; ; at++) {
    const a = one[at];
    const b = two[at];
    if (a === undefined || b === undefined) return a === b;
    if (a === ">" || b === ">") return true;
    if (a !== "*" && b !== "*" && a !== b) return false;
  }
}
