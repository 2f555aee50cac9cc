/** The test kit: what a program's own tests need to hold its actors to their word. */

export type { CheckedFaultPlan, FaultCount } from "../core/index.ts";
export {
  describePlacements,
  Place,
  type PlaceName,
  placementAnchor,
  placementThreads,
  placeNames,
  type Runner,
} from "./describe-placements.ts";
export { EventRecorder } from "./event-recorder.ts";
export { InjectedFaults, injectFaults } from "./fault-injector.ts";
export type { ActorSelector, Fault, FaultKind, FaultPlan } from "./fault-plan.ts";
export { checkFaultPlan } from "./fault-plan-check.ts";
export { Probe, probeBehaviour, type Watch } from "./probe.ts";
export { startTree, TestTree, type TreeChild, type TreeSetup, treeLeaf } from "./start-tree.ts";
export type { TestedEvent, TestedSystem } from "./tested-system.ts";
