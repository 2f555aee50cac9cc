/**
 * Dynamic supervisors: children that come and go at run time, all of one template.
 *
 * OTP's simple_one_for_one under the name that Elixir made common, with DynamicSupervisor's bound on the number of
 * children.
 */
import { describe, RuntimeError } from "../core/index.ts";
import type { ChildSpec } from "./child-spec.ts";
import type { SupervisorFlags, SupervisorSetup } from "./flags.ts";

export interface DynamicSetup extends Omit<SupervisorFlags, "strategy" | "autoShutdown"> {
  /** How every child is started. Default id: `child`; nobody asks for it. */
  readonly child: Omit<ChildSpec, "id" | "significant"> & { readonly id?: ChildSpec["id"] };
}

/**
 * The setup of a dynamic supervisor, to return from `defineSupervisor`'s init or to hand to `supervise`.
 * @throws RuntimeError `bad_argument`: no record with a `child`, or one with a flag that it cannot have.
 */
export function dynamicSetup(setup: DynamicSetup): SupervisorSetup {
  if (typeof setup !== "object" || setup === null || typeof setup.child !== "object" || setup.child === null) {
    throw new RuntimeError(
      "bad_argument",
      `a dynamic supervisor wants { child: { start: [behaviour, argument] }, …flags }, got ${describe(setup)}`,
    );
  }
  for (const key of ["strategy", "autoShutdown", "children"]) {
    if (!(key in setup)) continue;
    const remedy =
      "its strategy is simple_one_for_one and its children come by startChild: leave it out, or use supervise";
    throw new RuntimeError("bad_argument", `a dynamic supervisor has no ${key}: ${remedy}`);
  }
  const { child, ...flags } = setup;
  return { ...flags, strategy: "simple_one_for_one", children: [{ id: "child", ...child }] };
}
