/** The face of the room. */
export { type Backoff, defaultBackoff } from "./backoff.ts";
export type {
  ChildBehaviour,
  ChildId,
  ChildSpec,
  ChildStart,
  ChildType,
  FullChildSpec,
  Restart,
  Shutdown,
} from "./child-spec.ts";
export { checkChildSpec, checkChildSpecs, specAsData, workerShutdownMs } from "./child-spec.ts";
export {
  defineSupervisor,
  isSupervisor,
  type SupervisorApi,
  type SupervisorBehaviour,
  type SupervisorCalls,
  supervisor,
} from "./define-supervisor.ts";
export { type DynamicSetup, dynamicSetup } from "./dynamic.ts";
export {
  type AutoShutdown,
  defaultFlags,
  type FullFlags,
  type Strategy,
  type SupervisorFlags,
  type SupervisorSetup,
  setupAsData,
} from "./flags.ts";
export {
  DynamicSupervisorHandle,
  type SpawnedSupervisor,
  type SupervisionHost,
  SupervisorHandle,
  superviseDynamicOn,
  superviseOn,
  topPlacement,
} from "./handle.ts";
export type {
  AlreadyStarted,
  ChangeCodeOutcome,
  ChildCounts,
  ChildEntry,
  DeleteChildOutcome,
  GetChildSpecOutcome,
  Outcome,
  RestartChildOutcome,
  StartChildOutcome,
  StartFailed,
  TerminateChildOutcome,
  WhichChildOutcome,
} from "./outcome.ts";
export {
  defaultPartitionLimit,
  type PartitionKey,
  type PartitionSetup,
  partitionName,
  partitionOf,
  partitionSetup,
  partitionSupervisor,
} from "./partition-supervisor.ts";
export { type PlacedPlugin, type PluginSupervision, type PluginUse, pluginSetup } from "./plugins.ts";
export {
  type ErrorContext,
  type ProgressReport,
  progressMessage,
  type ReportedChild,
  type ReportTextOptions,
  reportIn,
  reportMessage,
  reportText,
  type SupervisorReport,
} from "./reports.ts";
export { defaultRestartLimit, type RestartLimit, RestartWindow } from "./restart-window.ts";
export type { Checked, SpecError, SpecErrorCode } from "./spec-error.ts";
export type { SetupAnswer } from "./supervisor.ts";
export { SystemTree, type SystemTreeHost } from "./system-tree.ts";
export { argumentOf } from "./template-crew.ts";
