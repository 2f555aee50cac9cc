/**
 * The public names of each entry point, values and types. Adding one is a word in a diff, removing one is a decision.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { packageRoot } from "./support/package-root.ts";
import { entryPoints, publicNames } from "./support/public-names.ts";

/** Names apart by white space, sorted by code points. */
const expected: Readonly<Record<string, { readonly values: string; readonly types: string }>> = {
  mofa: {
    values: `
      ChatReader DynamicSupervisorHandle ModelError Ref RuntimeError SeededRandom SupervisorHandle ToolError beginOperation defineActor defineModel
      definePlugin defineServer defineStorage defineSupervisor defineTool defineTools errorCodes isPlugin isRef modelLimits modelOf modelTag
      modelVersion partitionSetup partitionSupervisor readConfiguration reasonText refKey relayLimits sameRef startSystem storageCapability storageOf
      toolLimits toolboxOf toolsConfig toolsOf toolsTag toolsVersion
    `,
    types: `
      Activity ActivityColumn ActivityOptions ActivityReading ActorActivity ActorApi ActorDefinition ActorInfo ActorNode Agent AgentMessage
      AgentQuery AgentTrouble AnswerDelta AnyApi AnyPlugin Api AppendWrite AutoShutdown Backoff BatchedWrite Behaviour BehaviourOptions
      BehaviourReference Budget BudgetAmounts BudgetLimits BudgetNeed BudgetSetting CallOptions CallToken Capability ChatAnswer
      ChatAssistantMessage ChatCost ChatDelta ChatEnd ChatMessage ChatOptions ChatOutlet ChatRequest ChatSystemMessage ChatToolMessage
      ChatUsage ChatUserMessage ChildCounts ChildEntry ChildId ChildSpec Configuration ConfigurationDeclaration ConfigurationSources Context
      CrashReport DeadLetter DeadLetterWhy Declaration DeleteVectorWrite DeleteWrite DownMessage DriverEntry DriverEvent DriverOutcome
      DriverSnapshot DriverVector DriverWrite DropVectorsWrite DynamicSetup EmbedAnswer EmbedRequest Envelope ErrorCode ErrorData
      EventListener EventOptions EventType ExitMessage ExitReason FaultInjectedEvent FaultSkippedEvent FinishReason FoundVector From
      GroupMessage GroupMonitor InterruptOptions IntervalOptions Isolation JournalEntry JsonSchema KeepOptions KeptTopicStats LifecycleState
      ListQuery LogLevel LookOptions MailboxPolicy ManualClock MissedRuns ModelBudget ModelBudgets ModelCalls ModelClient ModelDefinition
      ModelDriver ModelErrorCode ModelHandlers ModelInfo ModelLimits ModelOptions MofaSystem Monitor NeededPackage NoReply Operation
      OperationAttribute OperationContentEvent OperationEnd OperationEvent OperationTeller Origin PackageState Placement Plugin
      PluginBehaviour PluginBus PluginCalls PluginDefinition PluginFacts PluginHealth PluginInfo PluginSupervision PluginUse ProcessInfo
      ProfileOptions ProgramSubscription ProvidedCapability PruneWrite PublishOptions PublishReceipt PullAnswer PullOptions PullOutlet
      PullProgress PullRequest PutVectorWrite PutWrite QueueStats ReadOutcome ReadQuery RefData Refusal RegistryStats Remaining
      RequestOptions RequestStreamOptions RequiredCapability Restart RestartedEvent RunningTurn RuntimeEvent Schedule ScheduleOptions
      SendOptions SendResult ServerApi ServerDefinition Shutdown ShutdownEvent SnapshotWrite SpawnLinkOptions SpawnOptions StandardIssue
      StandardResult StandardSchema StartChildOutcome StartResult StartedMessage StateOptions StorageCalls StorageClient StorageDefinition
      StorageDriver StorageHandlers StorageWrite StoredEntry StoredSnapshot StoredVector Strategy StreamOptions StreamReader StreamWriter
      Subscription SubscriptionOptions SupervisorFlags SupervisorSetup SystemMessage SystemMonitor SystemOptions SystemStats Target Task
      TaskBackoff TaskDestination TaskRequest TaskStats ThreadActivity ThreadStats TimerMessage TimerRef Tool ToolAnswer ToolApproval
      ToolCall ToolCallOptions ToolDecision ToolDefinition ToolDelta ToolDriver ToolErrorCode ToolInfo ToolLimits ToolRequest ToolRun
      ToolSchema ToolSpec Toolbox ToolsCalls ToolsClient ToolsDefinition ToolsHandlers TraceEvent UnsubscribedMessage VectorMetadata
      VectorMetric VectorNumbers VectorQuery VectorSearch WriteCall WriteOutcome WriteResult WriteResults
    `,
  },
  "mofa/supervisors": {
    values: `
      DynamicSupervisorHandle RestartWindow SupervisorHandle SystemTree argumentOf checkChildSpec checkChildSpecs
      defaultBackoff defaultFlags defaultPartitionLimit defaultRestartLimit defineSupervisor dynamicSetup
      isSupervisor partitionName partitionOf partitionSetup partitionSupervisor pluginSetup progressMessage reportIn reportMessage reportText
      setupAsData specAsData superviseDynamicOn superviseOn supervisor topPlacement workerShutdownMs
    `,
    types: `
      AlreadyStarted AutoShutdown Backoff ChangeCodeOutcome Checked ChildBehaviour ChildCounts ChildEntry
      ChildId ChildSpec ChildStart ChildType DeleteChildOutcome DynamicSetup ErrorContext FullChildSpec
      FullFlags GetChildSpecOutcome Outcome PartitionKey PartitionSetup PlacedPlugin PluginSupervision PluginUse ProgressReport ReportTextOptions
      ReportedChild Restart RestartChildOutcome RestartLimit SetupAnswer Shutdown SpawnedSupervisor SpecError SpecErrorCode
      StartChildOutcome StartFailed Strategy SupervisionHost SupervisorApi SupervisorBehaviour SupervisorCalls
      SupervisorFlags SupervisorReport SupervisorSetup SystemTreeHost TerminateChildOutcome WhichChildOutcome
    `,
  },
  "mofa/actors": {
    values: "agentTag defineAgent defineDurableState defineEventSourced sessionsOf storeOf",
    types:
      "AgentAnswer AgentApi AgentApproval AgentBudget AgentCalls AgentDecision AgentDefinition AgentDelta AgentInput AgentLimits AgentMemory AgentModel AgentStart DurableStateCalls DurableStateDefinition EventSourcedCalls EventSourcedDefinition HandOff Persist PersistState PersistentHandlers Session SessionEntry SessionEvent SessionState Sessions StoredSession TurnCall Usage",
  },
  "mofa/plugins/llm-anthropic": { values: "llmAnthropic", types: "" },
  "mofa/plugins/llm-native": { values: "llmNative", types: "" },
  "mofa/plugins/llm-ollama": { values: "llmOllama", types: "" },
  "mofa/plugins/llm-openai": { values: "llmOpenai", types: "" },
  "mofa/plugins/llm-recorded": { values: "recordModel", types: "RecordedConfig RecordedModel" },
  "mofa/plugins/llm-router": {
    values: "routeModels",
    types: "BudgetTable Price Prices RateLimits Route RouteTo RoutedModels RouterConfig",
  },
  "mofa/plugins/llm-scripted": {
    values: "llmScripted scriptedModel",
    types: "ScriptRule ScriptedAnswer ScriptedConfig",
  },
  "mofa/plugins/prometheus": { values: "prometheus", types: "EndpointAddress PrometheusConfig" },
  "mofa/plugins/storage-memory": { values: "storageMemory", types: "" },
  "mofa/plugins/storage-mysql": { values: "storageMysql", types: "" },
  "mofa/plugins/storage-postgres": { values: "storagePostgres", types: "" },
  "mofa/plugins/storage-sqlite": { values: "storageSqlite", types: "" },
  "mofa/plugins/telemetry": { values: "telemetry", types: "TelemetryConfig" },
  "mofa/plugins/tool-fs": { values: "toolFs", types: "FsConfig FsRoot" },
  "mofa/plugins/tool-http": { values: "toolHttp", types: "FetchAnswer FetchArguments HttpConfig" },
  "mofa/plugins/tool-memory": { values: "memoryTools", types: "MemoryConfig MemoryTools" },
  "mofa/plugins/tool-mcp": { values: "mcpTools", types: "McpConfig McpOffer" },
  "mofa/plugins/tool-shell": { values: "toolShell", types: "ArgumentRule Program RunAnswer RunArguments ShellConfig" },
  "mofa/plugins/tool-sql": { values: "sqlTools", types: "SqlTools SqlToolsConfig" },
  "mofa/plugins/wasm": {
    values: "wasmPlugin",
    types: "HostFunctionName NumberType RawCall Signature WasmCalls WasmConfig WasmKind WasmPluginDefinition",
  },
  "mofa/testing": {
    values: `
      EventRecorder InjectedFaults Place Probe TestTree checkFaultPlan describePlacements injectFaults placeNames placementAnchor
      placementThreads probeBehaviour startTree treeLeaf
    `,
    types: `
      ActorSelector CheckedFaultPlan Fault FaultCount FaultKind FaultPlan PlaceName Runner TestedEvent TestedSystem TreeChild
      TreeSetup Watch
    `,
  },
};

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

test("these are the entry points", () => {
  expect(entryPoints().map(({ specifier }) => specifier)).toEqual(Object.keys(expected));
});

describe.each(entryPoints())("$specifier", ({ specifier, file, types }) => {
  test("has these values, and a declaration for each", async () => {
    const values = Object.keys(await import(pathToFileURL(join(packageRoot, file)).href)).sort();
    expect(values).toEqual(words(expected[specifier]?.values ?? ""));
    expect(publicNames(types)).toEqual(expect.arrayContaining(values));
  });

  test("has these types", () => {
    const values = new Set(words(expected[specifier]?.values ?? ""));
    const rest = publicNames(types).filter((name) => !values.has(name));
    expect(rest).toEqual(words(expected[specifier]?.types ?? ""));
  });
});
