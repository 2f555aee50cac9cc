/**
 * A message as main keeps it: as bytes, so that whoever gets it, again and again, gets his own, and that a bound in bytes
 * is one.
 */
import type { Envelope } from "../../actor/context.ts";
import type { Ref } from "../../actor/ref.ts";
import { describe, RuntimeError } from "../../errors.ts";
import { assertKeys } from "../../known-keys.ts";
import type { EnvelopeExtras } from "../publish-options.ts";

export interface KeptMessage {
  readonly topic: string;
  readonly words: readonly string[];
  readonly bytes: Uint8Array;
  /** The envelope's. */
  readonly id: string;
  readonly from: Ref;
  readonly extras: EnvelopeExtras | undefined;
  /** When it was kept, by the system's clock. */
  readonly atMs: number;
}

/** What crosses to whoever gets it, from main. */
export type GivenPayload = readonly [
  topic: string,
  bytes: Uint8Array,
  id: string,
  from: Ref,
  extras: EnvelopeExtras | undefined,
  atMs: number,
  /** Its number in the kept topic; undefined: none has it. */
  seq: number | undefined,
  /** Of an acknowledged queue. */
  delivery: DeliveryNumber | undefined,
  /** The bound of the kept topic has removed what came right before it. */
  isAfterGap: boolean,
];

/** Which delivery it is: of which queue, which message of that, the how manieth attempt. */
export type DeliveryNumber = readonly [queue: number, number: number, attempt: number];

/** The name of a delivery in an envelope. */
export function ackIdOf([queue, number, attempt]: DeliveryNumber): string {
  return `${queue}.${number}.${attempt}`;
}

const ackIdForm = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/;

/** Undefined: it is none. */
export function deliveryOf(ackId: unknown): DeliveryNumber | undefined {
  const parts = typeof ackId === "string" ? ackIdForm.exec(ackId) : null;
  return parts === null ? undefined : [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

/** Its deadline has passed. */
export function isLate({ extras }: KeptMessage, nowMs: number): boolean {
  return extras?.untilMs !== undefined && nowMs > extras.untilMs;
}

/** @throws RuntimeError `bad_argument`. */
export function ackIdOfMessage(message: unknown, verb: string): string {
  const ackId = (message as Envelope | undefined | null)?.ackId;
  if (deliveryOf(ackId) === undefined)
    throw new RuntimeError(
      "bad_argument",
      `${verb} wants a message of an acknowledged queue, as it came, got ${describe(message)}`,
    );
  return ackId as string; // or it would be none
}

/** @throws RuntimeError `bad_argument`. */
export function delayOf(options: { readonly delayMs?: number } | undefined): number | undefined {
  if (options !== undefined) assertKeys("nack: options", options, ["delayMs"]);
  const { delayMs } = options ?? {};
  // What rests for ever would take room in its queue for ever.
  if (delayMs !== undefined && !(Number.isFinite(delayMs) && delayMs >= 0))
    throw new RuntimeError("bad_argument", `nack wants delayMs as a time from 0, got ${describe(delayMs)}`);
  return delayMs;
}
