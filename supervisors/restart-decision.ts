/**
 * What follows from a child's end, as pure functions: restart or not, who goes down and comes up with it, and whether
 * the supervisor ends too. Erlang/OTP, supervisor.erl: do_restart/3, restart/3, do_auto_shutdown/2, shutdown/1.
 */
import { type ExitReason, isOrderly } from "../core/index.ts";
import type { FullChildSpec, Restart, Shutdown } from "./child-spec.ts";
import type { AutoShutdown, Strategy } from "./flags.ts";
import type { OutsideCause } from "./restart-window.ts";

export interface ExitDecision {
  /** Whether a `child_terminated` report is made. */
  readonly isReported: boolean;
  /** `restart` it, `keep` the spec without an actor, or `remove` the spec. */
  readonly action: "restart" | "keep" | "remove";
}

/** A child ended by itself. `keep` and `remove` may end the supervisor too: see `endsSupervisor`. */
export function decideExit(restart: Restart, reason: ExitReason): ExitDecision {
  if (restart === "permanent") return { isReported: true, action: "restart" };
  const isReported = !isOrderly(reason);
  if (restart === "temporary") return { isReported, action: "remove" };
  return { isReported, action: isReported ? "restart" : "keep" };
}

/** Who goes down and comes up again with a failed child: nobody, those started after it, or all. */
export function restartGroup(strategy: Strategy): "itself" | "rest" | "all" {
  switch (strategy) {
    case "one_for_one":
    case "simple_one_for_one":
      return "itself";
    case "rest_for_one":
      return "rest";
    case "one_for_all":
      return "all";
  }
}

/**
 * Whether the supervisor ends because this child ended by itself and is not restarted.
 * @param isAnotherActive whether another significant child has an actor or is restarting; asked only when it matters.
 */
export function endsSupervisor(
  autoShutdown: AutoShutdown,
  spec: Pick<FullChildSpec, "significant">,
  isAnotherActive: () => boolean,
): boolean {
  if (!spec.significant) return false;
  switch (autoShutdown) {
    case "never":
      return false;
    case "any_significant":
      return true;
    case "all_significant":
      return !isAnotherActive();
  }
}

/** Whether a child that its supervisor took down ended as it should; else there is a `shutdown_error` report. */
export function isExpectedEnd(restart: Restart, shutdown: Shutdown, reason: ExitReason): boolean {
  if (reason === (shutdown === "brutal_kill" ? "killed" : "shutdown")) return true;
  return restart !== "permanent" && isOrderly(reason);
}

/** Whether the child ended because another actor's turn was cut down, which took an open turn of the child with it. */
function isTurnLost(reason: ExitReason): boolean {
  return typeof reason === "object" && "turnLost" in reason;
}

/** What ended a child, where that is not its own doing; undefined: it is. */
export function outsideCauseOf(reason: ExitReason, thread: number | undefined): OutsideCause | undefined {
  return isTurnLost(reason) ? "turnLost" : lostThreadOf(reason, thread);
}

/** The thread whose loss ended a child of that thread, or undefined. */
export function lostThreadOf(reason: ExitReason, thread: number | undefined): number | undefined {
  return typeof reason === "object" && "threadLost" in reason ? thread : undefined;
}
