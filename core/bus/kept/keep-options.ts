/** What `keepTopic` takes, and what of it is refused. */
import { describe, RuntimeError } from "../../errors.ts";
import { assertKeys } from "../../known-keys.ts";

/** How much of a kept topic stays. What is older goes first. */
export interface KeepOptions {
  /** Default 100,000. */
  readonly messages?: number;
  /** Of each topic that the pattern matches; with 1 the last value is retained. Default: as many as there are. */
  readonly messagesPerTopic?: number;
  /** Of the messages as they are kept. Default 67,108,864 (64 MiB). */
  readonly bytes?: number;
  /** What is older goes. Default: nothing goes for its age. */
  readonly ms?: number;
  /**
   * What becomes of a message that is one too many for `messages` or `bytes`: with `dropOldest` (default) the oldest goes,
   * with `reject` it is not kept, and a publish with `ack` fails with `queue_full`.
   */
  readonly policy?: "dropOldest" | "reject";
}

export interface KeepLimits {
  readonly messages: number;
  readonly messagesPerTopic: number;
  readonly bytes: number;
  readonly ms: number;
  readonly policy: "dropOldest" | "reject";
}

export const keepDefaults: KeepLimits = {
  messages: 100_000,
  messagesPerTopic: Number.POSITIVE_INFINITY,
  bytes: 2 ** 26,
  ms: Number.POSITIVE_INFINITY,
  policy: "dropOldest",
};

/** @throws RuntimeError `bad_argument`. */
export function checkKeepOptions(options: KeepOptions = {}): KeepLimits {
  assertKeys("keepTopic: options", options, ["messages", "messagesPerTopic", "bytes", "ms", "policy"]);
  for (const key of ["messages", "messagesPerTopic", "bytes"] as const) {
    const value = options[key];
    if (value !== undefined && value !== Number.POSITIVE_INFINITY && !(Number.isInteger(value) && value >= 1))
      throw wrong(`${key} as a whole number from 1 or Infinity`, value);
  }
  const { ms, policy } = options;
  if (ms !== undefined && !(typeof ms === "number" && ms > 0)) throw wrong("ms as a time above 0", ms);
  if (policy !== undefined && policy !== "dropOldest" && policy !== "reject")
    throw wrong("policy dropOldest or reject", policy);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...keepDefaults, ...Object.fromEntries(given) };
}

function wrong(wanted: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `keepTopic wants ${wanted}, got ${describe(got)}`);
}
