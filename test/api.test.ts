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
      DynamicSupervisorHandle ManualClock MofaSystem Ref RestartWindow RuntimeError SeededRandom
      SupervisorHandle System SystemClock argumentOf behaviourModule bootSystem checkChildSpec checkChildSpecs
      defaultBackoff defaultFlags defaultPartitionLimit defaultRestartLimit defineActor defineServer
      defineSupervisor describe dynamicSetup errorCodes errorData errorReason isBehaviour isOrderly isRef
      mailboxCapacityDefault makeBehaviour noReply partitionName partitionOf partitionSetup
      partitionSupervisor progressMessage reasonText refKey reportMessage reportText sameRef setupAsData
      specAsData startSystem superviseDynamicOn superviseOn supervisor topPlacement wallMs workerShutdownMs
    `,
    types: `
      ActorApi ActorDefinition AlreadyStarted AnyApi Api AutoShutdown Backoff Behaviour BehaviourModule
      BehaviourOptions BehaviourReference CallOptions ChangeCodeOutcome Checked ChildBehaviour ChildCounts
      ChildEntry ChildId ChildSpec ChildStart ChildType Clock Context CrashReport DeadLetterWhy
      DeleteChildOutcome DownMessage DynamicSetup ErrorCode ErrorContext ErrorData EventListener EventType
      ExitMessage ExitReason From FullChildSpec FullFlags GetChildSpecOutcome Handlers Isolation LogLevel
      MailboxPolicy Monitor NoReply Outcome PartitionKey PartitionSetup Placement ProgressReport Random
      RefData ReportTextOptions ReportedChild Restart RestartChildOutcome RestartLimit RuntimeEvent
      SendOptions SendResult ServerApi ServerDefinition SetupAnswer Shutdown SpawnLinkOptions SpawnOptions
      SpawnRest SpecError SpecErrorCode StartChildOutcome StartFailed StartResult StartedMessage Strategy
      SupervisionHost SupervisorApi SupervisorBehaviour SupervisorCalls SupervisorFlags SupervisorReport
      SupervisorSetup SystemMessage SystemMonitor SystemOptions SystemParts SystemStats Target
      TerminateChildOutcome ThreadStats TimerMessage TimerRef WhichChildOutcome
    `,
  },
  "mofa/supervisors": {
    values: `
      DynamicSupervisorHandle RestartWindow SupervisorHandle argumentOf checkChildSpec checkChildSpecs
      defaultBackoff defaultFlags defaultPartitionLimit defaultRestartLimit defineSupervisor dynamicSetup
      partitionName partitionOf partitionSetup partitionSupervisor progressMessage reportMessage reportText
      setupAsData specAsData superviseDynamicOn superviseOn supervisor topPlacement workerShutdownMs
    `,
    types: `
      AlreadyStarted AutoShutdown Backoff ChangeCodeOutcome Checked ChildBehaviour ChildCounts ChildEntry
      ChildId ChildSpec ChildStart ChildType DeleteChildOutcome DynamicSetup ErrorContext FullChildSpec
      FullFlags GetChildSpecOutcome Outcome PartitionKey PartitionSetup ProgressReport ReportTextOptions
      ReportedChild Restart RestartChildOutcome RestartLimit SetupAnswer Shutdown SpecError SpecErrorCode
      StartChildOutcome StartFailed Strategy SupervisionHost SupervisorApi SupervisorBehaviour SupervisorCalls
      SupervisorFlags SupervisorReport SupervisorSetup TerminateChildOutcome WhichChildOutcome
    `,
  },
  "mofa/testing": {
    values: `
      EventRecorder FaultPlan Place Probe describePlacements placementAnchor placementThreads probeBehaviour
    `,
    types: `
      FaultKind FaultPlanOptions PlaceName PlannedFault Runner TestedEvent TestedSystem Watch
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
