/** Values of a program, such as the state of an actor, as JSON: what it has no form for is told in another. */

/** What cannot be told at all, for it is nested too deeply, throws. */
export function jsonText(value: unknown): string {
  const above: { readonly shown: unknown; readonly value: unknown }[] = [];
  return JSON.stringify(value, function (this: unknown, _key: string, inner: unknown) {
    // `this` is what it stands in.
    while (above.length > 0 && above.at(-1)?.shown !== this) above.pop();
    if (typeof inner === "bigint") return `${inner}n`;
    if (typeof inner === "number" && !Number.isFinite(inner)) return String(inner);
    if (typeof inner !== "object" || inner === null) return inner;
    if (above.some((outer) => outer.value === inner)) return "[circular]";
    const shown = shownAs(inner);
    above.push({ shown, value: inner });
    return shown;
  });
}

/** As JSON has it, or as a short text where it cannot be told: one such keeps nobody from the others. */
export function tellable(value: unknown): unknown {
  try {
    // Of what is nothing in JSON there is no text.
    const text = jsonText(value) as string | undefined;
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    return `cannot be told: ${(error as Error).message}`;
  }
}

function shownAs(value: object): unknown {
  if (value instanceof Map) return isByText(value) ? Object.fromEntries(value) : [...value];
  if (value instanceof Set) return [...value];
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return Object.assign(Object.fromEntries(Object.entries(value)), { name, message, stack, cause });
  }
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return [...(value as Uint8Array)];
  return value;
}

function isByText(map: ReadonlyMap<unknown, unknown>): boolean {
  for (const key of map.keys()) if (typeof key !== "string" && typeof key !== "number") return false;
  return true;
}
