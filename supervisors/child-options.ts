/** What a child spec says beside OTP's keys: what each option may be, and how that is said to whoever wrote something else. */
import {
  describe,
  isActorName,
  isBudget,
  isData,
  isDeclaration,
  isEnvironment,
  isHeapMb,
  isIsolation,
  isTurnLimit,
  type MailboxPolicy,
} from "../core/index.ts";
import type { ChildSpec } from "./child-spec.ts";

interface Option {
  readonly isValid: (value: unknown) => boolean;
  readonly wants: string;
}

const policies: readonly unknown[] = ["reject", "dropOldest", "dropNewest", "wait"] satisfies MailboxPolicy[];

export const childOptions = {
  isolation: { isValid: isIsolation, wants: '"shared", "thread" or "process"' },
  env: { isValid: isEnvironment, wants: "texts by the names of variables" },
  mailboxPolicy: { isValid: (policy) => policies.includes(policy), wants: policies.join(", ") },
  name: { isValid: isActorName, wants: 'a text of 1 to 256 characters other than "undefined"' },
  turnLimitMs: { isValid: isTurnLimit, wants: "a time in milliseconds from 1, or Infinity" },
  heapMb: { isValid: isHeapMb, wants: "a number of MiB from 16" },
  budget: { isValid: isBudget, wants: "an object with mailbox, openTasks, initMs, terminateMs, each from 1" },
  declaration: { isValid: isDeclaration, wants: "an object with version, tags, capabilities, metadata" },
  configuration: { isValid: isData, wants: "an object with the values that it gives" },
  mailboxCapacity: {
    isValid: (value) => Number.isInteger(value) && isAtLeast(value, 1),
    wants: "a whole number from 1",
  },
  startTimeoutMs: { isValid: (value) => isAtLeast(value, 0), wants: "a time in milliseconds from 0" },
} as const satisfies Partial<Record<keyof ChildSpec, Option>>;

/** The first option that is wrong, with its value, as a text where that is no plain one. */
export function wrongOption(
  spec: Partial<Record<keyof ChildSpec, unknown>>,
): { readonly key: string; readonly value: unknown } | undefined {
  for (const [key, { isValid }] of Object.entries<Option>(childOptions)) {
    const value = spec[key as keyof typeof childOptions];
    if (value !== undefined && !isValid(value))
      return { key, value: Object(value) === value ? describe(value) : value };
  }
  return undefined;
}

export function isAtLeast(value: unknown, min: number): boolean {
  return typeof value === "number" && value >= min;
}
