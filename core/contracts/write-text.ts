/** What a call that writes was given, as text: what is kept becomes JSON where it is asked for, and not in the store's one thread. */
import { jsonOf } from "./stored-value.ts";

/** An argument that holds no more than texts and numbers. */
export interface Text {
  readonly argument: unknown;
  readonly chars: number;
}

/** Under which name a write has what is kept. */
const keptNames: Readonly<Record<string, string>> = {
  put: "value",
  append: "events",
  saveSnapshot: "state",
  snapshot: "state",
};
/** A write beside its texts: its names and numbers. */
const restChars = 100;

/** Undefined: it goes as it is given, also because the store is to say what is wrong with it. @throws RuntimeError `not_cloneable`. */
export function asText(call: string, given: unknown): Text | undefined {
  if (call === "transact") return listAsText(given);
  if (typeof given !== "object" || given === null) return undefined;
  const name = keptNames[call];
  if (name === undefined) return isScalar(given) ? { argument: { ...given }, chars: charsOf(given) } : undefined;
  const { [name]: kept, ...rest } = given as Record<string, unknown>;
  if (kept === undefined || rest["json"] !== undefined || !isScalar(rest)) return undefined;
  const json = call === "append" ? textsOf(kept) : jsonOf(kept, call);
  if (json === undefined) return undefined;
  const chars = typeof json === "string" ? json.length : json.reduce((sum, text) => sum + text.length, 0);
  return { argument: { ...rest, json }, chars: chars + charsOf(rest) };
}

function textsOf(events: unknown): string[] | undefined {
  if (!Array.isArray(events)) return undefined;
  const texts: string[] = [];
  // By number: a hole is undefined.
  for (let at = 0; at < events.length; at++) {
    const text = jsonOf(events[at], `append: events[${at}]`);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return texts;
}

function listAsText(given: unknown): Text | undefined {
  if (!Array.isArray(given)) return undefined;
  const writes: unknown[] = [];
  let sum = 0;
  for (const one of given) {
    const type = (one as { readonly type?: unknown } | null | undefined)?.type;
    const text = typeof type === "string" && type !== "transact" ? asText(type, one) : undefined;
    if (text === undefined) return undefined;
    writes.push(text.argument);
    sum += text.chars;
  }
  return { argument: writes, chars: sum };
}

/** A key that is far too long is the store's to refuse, and may be more than one message takes. */
function charsOf(scalars: object): number {
  let sum = restChars;
  for (const value of Object.values(scalars)) if (typeof value === "string") sum += value.length;
  return sum;
}

function isScalar(object: object): boolean {
  for (const value of Object.values(object)) {
    if (typeof value === "function" || typeof value === "symbol" || (typeof value === "object" && value !== null))
      return false;
  }
  return true;
}
