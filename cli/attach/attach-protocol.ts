/**
 * What a command that attaches and the program that it looks at say to each other: one JSON value a line. Each request is
 * answered once, by its id; after `watch` and `trace` there are events of the program as well, until the line is closed.
 */
import type {
  ActorActivity,
  ActorInfo,
  DeadLetter,
  PluginInfo,
  RefData,
  RunningTurn,
  RuntimeEvent,
  ThreadActivity,
  ToolApproval,
  ToolDecision,
  ToolDelta,
  ToolInfo,
} from "../../index.ts";

/** A request's verb and what it wants. Targets are names or refs as text (`refKey`); where none or no number is given, all. */
export type AttachVerb =
  | { readonly verb: "hello" }
  /** An `ActorList`. */
  | { readonly verb: "actors"; readonly match?: string | undefined; readonly limit?: number | undefined }
  /** An `ActorForest`: the children of each parent that are shown are so many of each behaviour. */
  | { readonly verb: "tree"; readonly root?: string | undefined; readonly limit?: number | undefined }
  /** A `PluginList`. */
  | { readonly verb: "plugins" }
  /** A `ModelList`. */
  | { readonly verb: "models" }
  /** A `ToolList`. */
  | { readonly verb: "tools" }
  /** What the tool gives, as JSON in a text. Before that there may be deltas; it is given up with the line, and by `giveUp`. */
  | { readonly verb: "callTool"; readonly plugin: string; readonly tool: string; readonly arguments?: unknown }
  /** Of the call by `callTool` that has this id. Whether it was under way. */
  | { readonly verb: "giveUp"; readonly call: number }
  /** An `ApprovalList`. */
  | { readonly verb: "approvals" }
  /** Whether it has waited. Of an agent by its ref. */
  | ({ readonly verb: "decide"; readonly decision: ToolDecision } & (
      | { readonly plugin: string; readonly agent?: undefined }
      | { readonly agent: string; readonly plugin?: undefined }
    ))
  /** An `ActorInfo`. */
  | { readonly verb: "info"; readonly target: string }
  /** A `DeadLetterList`: the newest. */
  | { readonly verb: "deadLetters"; readonly limit?: number | undefined }
  | { readonly verb: "resend"; readonly letter: string; readonly target: string | undefined }
  | { readonly verb: "getState"; readonly target: string }
  | { readonly verb: "pause" | "resume"; readonly target: string }
  /** Whether a turn was under way that is interrupted now. */
  | { readonly verb: "interrupt"; readonly target: string }
  /** A `Killed`. */
  | { readonly verb: "kill"; readonly target: string }
  /** A `TopSample`: since the last one that this connection has asked for. */
  | { readonly verb: "top"; readonly sort: TopColumn; readonly limit: number }
  | {
      readonly verb: "profile";
      readonly position: number;
      readonly kind: "cpu" | "heap";
      readonly ms: number;
      readonly file: string;
    }
  /** From the answer on there are the events `trace` of this actor, and its `exited`. */
  | { readonly verb: "trace"; readonly target: string }
  | { readonly verb: "watch"; readonly types: readonly RuntimeEvent["type"][] };

/** Of one request, in its line. */
export const requestCharsMax = 2 ** 20;

export type AttachRequest = AttachVerb & { readonly id: number };

export type AttachAnswer =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: { readonly code: string; readonly message: string } }
  /** Of a call by `callTool` that is under way. */
  | { readonly id: number; readonly delta: ToolDelta }
  | { readonly event: RuntimeEvent }
  /** Events that were not sent, because those before them were read too slowly. */
  | { readonly missed: number };

/** What a thread is at that does not answer. */
export interface Unanswered {
  /** Its id, and its position: -1 of a dedicated one. */
  readonly thread: number;
  readonly position: number;
  /** The actor whose turn holds it, by name or ref; null: none does, as far as can be seen. */
  readonly actor: string | null;
}

/** The answer to `actors`: those with the most messages first, then those with a name, then by ref. */
export interface ActorList {
  readonly actors: readonly ActorInfo[];
  /** How many match, of how many that live. */
  readonly matching: number;
  readonly living: number;
  /** How many of those that match there are of each behaviour. */
  readonly behaviours: Readonly<Record<string, number>>;
  readonly unanswered: readonly Unanswered[];
}

export interface ActorBranch extends ActorInfo {
  readonly children: readonly ActorBranch[];
  /** Children that are not shown, by behaviour. */
  readonly more: Readonly<Record<string, number>>;
}

/** The answer to `tree`. */
export interface ActorForest {
  readonly roots: readonly ActorBranch[];
  /** As of a branch. */
  readonly more: Readonly<Record<string, number>>;
  readonly unanswered: readonly Unanswered[];
}

/** The answer to `plugins`, in the order of their starts. A ref that is null: the plugin does not run. */
export interface PluginList {
  readonly plugins: readonly (Omit<PluginInfo, "ref"> & { readonly ref: RefData | null })[];
}

/** A plugin, and what it says of what it has; `failure`: why it says nothing. */
export interface AskedPlugin {
  readonly plugin: string;
  readonly state: PluginInfo["state"];
  readonly health: PluginInfo["health"];
  readonly packages: PluginInfo["packages"];
  readonly failure?: string;
}

/** The answer to `models`. */
export interface ModelList {
  readonly models: readonly (AskedPlugin & { readonly names: readonly string[] })[];
}

/** The answer to `tools`. */
export interface ToolList {
  readonly tools: readonly (AskedPlugin & { readonly tools: readonly ToolInfo[] })[];
}

/** Where a call waits: in the plugin of the tool, or in the agent that is to call it. */
export interface WaitsAt {
  readonly plugin: string | null;
  /** Its ref. */
  readonly agent: string | null;
  /** The name of the plugin, or of the agent. */
  readonly by: string;
}

/** The answer to `approvals`: the oldest first. Arguments that JSON has no form for are a text that says so. */
export interface ApprovalList {
  readonly approvals: readonly (ToolApproval & WaitsAt)[];
  /** Plugins that do not say what waits there, and why. */
  readonly failures: readonly { readonly plugin: string; readonly failure: string }[];
}

/** The answer to `deadLetters`, oldest first. */
export interface DeadLetterList {
  readonly deadLetters: readonly DeadLetter[];
  /** How many there are. */
  readonly kept: number;
  readonly unanswered: readonly Unanswered[];
  /** The system's clock, by which they have their times. */
  readonly nowMs: number;
}

export const topColumns = ["busy", "turns", "messages", "restarts"] as const;
export type TopColumn = (typeof topColumns)[number];

export interface TopActor extends ActorActivity {
  /** How often its supervisor has started it again since the program can be attached to. */
  readonly restarts: number;
}

/** The answer to `top`: `turns` and `busyMs` are those of the last `forMs` milliseconds, 0 in the first sample. */
export interface TopSample {
  /** By the clock on the wall. */
  readonly atMs: number;
  readonly forMs: number;
  readonly sort: TopColumn;
  readonly threads: readonly TopThread[];
  readonly actors: readonly TopActor[];
}

/** As `ThreadActivity`: null is what is not known. */
export interface TopThread extends Omit<ThreadActivity, "load" | "heapBytes" | "heldBy"> {
  readonly load: number | null;
  readonly heapBytes: number | null;
  readonly heldBy: RunningTurn | null;
}

/** The answer to `kill`: the actor has ended. */
export interface Killed {
  /** Whom its supervisor has started in its place by now. */
  readonly restartedAs: RefData | null;
}

/** The answer to `hello`. */
export interface AttachedSystem {
  readonly pid: number;
  /** What was run: the module's file name without its ending, or `demo`. */
  readonly name: string;
}

/** A ref as text: `thread.slot.generation`, as `refKey` writes it. Undefined: it is none. */
export function refOf(text: string): RefData | undefined {
  const parts = /^(\d+)\.(\d+)\.(-?\d+)$/.exec(text);
  if (parts === null) return undefined;
  const [thread, slot, generation] = parts.slice(1).map(Number) as [number, number, number];
  return { node: "", thread, slot, generation };
}
