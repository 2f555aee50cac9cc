/** What a publish takes beside its message, and what of it goes into the envelope. */
import type { Envelope, PublishOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { assertKeys } from "../known-keys.ts";
import { priorityMax } from "./kept/backlog.ts";

export type EnvelopeExtras = Pick<Envelope, "headers" | "untilMs" | "trace" | "priority" | "replyTo">;

/** What goes into the envelope. */
export const publishKeys = [
  "headers",
  "deadlineMs",
  "trace",
  "priority",
] as const satisfies readonly (keyof PublishOptions)[];

/** @throws RuntimeError `bad_argument`. */
export function extrasOf(options: PublishOptions, kernel: Kernel): EnvelopeExtras {
  assertKeys("publish: options", options, [...publishKeys, "ack"]);
  return checkedExtras(options, kernel, "publish");
}

/** @throws RuntimeError `bad_argument`. */
export function checkedExtras(options: PublishOptions, kernel: Kernel, verb: string): EnvelopeExtras {
  const { ack, headers, deadlineMs, priority, trace } = options;
  const refuse = (what: string, got: unknown): never => {
    throw new RuntimeError("bad_argument", `${verb} wants ${what}, got ${describe(got)}`);
  };
  if (deadlineMs !== undefined && !(typeof deadlineMs === "number" && deadlineMs >= 0))
    refuse("deadlineMs from 0", deadlineMs);
  if (trace !== undefined && typeof trace !== "string") refuse("trace as a text", trace);
  if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= priorityMax))
    refuse(`priority as a whole number from 0 to ${priorityMax}`, priority);
  if (ack !== undefined && typeof ack !== "boolean") refuse("ack as true or false", ack);
  return {
    ...(headers !== undefined && { headers: textsOf(headers, refuse) }),
    ...(deadlineMs !== undefined && { untilMs: kernel.readClock() + deadlineMs }),
    ...(trace !== undefined && { trace }),
    ...(priority !== undefined && { priority }),
  };
}

/** A copy, so that nobody changes them on their way. */
function textsOf(headers: unknown, refuse: (what: string, got: unknown) => never): Readonly<Record<string, string>> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers))
    refuse("headers as an object of texts", headers);
  const entries = Object.entries(headers as object);
  for (const [key, value] of entries) if (typeof value !== "string") refuse(`header ${describe(key)} as a text`, value);
  return Object.freeze(Object.fromEntries(entries) as Record<string, string>);
}
