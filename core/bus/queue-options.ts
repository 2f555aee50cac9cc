/** What a member of a queue says of it, and what of that is refused. */
import type { SubscriptionOptions } from "../actor/context.ts";
import { describe, RuntimeError } from "../errors.ts";
import { checkBackoff } from "../tasks/task-request.ts";
import type { QueueSettings } from "./kept/ack-queue.ts";

/** Options that only an acknowledged queue takes. */
export const acknowledgedOnly = ["ackWaitMs", "attempts", "backoff", "maxInHand"] as const;

/** @throws RuntimeError `bad_argument`. */
export function checkAcknowledged(options: SubscriptionOptions): void {
  const { ackWaitMs, attempts, maxInHand, filter, queue } = options;
  if (queue === undefined) throw wrong("a queue beside ack: what is not acknowledged goes to another member", queue);
  if (filter !== undefined) throw wrong("no filter beside ack: what no member takes would never end", filter);
  if (ackWaitMs !== undefined && !(Number.isFinite(ackWaitMs) && ackWaitMs > 0))
    throw wrong("ackWaitMs as a time above 0", ackWaitMs);
  for (const [key, value] of Object.entries({ attempts, maxInHand }))
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw wrong(`${key} as a whole number from 1`, value);
  settingsOf(options);
}

/** What of the queue a member says. */
export function settingsOf(options: SubscriptionOptions): Partial<QueueSettings> {
  const { ackWaitMs, attempts, backoff, balance, capacity, policy } = options;
  const settings: Partial<QueueSettings> = {
    ...(ackWaitMs !== undefined && { ackWaitMs }),
    ...(attempts !== undefined && { attempts }),
    ...(backoff !== undefined && { backoff: checkBackoff("subscribe", backoff) }),
    ...(balance !== undefined && { balance }),
    ...(capacity !== undefined && { capacity }),
    ...(policy !== undefined && { policy }),
  };
  return settings;
}

function wrong(wanted: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `subscribe wants ${wanted}, got ${describe(got)}`);
}
