/** What a subscription takes, and what of it is refused. */
import type { SubscriptionOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";
import { acknowledgedOnly, checkAcknowledged } from "./queue-options.ts";

const queueLengthMax = 256;
/** Messages that a reader of a kept topic may be given ahead. */
const windowMax = 65_536;
const optionKeys = [
  "capacity",
  "policy",
  "filter",
  "queue",
  "from",
  "ack",
  "balance",
  ...acknowledgedOnly,
] as const satisfies readonly (keyof SubscriptionOptions)[];
const policies: readonly unknown[] = ["reject", "dropOldest", "dropNewest", "wait"];

/** @throws RuntimeError `bad_argument`. */
export function checkSubscriptionOptions(options: SubscriptionOptions | undefined): SubscriptionOptions {
  if (options === undefined) return {};
  assertKeys("subscribe", options, optionKeys);
  const { ack, balance, capacity, policy, filter, from, queue } = options;
  if (capacity !== undefined && capacity !== Number.POSITIVE_INFINITY && !(Number.isInteger(capacity) && capacity >= 1))
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants capacity as a whole number from 1 or Infinity, got ${describe(capacity)}`,
    );
  if (policy !== undefined && !policies.includes(policy))
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants policy reject, dropOldest, dropNewest or wait, got ${describe(policy)}`,
    );
  if (filter !== undefined) checkFilter(filter);
  if (ack !== undefined && typeof ack !== "boolean")
    throw new RuntimeError("bad_argument", `subscribe wants ack as true or false, got ${describe(ack)}`);
  if (from !== undefined) checkFrom(options);
  if (ack !== true) {
    const stray = acknowledgedOnly.find((key) => options[key] !== undefined);
    if (stray !== undefined)
      throw new RuntimeError(
        "bad_argument",
        `subscribe: ${stray} is for queues with ack: true, got ${describe(options)}`,
      );
  }
  if (balance !== undefined && balance !== "leastLoaded" && balance !== "roundRobin")
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants balance leastLoaded or roundRobin, got ${describe(balance)}`,
    );
  if (queue === undefined && balance !== undefined)
    throw new RuntimeError("bad_argument", "subscribe: balance is for queues, and there is no queue");
  if (queue === undefined && ack !== true) return options;
  if (queue !== undefined) assertQueueName(queue, "subscribe");
  if (ack === true) checkAcknowledged(options);
  return options;
}

/** @throws RuntimeError `bad_argument`. */
export function assertQueueName(queue: unknown, verb: string): void {
  if (typeof queue === "string" && queue.length > 0 && queue.length <= queueLengthMax) return;
  throw new RuntimeError(
    "bad_argument",
    `${verb} wants queue as a text of 1 to ${queueLengthMax} characters, got ${describe(queue)}`,
  );
}

/** Where a reader begins, and what does not go with it. */
function checkFrom(options: SubscriptionOptions): void {
  const { ack, capacity, from, policy, queue } = options;
  if (capacity !== undefined && capacity > windowMax)
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants capacity to ${windowMax} beside from: so many messages it is given ahead, got ${describe(capacity)}`,
    );
  if (ack === true || queue !== undefined || policy !== undefined)
    throw new RuntimeError(
      "bad_argument",
      "subscribe: from goes with neither queue, ack nor policy: its messages wait in the kept topic",
    );
  if (from === "first" || from === "last") return;
  if (typeof from === "object" && from !== null) {
    const [[key, value] = [], ...others] = Object.entries(from);
    if (others.length === 0 && key === "seq" && Number.isSafeInteger(value) && (value as number) >= 1) return;
    if (others.length === 0 && key === "ms" && typeof value === "number" && value >= 0) return;
  }
  throw new RuntimeError(
    "bad_argument",
    `subscribe wants from as "first", "last", { seq } from 1 or { ms } from 0, got ${describe(from)}`,
  );
}

function checkFilter(filter: unknown): void {
  if (typeof filter !== "object" || filter === null || Array.isArray(filter))
    throw new RuntimeError("bad_argument", `subscribe wants filter as an object of fields, got ${describe(filter)}`);
  for (const [key, value] of Object.entries(filter))
    if (value !== null && !["string", "number", "boolean"].includes(typeof value))
      throw new RuntimeError(
        "bad_argument",
        `subscribe wants texts, numbers, booleans or null in filter, got ${describe(value)} as ${describe(key)}`,
      );
}
