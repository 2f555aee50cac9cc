/**
 * Dynamic supervisors: children that come and go at run time, all of one template.
 *
 * OTP's simple_one_for_one under the name that Elixir made common, with DynamicSupervisor's bound on the number of
 * children.
 */
import type { ChildSpec } from "./child-spec.ts";
import type { SupervisorFlags, SupervisorSetup } from "./flags.ts";

export interface DynamicSetup extends Omit<SupervisorFlags, "strategy" | "autoShutdown"> {
  /** How every child is started. Default id: `child`; nobody asks for it. */
  readonly child: Omit<ChildSpec, "id" | "significant"> & { readonly id?: ChildSpec["id"] };
}

/** The setup of a dynamic supervisor, to return from `defineSupervisor`'s init or to hand to `supervise`. */
export function dynamicSetup({ child, ...flags }: DynamicSetup): SupervisorSetup {
  return { ...flags, strategy: "simple_one_for_one", children: [{ id: "child", ...child }] };
}
