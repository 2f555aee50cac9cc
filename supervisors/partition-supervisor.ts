/**
 * Partitions: the same child several times, and a key that always leads to the same one of them.
 *
 * Elixir's PartitionSupervisor. What one actor would have to do for everybody is shared out by key. A partition is found
 * by a name that follows from the key alone, so any thread can reach it, and a restart changes nothing.
 */
import { describe, isActorName, type RefData, RuntimeError, refKey } from "../core/index.ts";
import type { ChildSpec } from "./child-spec.ts";
import { defineSupervisor, type SupervisorBehaviour } from "./define-supervisor.ts";
import type { SupervisorFlags, SupervisorSetup } from "./flags.ts";

export interface PartitionSetup extends Omit<SupervisorFlags, "maxChildren"> {
  /** Name of the whole; partition n is registered as `name/n`. */
  readonly name: string;
  /** Number of partitions, from 1. Elixir's default is one a scheduler. */
  readonly partitions: number;
  /** How each is started. Its argument is `start[1]`, unless `argumentsByPartition` gives each its own. */
  readonly child: Omit<ChildSpec, "id" | "name">;
  /** One argument a partition. */
  readonly argumentsByPartition?: readonly unknown[];
}

export type PartitionKey = string | number | bigint | RefData;

/** Elixir's defaults. */
export const defaultPartitionLimit = { intensity: 3, periodMs: 5_000 } as const;

/**
 * The setup of a supervisor of partitions. Children have the ids 0 to `partitions` - 1.
 * @throws RuntimeError `bad_argument`: no whole number of partitions from 1 to 1,048,576, no name, no child, or not one
 * argument for each.
 */
export function partitionSetup(setup: PartitionSetup): SupervisorSetup {
  if (typeof setup !== "object" || setup === null) {
    throw new RuntimeError(
      "bad_argument",
      `partitions want { name, partitions, child: { start: [behaviour, argument] } }, got ${describe(setup)}`,
    );
  }
  const { name, partitions, child, argumentsByPartition, ...flags } = setup;
  checkPartitions(partitions);
  if (typeof name !== "string" || !isActorName(`${name}/${partitions}`) || name === "") {
    throw new RuntimeError(
      "bad_argument",
      `the name of partitions is a text that leaves room for /n, got ${describe(name)}`,
    );
  }
  if (!Array.isArray(child?.start)) {
    throw new RuntimeError(
      "bad_argument",
      `the child of partitions "${name}" wants start: [behaviour, argument], got ${describe(child)}`,
    );
  }
  if (argumentsByPartition !== undefined && argumentsByPartition.length !== partitions) {
    throw new RuntimeError(
      "bad_argument",
      `partitions "${name}" are ${partitions}, but argumentsByPartition has ${argumentsByPartition.length}: give one for each`,
    );
  }
  const [behaviour, shared] = child.start;
  const children = Array.from(
    { length: partitions },
    (_, id): ChildSpec => ({
      ...child,
      id,
      name: partitionName(name, id, partitions),
      start: [behaviour, argumentsByPartition === undefined ? shared : argumentsByPartition[id]],
    }),
  );
  return { childPlacement: "spread", ...defaultPartitionLimit, ...flags, children };
}

/** Which partition a key belongs to. A whole number counts round, any other key is hashed; the same on every thread and in every run. */
export function partitionOf(key: PartitionKey, partitions: number): number {
  checkPartitions(partitions);
  if (typeof key === "number" && Number.isSafeInteger(key)) return Math.abs(key) % partitions;
  const text = typeof key === "object" ? refKey(key) : String(key);
  return hash(text) % partitions;
}

/** The registered name of a key's partition: a target for `call`, `cast` and `send`. */
export function partitionName(name: string, key: PartitionKey, partitions: number): string {
  return `${name}/${partitionOf(key, partitions)}`;
}

/** A supervisor of partitions that is given its setup as its argument. */
export const partitionSupervisor: SupervisorBehaviour<PartitionSetup> = defineSupervisor(partitionSetup, {
  name: "partitionSupervisor",
  module: import.meta.url,
});

/** Each is an actor, a name and a child spec: more than this is a slip. */
export const partitionsMax = 1_048_576;

function checkPartitions(partitions: number): void {
  if (!Number.isSafeInteger(partitions) || partitions < 1 || partitions > partitionsMax) {
    throw new RuntimeError(
      "bad_argument",
      `partitions are a whole number from 1 to ${partitionsMax}, got ${describe(partitions)}`,
    );
  }
}

/** FNV-1a over UTF-16 units, with a last mix so that low bits depend on all of them. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  return (value ^ (value >>> 16)) >>> 0;
}
