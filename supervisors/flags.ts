/**
 * What a supervisor is told about itself: OTP's supervisor flags (supervisor.erl, check_flags), and where its children
 * run unless they say otherwise.
 */
import type { Placement } from "../core/index.ts";
import { type ChildSpec, checkChildSpecs, type FullChildSpec, isPlacement, specAsData } from "./child-spec.ts";
import { defaultRestartLimit } from "./restart-window.ts";
import { type Checked, checkedBy, SpecFault } from "./spec-error.ts";

/** Who is restarted with a failed child. `simple_one_for_one`: many children of one template, each on its own. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one" | "simple_one_for_one";

/** Whether the supervisor ends when any, or the last, of its significant children ended by itself. */
export type AutoShutdown = "never" | "any_significant" | "all_significant";

export interface SupervisorFlags {
  /** Default `one_for_one`. */
  readonly strategy?: Strategy;
  /** Restarts allowed within one period. Default 1. */
  readonly intensity?: number;
  /** A whole number of milliseconds. Default 5,000. */
  readonly periodMs?: number;
  /** Default `never`. */
  readonly autoShutdown?: AutoShutdown;
  /** Where children run whose spec does not say. Default `local`. */
  readonly childPlacement?: Placement;
  /** `simple_one_for_one` only: children at most, restarting ones included (Elixir's max_children). Default: no bound. */
  readonly maxChildren?: number;
}

/** Flags and children: what a supervisor's `init` answers. `simple_one_for_one` takes exactly one child, the template. */
export interface SupervisorSetup extends SupervisorFlags {
  readonly children?: readonly ChildSpec[];
}

export type FullFlags = Required<SupervisorFlags>;

/** OTP's defaults, and ours for what OTP has not. */
export const defaultFlags: FullFlags = {
  strategy: "one_for_one",
  ...defaultRestartLimit,
  autoShutdown: "never",
  childPlacement: "local",
  maxChildren: Number.POSITIVE_INFINITY,
};

const strategies: readonly unknown[] = [
  "one_for_one",
  "one_for_all",
  "rest_for_one",
  "simple_one_for_one",
] satisfies Strategy[];
const autoShutdowns: readonly unknown[] = ["never", "any_significant", "all_significant"] satisfies AutoShutdown[];

/** Checks flags in OTP's order and fills defaults. Unknown keys are ignored. */
export function checkFlags(given: SupervisorFlags): Checked<FullFlags> {
  return checkedBy("invalid_flags", () => {
    const { strategy, intensity, periodMs, autoShutdown, childPlacement, maxChildren } = withDefaults(given);
    if (!strategies.includes(strategy)) throw new SpecFault("invalid_strategy", strategy);
    if (!Number.isInteger(intensity) || intensity < 0) throw new SpecFault("invalid_intensity", intensity);
    if (!Number.isInteger(periodMs) || periodMs <= 0) throw new SpecFault("invalid_period", periodMs);
    if (!autoShutdowns.includes(autoShutdown)) throw new SpecFault("invalid_auto_shutdown", autoShutdown);
    // Refused by current OTP too: the children of a template come and go, and none of them stands for the whole.
    if (strategy === "simple_one_for_one" && autoShutdown !== "never") {
      throw new SpecFault("bad_combination", { strategy, autoShutdown });
    }
    if (!isPlacement(childPlacement)) throw new SpecFault("invalid_placement", childPlacement);
    if (!(Number.isInteger(maxChildren) || maxChildren === Number.POSITIVE_INFINITY) || maxChildren < 0) {
      throw new SpecFault("invalid_max_children", maxChildren);
    }
    return { strategy, intensity, periodMs, autoShutdown, childPlacement, maxChildren };
  });
}

/** Checks the children of a setup. `simple_one_for_one` needs exactly one: `bad_start_spec`. */
export function checkChildren(setup: SupervisorSetup, flags: FullFlags): Checked<readonly FullChildSpec[]> {
  const read = checkedBy("bad_start_spec", () => {
    const children: unknown = setup.children ?? [];
    if (flags.strategy === "simple_one_for_one" && !(Array.isArray(children) && children.length === 1)) {
      throw new SpecFault("bad_start_spec", Array.isArray(children) ? `${children.length} children` : children);
    }
    return children;
  });
  return read.ok ? checkChildSpecs(read.value, flags) : read;
}

/** The same setup with every behaviour as data, for a supervisor on another thread. @throws RuntimeError `module_unknown`. */
export async function setupAsData(setup: SupervisorSetup): Promise<SupervisorSetup> {
  if (!Array.isArray(setup.children)) return setup;
  return { ...setup, children: await Promise.all(setup.children.map(specAsData)) };
}

/** An explicit `undefined` is a key that is not there. */
function withDefaults(given: SupervisorFlags): FullFlags {
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...defaultFlags, ...Object.fromEntries(present) };
}
