/** The face of `core`. */

export { isActorName } from "./actor/actor-name.ts";
export {
  type ActorApi,
  type ActorDefinition,
  type Behaviour,
  type BehaviourOptions,
  type BehaviourReference,
  defineActor,
  type Handlers,
  isBehaviour,
  isTurnLimit,
  type MailboxPolicy,
  mailboxCapacityDefault,
  makeBehaviour,
} from "./actor/behaviour.ts";
export { type BehaviourModule, behaviourModule } from "./actor/behaviour-module.ts";
export { type Budget, isBudget, isMailboxBoundTwice, plainBudget } from "./actor/budget.ts";
export type {
  AgentMessage,
  Context,
  DownMessage,
  Envelope,
  ExitMessage,
  From,
  GroupMessage,
  GroupMonitor,
  InterruptOptions,
  IntervalOptions,
  Isolation,
  LogLevel,
  Monitor,
  Placement,
  PublishOptions,
  PublishReceipt,
  RequestOptions,
  RequestStreamOptions,
  SpawnLinkOptions,
  SpawnOptions,
  SpawnRest,
  StartedMessage,
  StartResult,
  StreamOptions,
  StreamReader,
  StreamWriter,
  Subscription,
  SubscriptionOptions,
  SystemMessage,
  Target,
  TimerMessage,
  TimerRef,
  UnsubscribedMessage,
} from "./actor/context.ts";
export { type ExitReason, errorReason, isOrderly, reasonKind, reasonText } from "./actor/exit-reason.ts";
export type { LifecycleState } from "./actor/lifecycle-state.ts";
export {
  type AnyApi,
  type Api,
  type CallOptions,
  isRef,
  type NoReply,
  noReply,
  Ref,
  type RefData,
  refKey,
  type SendOptions,
  type SendResult,
  sameRef,
} from "./actor/ref.ts";
export { RefTable } from "./actor/ref-table.ts";
export { defineServer, type ServerApi, type ServerDefinition } from "./actor/server.ts";
export type { QueueStats } from "./bus/kept/ack-queue.ts";
export type { KeepOptions } from "./bus/kept/keep-options.ts";
export type { KeptTopicStats } from "./bus/kept/kept-topic.ts";
export { byDeadline, type Clock, SystemClock, stopwatchMs, wallMs } from "./clock.ts";
export { eventWeightMax, vectorsWeightMax } from "./contracts/answer-weight.ts";
export { type BoundedFetch, boundedFetch } from "./contracts/bounded-fetch.ts";
export type { ChatEnd } from "./contracts/chat-assembly.ts";
export {
  type ConfigKey,
  type ConfigSchema,
  choiceKey,
  configSchema,
  countKey,
  httpUrlKey,
  optionalUrlKey,
  textKey,
  urlKey,
} from "./contracts/config-schema.ts";
export { defineModel, type ModelDefinition, type ModelHandlers } from "./contracts/define-model.ts";
export { defineStorage, type StorageDefinition, type StorageHandlers } from "./contracts/define-storage.ts";
export { defineTools, type ToolsDefinition, type ToolsHandlers } from "./contracts/define-tools.ts";
export { type FailPoint, failPoint, failPoints } from "./contracts/fail-point.ts";
export {
  type ChatAnswer,
  type ChatAssistantMessage,
  type ChatCost,
  type ChatDelta,
  type ChatMessage,
  type ChatRequest,
  type ChatSystemMessage,
  type ChatToolMessage,
  type ChatUsage,
  type ChatUserMessage,
  type EmbedAnswer,
  type EmbedRequest,
  type FinishReason,
  type JsonSchema,
  type ModelCalls,
  type ModelInfo,
  modelTag,
  modelVersion,
  type PullAnswer,
  type PullProgress,
  type PullRequest,
  type ToolCall,
  type ToolSpec,
} from "./contracts/model.ts";
export {
  type BudgetAmounts,
  type BudgetLimits,
  type BudgetNeed,
  type BudgetSetting,
  checkedBudgetKey,
  limitsFault,
  type ModelBudget,
  type ModelBudgets,
} from "./contracts/model-budget.ts";
export {
  type AnswerDelta,
  type ChatOptions,
  ChatReader,
  type ModelClient,
  type ModelOptions,
  modelOf,
  type PullOptions,
} from "./contracts/model-client.ts";
export {
  type ChatOutlet,
  type ModelDriver,
  type ModelLimits,
  modelLimits,
  type PullOutlet,
  relayLimits,
} from "./contracts/model-driver.ts";
export {
  codeOfStatus,
  ModelError,
  type ModelErrorCode,
  modelError,
  modelErrorWithin,
  retryAfterMs,
} from "./contracts/model-failure.ts";
export { compareNames } from "./contracts/name-order.ts";
export {
  beginOperation,
  type Operation,
  type OperationEnd,
  type OperationTeller,
} from "./contracts/operation.ts";
export { pause } from "./contracts/pause.ts";
export { SecretTexts, secretMark } from "./contracts/secret-texts.ts";
export { ServerSockets } from "./contracts/server-sockets.ts";
export {
  type SqlAnswer,
  type SqlCalls,
  type SqlColumnRow,
  type SqlDriver,
  type SqlParameter,
  type SqlRequest,
  sqlVersion,
} from "./contracts/sql.ts";
export { SqlRows } from "./contracts/sql-rows.ts";
export {
  type AppendWrite,
  type BatchedWrite,
  type DeleteWrite,
  type JournalEntry,
  type ListQuery,
  type PruneWrite,
  type PutWrite,
  type ReadOutcome,
  type ReadQuery,
  type SnapshotWrite,
  type StorageCalls,
  type StorageWrite,
  type StoredEntry,
  type StoredSnapshot,
  storageCapability,
  type WriteCall,
  type WriteOutcome,
  type WriteResult,
  type WriteResults,
} from "./contracts/storage.ts";
export { type StorageClient, storageOf } from "./contracts/storage-client.ts";
export type {
  DriverEntry,
  DriverEvent,
  DriverOutcome,
  DriverSnapshot,
  DriverVector,
  DriverWrite,
  StorageDriver,
} from "./contracts/storage-driver.ts";
export {
  type ToolAnswer,
  type ToolApproval,
  type ToolDecision,
  type ToolDelta,
  type ToolInfo,
  type ToolRequest,
  type ToolsCalls,
  toolsTag,
  toolsVersion,
} from "./contracts/tool.ts";
export { type ToolCallOptions, type ToolsClient, toolsOf } from "./contracts/tool-client.ts";
export {
  defineTool,
  isToolName,
  type Tool,
  type ToolDefinition,
  type ToolDriver,
  type ToolLimits,
  type ToolRun,
  toolLimits,
  toolsConfig,
} from "./contracts/tool-definition.ts";
export { ToolError, type ToolErrorCode, toolError } from "./contracts/tool-failure.ts";
export { toolInput } from "./contracts/tool-input.ts";
export {
  isToolSchema,
  jsonSchemaFor,
  type SchemaCheck,
  schemaCheck,
  type ToolSchema,
  toolSchemaText,
} from "./contracts/tool-schema.ts";
export { type Toolbox, type ToolOutcome, toolboxOf } from "./contracts/toolbox.ts";
export { type TraceContext, traceContext } from "./contracts/trace-context.ts";
export { assertAt, type PutRow, runGroup, runSweep, type TransactionSession } from "./contracts/transaction-session.ts";
export { assertDimension } from "./contracts/vector-search.ts";
export type {
  DeleteVectorWrite,
  DropVectorsWrite,
  FoundVector,
  PutVectorWrite,
  StoredVector,
  VectorMetadata,
  VectorMetric,
  VectorNumbers,
  VectorQuery,
  VectorSearch,
} from "./contracts/vectors.ts";
export { describe, type ErrorCode, type ErrorData, errorCodes, errorData, RuntimeError } from "./errors.ts";
export type { FaultCount, FaultInjection } from "./faults/injection.ts";
export {
  type CheckedFault,
  type CheckedFaultPlan,
  type InjectedKind,
  isMessageFault,
  isThreadFault,
  messageFaultKinds,
  type Selector,
  type SelectorRole,
  selectorsOf,
  sendersMax,
} from "./faults/plan.ts";
export { matchesPattern } from "./faults/selector.ts";
export type { ActivityColumn, ActorActivity } from "./kernel/activity-counts.ts";
export type { ActorInfo } from "./kernel/controls.ts";
export type { DeadLetter } from "./kernel/dead-letters.ts";
export type { EventOptions } from "./kernel/event-stream.ts";
export {
  type CrashReport,
  type DeadLetterWhy,
  type EventListener,
  type EventType,
  eventTypes,
  type FaultInjectedEvent,
  type FaultSkippedEvent,
  isHeard,
  type OperationContentEvent,
  type OperationEvent,
  type RestartedEvent,
  type RuntimeEvent,
  type ShutdownEvent,
  type SupervisionEvent,
  type TraceEvent,
  tellSupervision,
} from "./kernel/events.ts";
export type { ThreadStats } from "./kernel/kernel.ts";
export type { OperationAttribute, OperationContent, OperationReport } from "./kernel/operations.ts";
export type { Service } from "./kernel/service.ts";
export { hasOwnHeap, isEnvironment, isHeapMb, isIsolation } from "./kernel/spawn-options.ts";
export { assertKeys } from "./known-keys.ts";
export type { CallToken, PluginBus } from "./plugin/plugin-bus.ts";
export type { NeededPackage, PluginFacts, ProvidedCapability, RequiredCapability } from "./plugin/plugin-facts.ts";
export { startOrder } from "./plugin/plugin-order.ts";
export { assertPackages, type PackageState } from "./plugin/plugin-packages.ts";
export { callProvider, capabilityTopic } from "./plugin/provider.ts";
export {
  type AnyPlugin,
  definePlugin,
  isPlugin,
  type Plugin,
  type PluginBehaviour,
  type PluginCalls,
  type PluginDefinition,
  type PluginHealth,
  pluginActorName,
  pluginFacts,
  pluginIsolation,
  pluginObserves,
  pluginPackages,
} from "./plugin.ts";
export type { ProcessInfo } from "./process/gateway.ts";
export { type Random, SeededRandom } from "./random.ts";
export type { ConfigurationDeclaration, Refusal } from "./registry/agent-configuration.ts";
export type { AgentQuery } from "./registry/agent-query.ts";
export type { Agent, AgentTrouble } from "./registry/agents.ts";
export {
  type Configuration,
  type ConfigurationSources,
  isData,
  type Origin,
  readConfiguration,
} from "./registry/configuration.ts";
export { type Capability, type Declaration, isDeclaration } from "./registry/declaration.ts";
export type { RegistryStats } from "./registry/registry.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./registry/standard-schema.ts";
export type { Activity, ActivityOptions, ActivityReading, ThreadActivity } from "./system/activity.ts";
export type { ActorNode } from "./system/actor-tree.ts";
export type { SystemParts } from "./system/boot.ts";
export type { SystemStats } from "./system/inspection.ts";
export { loadSystem } from "./system/load.ts";
export type { LookOptions, StateOptions } from "./system/look-options.ts";
export type { ManualClock } from "./system/manual-clock.ts";
export type { ProfileOptions } from "./system/profile.ts";
export type { ProgramSubscription } from "./system/program-subscription.ts";
export type { Remaining, RunningTurn } from "./system/remaining.ts";
export type { System, SystemMonitor } from "./system/system.ts";
export {
  type CountedEvent,
  eventLabel,
  eventMetrics,
  type StatsMetric,
  type SystemMetric,
  statsMetrics,
} from "./system/system-metrics.ts";
export { type SystemOptions, threadsOf } from "./system/system-options.ts";
export type { MissedRuns, Schedule, ScheduleOptions } from "./tasks/schedules.ts";
export type { Task } from "./tasks/task-handle.ts";
export type { TaskBackoff, TaskRequest } from "./tasks/task-request.ts";
export type { TaskDestination, TaskStats } from "./tasks/task-totals.ts";
export { checkMessage } from "./thread/message-check.ts";
export { FirstThreads } from "./thread/started-worker.ts";
