/** What a subscription takes, and what of it is refused. */
import type { SubscriptionOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";

const queueLengthMax = 256;
const policies: readonly unknown[] = ["reject", "dropOldest", "dropNewest", "wait"];

/** @throws RuntimeError `bad_argument`. */
export function checkSubscriptionOptions(options: SubscriptionOptions | undefined): SubscriptionOptions {
  if (options === undefined) return {};
  assertKeys("subscribe", options, ["capacity", "policy", "filter", "queue"]);
  const { capacity, policy, filter, queue } = options;
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
  if (queue === undefined) return options;
  if (typeof queue !== "string" || queue.length === 0 || queue.length > queueLengthMax)
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants queue as a text of 1 to ${queueLengthMax} characters, got ${describe(queue)}`,
    );
  if (filter !== undefined || policy === "wait")
    throw new RuntimeError("bad_argument", "subscribe: a queue takes neither a filter nor the policy wait");
  return options;
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
