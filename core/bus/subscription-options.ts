/** What a subscription takes, and what of it is refused. */
import type { SubscriptionOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { assertKeys } from "../known-keys.ts";

const policies: readonly unknown[] = ["reject", "dropOldest", "dropNewest"];

/** @throws RuntimeError `bad_argument`. */
export function checkSubscriptionOptions(options: SubscriptionOptions | undefined): SubscriptionOptions {
  if (options === undefined) return {};
  assertKeys("subscribe", options, ["capacity", "policy"]);
  const { capacity, policy } = options;
  if (capacity !== undefined && capacity !== Number.POSITIVE_INFINITY && !(Number.isInteger(capacity) && capacity >= 1))
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants capacity as a whole number from 1 or Infinity, got ${describe(capacity)}`,
    );
  if (policy !== undefined && !policies.includes(policy))
    throw new RuntimeError(
      "bad_argument",
      `subscribe wants policy reject, dropOldest or dropNewest, got ${describe(policy)}`,
    );
  return options;
}
