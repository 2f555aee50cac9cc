/** An event of the stream as one line: when it came, its kind, and what it says by name. */
import { inspect } from "node:util";
import { wallMs } from "../../core/index.ts";
import { type ExitReason, type RefData, type RuntimeEvent, reasonText, refKey, type TraceEvent } from "../../index.ts";
import { oneLine } from "./table.ts";

/** Of each value in it. */
const valueChars = 200;

export function eventText({ type, ...rest }: RuntimeEvent): string {
  const facts = Object.entries(rest)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key} ${oneLine(valueText(key, value), valueChars)}`);
  return `${timeText()} ${type.padEnd(kindWidth)} ${facts.join("  ")}`.trimEnd();
}

/** `14:03:59.123 got  1.17  cast take(3)  from 0.6.0`, `… sent 1.18  call read()  to 1.5.0  in the turn of 1.17`. */
export function traceText({ what, kind, peer, id, cause, message }: TraceEvent): string {
  const isGot = what === "received";
  const ofCause = kind === "reply" ? "to call" : "in the turn of";
  return [
    `${timeText()} ${isGot ? "got " : "sent"} ${id}`,
    oneLine(selfSaid.has(kind) ? message : `${kind} ${message}`, valueChars),
    ...(peer === undefined || peer === null ? [] : [`${isGot ? "from" : "to"} ${peerText(peer)}`]),
    ...(cause === undefined || cause === null ? [] : [`${ofCause} ${cause}`]),
  ].join("  ");
}

/** The program itself stands in slot 0 of main. */
function peerText(peer: RefData): string {
  return peer.thread === 0 && peer.slot === 0 ? "the program" : refKey(peer);
}

/** Kinds whose text says them already, or that need no word. */
const selfSaid: ReadonlySet<TraceEvent["kind"]> = new Set(["message", "cast", "call"] as const);

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
