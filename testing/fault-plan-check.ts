/** The border that a plan of faults crosses: what is none is refused with its path, and every default filled in. */
import {
  type CheckedFault,
  type CheckedFaultPlan,
  describe,
  messageFaultKinds,
  type RefData,
  RuntimeError,
  refKey,
  type Selector,
  sendersMax,
} from "../core/index.ts";
import type { FaultKind } from "./fault-plan.ts";

/** Faults of one plan at most: each actor is held against each of them. */
export const faultsMax = 1_000;

type Fields = Readonly<Record<string, unknown>>;

interface Field {
  readonly wanted: string;
  readonly fits: (value: unknown) => boolean;
}

const whole = (least: number, most = Number.MAX_SAFE_INTEGER): Field => ({
  wanted: most === Number.MAX_SAFE_INTEGER ? `a whole number from ${least}` : `a whole number from ${least} to ${most}`,
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most,
});
const number = (wanted: string, fits: (value: number) => boolean): Field => ({
  wanted,
  fits: (value) => typeof value === "number" && Number.isFinite(value) && fits(value),
});
const aboveZeroMs = number("a time in milliseconds above 0", (value) => value > 0);
const selector: Field = {
  wanted: 'a name such as "agent-*", { "name": ... }, { "child": ... } with a supervisor\'s id, or { "ref": ... }',
  fits: (value) => selectorOf(value) !== undefined,
};
const data: Field = { wanted: "plain data", fits: isData };
const text: Field = { wanted: "a text", fits: (value) => typeof value === "string" };

const terms = {
  kind: text,
  atMs: number("a time in milliseconds from 0", (value) => value >= 0),
  times: whole(1),
  probability: number("a number above 0 and up to 1", (value) => value > 0 && value <= 1),
};
const ofTurns = { ...terms, actor: selector, afterTurns: whole(0) };
const timed = { ...ofTurns, everyMs: aboveZeroMs };
const ofMessages = { ...terms, from: selector, to: selector, afterMessages: whole(0) };
const ofThreads = { ...terms, thread: whole(1), everyMs: aboveZeroMs };

const fieldsOf: Readonly<Record<FaultKind, Readonly<Record<string, Field>>>> = {
  throw: { ...ofTurns, message: text },
  loop: ofTurns,
  loopAfterAwait: ofTurns,
  regex: ofTurns,
  exit: { ...ofTurns, code: whole(0, 255) },
  allocate: ofTurns,
  kill: timed,
  poison: { ...timed, message: data },
  threadLoss: timed,
  processKill: timed,
  drop: ofMessages,
  refuse: ofMessages,
  delay: { ...ofMessages, ms: aboveZeroMs },
};

/** @throws RuntimeError `bad_argument`: where in the plan, what was expected there, and what it is. */
export function checkFaultPlan(plan: unknown): CheckedFaultPlan {
  const fields = fieldsAt(plan, "the plan", ["seed", "faults"]);
  const { seed = 1, faults } = fields;
  if (!Number.isSafeInteger(seed)) throw refused("seed", "a whole number", seed);
  if (!Array.isArray(faults))
    throw refused("faults", 'a list of faults, such as [{ kind: "throw", actor: "agent-*" }]', faults);
  if (faults.length > faultsMax) throw refused("faults", `a list of at most ${faultsMax}`, faults.length);
  const checked = faults.map((fault: unknown, index) => checkFault(fault, index));
  const senders = new Set(
    checked.flatMap((fault) =>
      "from" in fault && fault.from !== undefined ? [`${fault.from.by} ${fault.from.pattern}`] : [],
    ),
  );
  if (senders.size > sendersMax)
    throw refused("faults", `a list with at most ${sendersMax} different "from"s`, senders.size);
  return { seed: seed as number, faults: checked };
}

function checkFault(fault: unknown, index: number): CheckedFault {
  const path = `faults[${index}]`;
  const given = fieldsAt(fault, path);
  const { kind } = given;
  if (!isKind(kind)) throw refused(`${path}.kind`, Object.keys(fieldsOf).join(", "), kind);
  const fields: Readonly<Record<string, Field>> =
    kind === "threadLoss" && given["thread"] !== undefined ? ofThreads : fieldsOf[kind];
  for (const [key, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) {
      const known = Object.keys(fields).join(", ");
      throw new RuntimeError("bad_argument", `a fault plan: ${path} has ${describe(key)}, and ${kind} takes ${known}`);
    }
    if (value !== undefined && !field.fits(value)) throw refused(`${path}.${key}`, field.wanted, value);
  }
  assertComplete(given, kind, path);
  return filled(given, kind, index);
}

/** What is wanted beside what. */
function assertComplete(given: Fields, kind: FaultKind, path: string): void {
  const has = (key: string) => given[key] !== undefined;
  if (isMessageKind(kind)) {
    if (!has("from") && !has("to"))
      throw refused(`${path}.to`, `there, or .from: whose messages to ${kind}`, undefined);
    if (kind === "delay" && !has("ms")) throw refused(`${path}.ms`, aboveZeroMs.wanted, undefined);
    return;
  }
  if (!has("actor") && !has("thread")) {
    const orThread = kind === "threadLoss" ? "; or .thread a position from 1" : "";
    throw refused(`${path}.actor`, `${selector.wanted}${orThread}`, undefined);
  }
  if (has("everyMs") && (!has("atMs") || has("afterTurns")))
    throw refused(`${path}.everyMs`, "a period that begins at .atMs, without .afterTurns", given["everyMs"]);
  if (has("thread") && !has("everyMs") && (given["times"] ?? 1) !== 1)
    throw refused(`${path}.times`, "1, or given with .everyMs: one moment takes a thread once", given["times"]);
}

/** The casts are sound: each field was held against its wanted kind. */
function filled(given: Fields, kind: FaultKind, index: number): CheckedFault {
  const { atMs = 0, probability = 1, everyMs = Number.POSITIVE_INFINITY } = given as Readonly<Record<string, number>>;
  const always = isMessageKind(kind) || given["everyMs"] !== undefined;
  const times = (given["times"] ?? (always ? Number.POSITIVE_INFINITY : 1)) as number;
  const common = { index, atMs, probability, times };
  if (isMessageKind(kind)) {
    const { afterMessages = 0, ms = 0 } = given as Readonly<Record<string, number>>;
    return { ...common, kind, from: selectorOf(given["from"]), to: selectorOf(given["to"]), afterMessages, ms };
  }
  if (given["thread"] !== undefined)
    return { ...common, kind: "threadLoss", thread: given["thread"] as number, everyMs };
  const isTimed = "everyMs" in fieldsOf[kind] && given["atMs"] !== undefined && given["afterTurns"] === undefined;
  const { afterTurns = 0, code = 1 } = given as Readonly<Record<string, number>>;
  return {
    ...common,
    kind,
    actor: selectorOf(given["actor"]) as Selector,
    afterTurns,
    isTimed,
    everyMs,
    code,
    text: kind === "throw" ? ((given["message"] as string | undefined) ?? `injected fault ${index}`) : "",
    message: kind === "poison" ? given["message"] : undefined,
  };
}

function selectorOf(value: unknown): Selector | undefined {
  if (isText(value)) return { by: "name", pattern: value };
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const [[key, one] = [], ...more] = Object.entries(value);
  if (key === undefined || more.length > 0) return undefined;
  if (key === "name" && isText(one)) return { by: "name", pattern: one };
  if (key === "child" && (isText(one) || Number.isFinite(one))) return { by: "child", pattern: String(one) };
  if (key !== "ref") return undefined;
  if (typeof one === "string") return /^\d+\.\d+\.\d+$/.test(one) ? { by: "ref", pattern: one } : undefined;
  const { node, thread, slot, generation } = (one ?? {}) as Partial<RefData>;
  const isRef = typeof node === "string" && [thread, slot, generation].every(Number.isInteger);
  return isRef ? { by: "ref", pattern: refKey(one as RefData) } : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** What every thread can be given. */
function isData(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function isKind(kind: unknown): kind is FaultKind {
  return typeof kind === "string" && Object.hasOwn(fieldsOf, kind);
}

function isMessageKind(kind: FaultKind): kind is (typeof messageFaultKinds)[number] {
  return (messageFaultKinds as readonly string[]).includes(kind);
}

function fieldsAt(value: unknown, path: string, known?: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw refused(
      path,
      known === undefined ? 'a fault, such as { kind: "throw", actor: "agent-*" }' : "{ seed, faults: [ ... ] }",
      value,
    );
  const stray = known && Object.keys(value).find((key) => !known.includes(key));
  if (stray !== undefined)
    throw new RuntimeError(
      "bad_argument",
      `a fault plan has ${describe(stray)}, and a plan takes ${known?.join(", ")}`,
    );
  return value as Fields;
}

function refused(path: string, wanted: string, got: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `a fault plan: ${path} is ${wanted}, got ${describe(got)}`);
}
