/** W3C Trace Context: a `traceparent` as the runtime carries it, in a text. */
import { randomBytes } from "node:crypto";

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const nobody = /^0+$/;

export interface TraceContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Bit 0: it is sampled. */
  readonly flags: number;
}

/** Undefined: it is none that W3C knows, and is only carried along. */
export function traceContext(trace: string | undefined): TraceContext | undefined {
  const [, version, traceId, spanId, flags] = (trace !== undefined && form.exec(trace)) || [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "ff" || (version === "00" && trace?.length !== 55)) return undefined;
  if (nobody.test(traceId) || nobody.test(spanId)) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

/** The context of a span below that one. What is none is handed on as it is. */
export function childTrace(trace: string | undefined): string | undefined {
  const parent = traceContext(trace);
  if (parent === undefined) return trace;
  return `00-${parent.traceId}-${newSpanId()}-${(parent.flags & 1).toString(16).padStart(2, "0")}`;
}

function newSpanId(): string {
  for (;;) {
    const id = randomBytes(8).toString("hex");
    if (!nobody.test(id)) return id;
  }
}
