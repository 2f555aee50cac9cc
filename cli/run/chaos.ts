/** `mofa run --chaos plan.json`: the plan in a file, and what it has done in the end. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type CheckedFaultPlan, errorData } from "../../core/index.ts";
import { RuntimeError } from "../../index.ts";
import { checkFaultPlan, type FaultCount, type FaultPlan } from "../../testing/index.ts";
import { type Known, type NeverStruck, neverStruck } from "./never-struck.ts";

/** What a plan has done. */
export interface ChaosReport {
  readonly seed: number;
  /** How often a fault of each kind of the plan has struck. */
  readonly injected: Readonly<Record<string, number>>;
  /** How many it could not strike, of those kinds where there were any. */
  readonly skipped: Readonly<Record<string, number>>;
  /** The same of each fault, in the order of the plan. */
  readonly faults: readonly FaultCount[];
  /** Those that have not struck once, and why. */
  readonly never: readonly NeverStruck[];
}

/**
 * Reads a plan as JSON.
 * @param seed stands in place of the plan's
 * @throws RuntimeError `bad_argument`: no file, no JSON, or no plan; the message has the file, and where in it.
 */
export function readPlan(file: string, seed: number | undefined): FaultPlan {
  const path = resolve(file);
  const plan = parsed(path, textOf(path));
  try {
    checkFaultPlan(plan);
  } catch (error) {
    if (error instanceof RuntimeError) throw refused(path, error.message, error);
    throw error;
  }
  // It is one: it was checked.
  return { ...(plan as FaultPlan), ...(seed !== undefined && { seed }) };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw refused(
      path,
      `--chaos wants the file of a plan, and this one cannot be read: ${errorData(error).message}`,
      error,
    );
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refused(path, `this is no JSON: ${errorData(error).message}`, error);
  }
}

function refused(path: string, why: string, cause: unknown): RuntimeError {
  return new RuntimeError("bad_argument", `${path}: ${why}`, { cause });
}

export function chaosReport(plan: CheckedFaultPlan, faults: readonly FaultCount[], known: Known): ChaosReport {
  const skipped = byKind(faults, (count) => count.skipped);
  return {
    seed: plan.seed,
    injected: byKind(faults, (count) => count.injected),
    skipped: Object.fromEntries(Object.entries(skipped).filter(([, count]) => count > 0)),
    faults,
    never: neverStruck(plan, faults, known),
  };
}

function byKind(faults: readonly FaultCount[], of: (count: FaultCount) => number): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const count of faults) sums[count.kind] = (sums[count.kind] ?? 0) + of(count);
  return sums;
}

/** For a person: what there was, and a line for each fault that never struck. */
export function chaosText({ seed, injected, skipped, never }: ChaosReport): string {
  const kinds = Object.entries(injected).map(([kind, count]) => {
    const not = skipped[kind] === undefined ? "" : ` (${skipped[kind]} skipped)`;
    return `${kind} ${count}${not}`;
  });
  const lines = never.map(({ fault, kind, why, close }) => {
    const meant = close.length === 0 ? "" : `; close to it: ${close.map((name) => JSON.stringify(name)).join(", ")}`;
    return `faults[${fault}] (${kind}) never struck: ${why}${meant}`;
  });
  return [`faults injected with seed ${seed}: ${kinds.join(", ") || "none"}`, ...lines].join("\n");
}
