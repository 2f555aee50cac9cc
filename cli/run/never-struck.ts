/** Faults of a plan that never struck, and why: most often a selector that meant nobody. */
import {
  type CheckedFault,
  type CheckedFaultPlan,
  isMessageFault,
  isThreadFault,
  type Selector,
  type SelectorRole,
  selectorsOf,
} from "../../core/index.ts";
import type { FaultCount } from "../../testing/index.ts";
import { closeNames } from "./close-names.ts";

/** Names, and ids of children, that there were. */
export interface Known {
  readonly names: ReadonlySet<string>;
  readonly children: ReadonlySet<string>;
}

export interface NeverStruck {
  /** Its place in the plan. */
  readonly fault: number;
  readonly kind: string;
  /** In words. */
  readonly why: string;
  /** Names, or ids, that were there and are close to one that was not. */
  readonly close: readonly string[];
}

/** Those that have not struck once, in the order of the plan. */
export function neverStruck(plan: CheckedFaultPlan, counts: readonly FaultCount[], known: Known): NeverStruck[] {
  return plan.faults.flatMap((fault) => {
    const count = counts[fault.index];
    if (count === undefined || count.injected > 0) return [];
    return [{ fault: fault.index, kind: fault.kind, ...reasonOf(fault, count, known) }];
  });
}

function reasonOf(
  fault: CheckedFault,
  { skipped, unmet = [] }: FaultCount,
  known: Known,
): Pick<NeverStruck, "why" | "close"> {
  const missed = selectorsOf(fault).filter(([role]) => unmet.includes(role));
  if (missed.length > 0) {
    return {
      why: missed.map(([role, selector]) => nobodyText(role, selector, known)).join(", "),
      close: missed.flatMap(([, { by, pattern }]) => closeNames(pattern, by === "ref" ? [] : placesOf(by, known))),
    };
  }
  const why =
    skipped > 0
      ? `it could not strike what it was meant for (${skipped} skipped, see the warnings)`
      : `not reached: ${notReachedText(fault)}`;
  return { why, close: [] };
}

const rolesText = { actor: "actor", from: "sender", to: "receiver" } as const satisfies Record<SelectorRole, string>;
const byText = { name: "the name", child: "a supervisor's id", ref: "the ref" } as const;

function placesOf(by: "name" | "child", { names, children }: Known): ReadonlySet<string> {
  return by === "name" ? names : children;
}

/** One that is there by the other kind of selector is what was meant. */
function nobodyText(role: SelectorRole, { by, pattern }: Selector, known: Known): string {
  const text = `no ${rolesText[role]} had ${byText[by]} ${JSON.stringify(pattern)}`;
  if (by === "name" && known.children.has(pattern))
    return `${text}: a child has that id, ${JSON.stringify({ child: pattern })}`;
  if (by === "child" && known.names.has(pattern)) return `${text}: an actor has that name, ${JSON.stringify(pattern)}`;
  return text;
}

function notReachedText(fault: CheckedFault): string {
  const { atMs, probability } = fault;
  const terms = [
    ...("afterTurns" in fault && fault.afterTurns > 0 ? [`afterTurns ${fault.afterTurns}`] : []),
    ...("afterMessages" in fault && fault.afterMessages > 0 ? [`afterMessages ${fault.afterMessages}`] : []),
    ...(atMs > 0 ? [`atMs ${atMs} from the plan's start`] : []),
    ...(probability < 1 ? [`probability ${probability}`] : []),
  ];
  return `${waitedText(fault)}${terms.length === 0 ? "" : ` (${terms.join(", ")})`}`;
}

/** What it waited for. */
function waitedText(fault: CheckedFault): string {
  if (isMessageFault(fault)) return "no message that it could strike went that way";
  if (isThreadFault(fault)) return "its time did not come";
  return fault.isTimed
    ? "its time did not come while its actor was there"
    : "its actor had no turn that it could strike";
}
