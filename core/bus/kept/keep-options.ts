/** What `keepTopic` takes, and what of it is refused. */
import { describe, RuntimeError } from "../../errors.ts";
import { assertKeys } from "../../known-keys.ts";
import { isPluginName } from "../../plugin/plugin-facts.ts";

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
  /**
   * What is kept, and what its acknowledged queues have, is in the store as well, and is there again when the topic is kept in
   * the next run of the program. A publish is kept when the store has it. With `store`; default false.
   */
  readonly durable?: boolean;
  /** The storage plugin that has it, by its name: `storage-sqlite`. It runs before, and needs no durable topic itself. */
  readonly store?: string;
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

/** What was asked for: the bounds, and the store; undefined: memory alone. */
export type CheckedKeep = readonly [limits: KeepLimits, store: string | undefined];

/** @throws RuntimeError `bad_argument`. */
export function checkKeepOptions(pattern: string, options: KeepOptions = {}): CheckedKeep {
  assertKeys("keepTopic: options", options, [
    "messages",
    "messagesPerTopic",
    "bytes",
    "ms",
    "policy",
    "durable",
    "store",
  ]);
  for (const key of ["messages", "messagesPerTopic", "bytes"] as const) {
    const value = options[key];
    if (value !== undefined && value !== Number.POSITIVE_INFINITY && !(Number.isInteger(value) && value >= 1))
      throw wrong(`${key} as a whole number from 1 or Infinity`, value);
  }
  const { durable, ms, policy, store } = options;
  if (durable !== undefined && typeof durable !== "boolean") throw wrong("durable as true or false", durable);
  if (durable === true) {
    if (!isPluginName(store)) throw wrong('store beside durable, the name of a plugin like "storage-sqlite"', store);
    if (!pattern.isWellFormed()) throw wrong("a pattern without halves of a pair beside durable", pattern);
  } else if (store !== undefined) throw wrong("store beside durable: true alone", options);
  if (ms !== undefined && !(typeof ms === "number" && ms > 0)) throw wrong("ms as a time above 0", ms);
  if (policy !== undefined && policy !== "dropOldest" && policy !== "reject")
    throw wrong("policy dropOldest or reject", policy);
  const { durable: _durable, store: _store, ...limits } = options;
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return [{ ...keepDefaults, ...Object.fromEntries(given) }, store];
}

function wrong(wanted: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `keepTopic wants ${wanted}, got ${describe(got)}`);
}
