/** An event of the stream as one line: when it came, its kind, and what it says by name. */
import { inspect } from "node:util";
import { wallMs } from "../../core/index.ts";
import { type ExitReason, type RefData, type RuntimeEvent, reasonText, refKey } from "../../index.ts";
import { oneLine } from "./table.ts";

/** Of each value in it. */
const valueChars = 200;

export function eventText({ type, ...rest }: RuntimeEvent): string {
  const facts = Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key} ${oneLine(valueText(key, value), valueChars)}`);
  return `${timeText()} ${type.padEnd(kindWidth)} ${facts.join("  ")}`.trimEnd();
}

/** That of the most frequent kinds. */
const kindWidth = 10;

function valueText(key: string, value: unknown): string {
  if (isRefData(value)) return refKey(value);
  // An event has its reason under this name, whatever its kind.
  if (key === "reason") return reasonText(value as ExitReason);
  return typeof value === "string" ? value : inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY });
}

function isRefData(value: unknown): value is RefData {
  return typeof value === "object" && value !== null && "thread" in value && "slot" in value && "generation" in value;
}

/** Now, by the clock on the wall: `14:03:59.123`. */
function timeText(): string {
  const now = new Date(wallMs());
  return `${now.toTimeString().slice(0, 8)}.${String(now.getMilliseconds()).padStart(3, "0")}`;
}
