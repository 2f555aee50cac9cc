/** Whom a selector of a plan means. */
import { refKey } from "../actor/ref.ts";
import type { Selector } from "./plan.ts";

/** An actor as selectors see it. */
export interface Identity {
  readonly name: string | undefined;
  readonly childId: string | number | undefined;
  // Its ref, which few plans ask for: a million idle actors have none.
  readonly thread: number;
  readonly slot: number;
  readonly generation: number;
}

export type Matches = (who: Identity) => boolean;

/** Undefined means everybody. */
export function matcher(selector: Selector | undefined): Matches {
  if (selector === undefined) return () => true;
  const { by, pattern } = selector;
  switch (by) {
    case "ref":
      return ({ thread, slot, generation }) => refKey({ node: "", thread, slot, generation }) === pattern;
    case "name":
      return ({ name }) => name !== undefined && matchesPattern(name, pattern);
    case "child":
      return ({ childId }) => childId !== undefined && matchesPattern(String(childId), pattern);
  }
}

/** `*` stands for any text. In linear time: each piece is looked for behind the one before it. */
export function matchesPattern(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
