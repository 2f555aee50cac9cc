/**
 * The one error class of the runtime, its codes, and errors as data.
 *
 * Codes are OTP's own words where OTP has one (`noproc`, `calling_self`, `already_started` ...). The table below is
 * held equal to the one in `core/README.md` by a test.
 */

/** Every code that the runtime throws or replies with, and what it says. */
export const errorCodes = {
  address_unavailable: "a server cannot listen at the address that it was given",
  agent_loop: "an agent's turn has come to no answer: the same call again, or too many steps",
  agent_waits: "an agent waits for somebody to decide about a call of a tool",
  already_kept: "a kept topic overlaps the pattern",
  already_registered: "the name belongs to a living actor",
  already_started: "a child or a named actor of that name is already running",
  bad_argument: "an argument has the wrong type or is out of range",
  bad_configuration: "a configuration cannot be read, or its schema refuses it",
  budget: "the actor went over one of its budgets before it answered",
  calling_self: "an actor called itself and would wait for itself",
  cancelled: "the task or request was given up",
  crashed: "the actor threw an error without a code before it answered",
  deadline: "the task had not ended within its deadlineMs",
  deadlocked_load: "an earlier load of the module in this thread never came to an end",
  dimension_mismatch: "a collection has vectors of another dimension",
  exit_called: "the actor called process.exit before it answered",
  ignore: "init answered ignore, so there is no actor",
  init_timeout: "init did not end within startTimeoutMs",
  injected: "a fault that a plan injected",
  interrupted: "the turn was interrupted before it answered",
  invalid_intensity: "a restart intensity is no whole number from 0",
  invalid_period: "a restart period is not above 0",
  invalid_placement: "the placement names no thread of this system",
  killed: "the actor was killed before it answered",
  load_timeout: "the behaviour's module did not load in time",
  mailbox_full: "the receiver's mailbox is at its bound",
  message_too_large: "the message is larger than what crosses to another thread or process",
  model_auth: "a model's provider does not take the key",
  model_budget: "a request to a model would go over a budget that it names",
  model_context: "a request has more tokens than the model takes",
  model_failed: "a model that runs on this machine cannot be loaded",
  model_network: "a model's provider was not reached, or its answer broke off",
  model_output: "a model's answer is not of the schema that was asked for",
  model_overloaded: "a model's provider has too much to do",
  model_protocol: "a model's provider has answered what its protocol does not have",
  model_quota: "a model's provider wants money",
  model_rate_limit: "a model's provider was asked too often",
  model_refused: "a model, or its provider, refuses to answer",
  model_rejected: "a model's provider does not take the request",
  model_unknown: "a model's provider has no such model",
  module_export_missing: "the module has no export that is this behaviour",
  module_failed: "the behaviour's module threw while it was loaded",
  module_unknown: "no module is known that exports this behaviour",
  noproc: "there is no such actor (any more)",
  normal: "the actor ended normally before it answered",
  not_cloneable: "the message holds something that cannot cross to another thread",
  not_kept: "no kept topic has it, or no acknowledged queue either takes it",
  not_required: "a plugin asks for a capability that its requires do not name",
  not_started: "the system is not running",
  package_missing: "a plugin needs a package that is not installed",
  plugin_conflict: "two plugins have one name or provide one capability",
  plugin_cycle: "plugins require one another in a circle",
  plugin_missing: "no plugin provides what is required",
  process_failed: "the actor's process could not be started",
  process_lost: "the actor's process was lost",
  profile_failed: "a profile of a thread could not be taken or written",
  queue_full: "a kept topic or an acknowledged queue is at its bound",
  refused: "the actor does not take the new configuration",
  shutdown: "the actor was shut down before it answered",
  started_while_loading: "startSystem was called by a module that a runtime thread is loading",
  start_failed: "init threw or stopped",
  storage_corrupt: "a store has given back other bytes than it was given",
  storage_failed: "a store could not do what it was asked for",
  storage_in_doubt: "a store or the connection to it was lost while it was keeping something",
  storage_version: "what is to be opened is no store of this plugin, or of a newer version",
  stream_closed: "nobody reads the stream any more, or it was ended",
  stream_full: "too many writes of a stream wait for its reader",
  system_limit: "a bound of the system (actors, threads, waiting sends) is reached",
  thread_failed: "the worker thread could not be started",
  thread_lost: "the actor's thread was lost",
  thread_stuck: "a thread did not end in time when the system stopped",
  timeout: "no answer came in time",
  tool_ambiguous: "two plugins have a tool of one name",
  tool_arguments: "the arguments of a tool are no JSON, or not of its schema",
  tool_denied: "a tool may not do what it is asked for, or somebody did not approve of it",
  tool_failed: "a tool could not do what it was asked for",
  tool_limit: "what a tool has given is more than it may be",
  tool_result: "what a tool has given is no JSON, or not of its schema",
  tool_unknown: "there is no tool of that name",
  turn_limit: "the actor's turn took longer than its limit",
  turn_lost: "the actor's open turn was lost with one that was cut down",

  undef: "the actor has no handler of that name",
  version_conflict: "what a write depends on has changed",
  wasm_abi: "a WebAssembly module does not keep to the ABI",
  wasm_limit: "a message of a WebAssembly module, or its calls of the host, are above their bound",
  wasm_lost: "the thread of a WebAssembly module has ended",
  wasm_refused: "a WebAssembly module is none, or is not taken",
  wasm_timeout: "a WebAssembly module took longer than it may",
  wasm_trap: "a WebAssembly module trapped",
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** A failure of the runtime with a stable `code`. Test the code, never the class: classes do not survive a thread. */
export class RuntimeError extends Error {
  readonly code: string;

  constructor(code: ErrorCode | (string & {}), message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "RuntimeError";
    this.code = code;
  }
}

/** An error as plain data, as it stands in exit reasons, replies and reports. No text of it is longer than `errorTextMax`. */
export interface ErrorData {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorData | string;
}

/** Longest chain of causes that is kept. */
const causesMax = 8;

/** Characters of a text of an error that are kept: whoever copies, sends or prints it must not hold a thread by it. */
export const errorTextMax = 16_384;

/**
 * Turns whatever was thrown into data. Never throws, also not for hostile getters. A text longer than `errorTextMax` keeps its
 * beginning and its end, and says between them how long it was.
 */
export function errorData(thrown: unknown, depth = 0, hasStack = true): ErrorData {
  if (typeof thrown !== "object" || thrown === null) {
    return { name: "Thrown", message: describe(thrown) };
  }
  try {
    const error = thrown as { name?: unknown; message?: unknown; code?: unknown; stack?: unknown; cause?: unknown };
    const data: { -readonly [K in keyof ErrorData]: ErrorData[K] } = {
      name: typeof error.name === "string" ? cutText(error.name) : "Error",
      message: typeof error.message === "string" ? cutText(error.message) : describe(thrown),
    };
    if (typeof error.code === "string") data.code = cutText(error.code);
    if (hasStack && typeof error.stack === "string") data.stack = cutText(error.stack);
    if (error.cause !== undefined && depth < causesMax) {
      data.cause =
        typeof error.cause === "object" && error.cause !== null
          ? errorData(error.cause, depth + 1)
          : describe(error.cause);
    }
    return data;
  } catch {
    return { name: "Error", message: "an error that cannot be read" };
  }
}

/** At most `errorTextMax` characters of a text: of a stack, the message's beginning and the frames. */
export function cutText(text: string): string {
  if (text.length <= errorTextMax) return text;
  const mark = `…[cut: ${text.length} characters]…`;
  const kept = errorTextMax - mark.length;
  const head = kept >> 1;
  return `${text.slice(0, head)}${mark}${text.slice(head - kept)}`;
}

/** A short text for any value, for messages to people. Never throws. */
export function describe(value: unknown): string {
  try {
    if (typeof value === "string")
      return value.length > 80 ? `${JSON.stringify(value.slice(0, 80))}…` : JSON.stringify(value);
    if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
    if (typeof value === "object" && value !== null) {
      const text = JSON.stringify(value);
      if (text !== undefined) return text.length > 120 ? `${text.slice(0, 120)}…` : text;
    }
    return String(value);
  } catch {
    return typeof value;
  }
}
