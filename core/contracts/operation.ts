/**
 * An operation under way, as whoever does it tells of it: a model's chat, a tool's call. What it asks others for gets its own
 * trace context, so that a trace has the right parents on every thread and in every process. Where nobody listens to
 * `operation` it is a look at one word of shared memory, and the context of whoever asked is handed on.
 */
import { stopwatchMs } from "../clock.ts";
import { describe } from "../errors.ts";
import {
  attributeCharsMax,
  attributeListMax,
  contentCharsMax,
  type OperationAttribute,
  type OperationVerbs,
  subjectCharsMax,
} from "../kernel/operations.ts";
import { childTrace, traceContext } from "./trace-context.ts";

/** Who can tell of one: an actor by its `ctx`, a plugin by its bus. */
export interface OperationTeller {
  readonly trace: string | undefined;
  wallMs(): number;
}

/** Both have it, and it is no verb: see `tellSupervision`. */
interface Telling extends OperationVerbs {
  isHeard(type: "operation" | "operationContent"): boolean;
}

export interface OperationEnd {
  readonly attributes?: Readonly<Record<string, OperationAttribute | undefined>>;
  /** The code that it has failed with. */
  readonly failure?: string;
  /** Asked only where somebody listens to `operationContent`. */
  readonly content?: () => { readonly input: unknown; readonly output?: unknown };
}

export interface Operation {
  /** For what it asks others: `{ trace }` of a call, a stream, a request. */
  readonly trace: string | undefined;
  /** It has ended, once. Of an actor that has ended nothing is told. */
  end(how?: OperationEnd): void;
}

/**
 * Begins one. Attributes, names and codes are told to everybody who listens; what was said is not.
 * @param operation as OpenTelemetry calls it: `chat`, `embeddings`, `execute_tool`, `invoke_agent`
 * @param subject the name of the model, the tool, the agent
 * @param parent the context of whoever asked. Default: what the call in hand has come with.
 */
export function beginOperation(
  by: OperationTeller | (OperationTeller & Telling),
  operation: string,
  subject?: string,
  parent: string | undefined = by.trace,
): Operation {
  const teller = by as OperationTeller & Telling; // every context and every bus has it
  if (!teller.isHeard("operation")) return { trace: parent, end() {} };
  const trace = childTrace(parent);
  const beganMs = by.wallMs();
  const stopwatch = stopwatchMs();
  let isOver = false;
  return {
    trace,
    end({ attributes = {}, failure, content } = {}) {
      if (isOver) return;
      isOver = true;
      // A context that W3C does not know has no spans.
      const told = traceContext(trace) === undefined ? undefined : trace;
      if (content !== undefined && teller.isHeard("operationContent")) {
        const { input, output } = content();
        teller.tellContent({
          trace: told,
          input: textOf(input),
          output: output === undefined ? undefined : textOf(output),
        });
      }
      teller.tellOperation({
        operation,
        subject: subject?.slice(0, subjectCharsMax),
        beganMs,
        tookMs: stopwatchMs() - stopwatch,
        trace: told,
        parent: told && parent,
        attributes: known(attributes),
        failure: failure?.slice(0, subjectCharsMax),
      });
    },
  };
}

function known(
  attributes: Readonly<Record<string, OperationAttribute | undefined>>,
): Readonly<Record<string, OperationAttribute>> {
  const all: Record<string, OperationAttribute> = {};
  for (const [name, value] of Object.entries(attributes)) if (isTold(value)) all[name] = shortened(value);
  return all;
}

/** What is no attribute is left out, whatever its type says: what is told of an operation must not end it. */
function isTold(value: unknown): value is OperationAttribute {
  if (Array.isArray(value)) return value.every((one) => typeof one === "string");
  return typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);
}

/** A name that somebody has given may be of any length, and is no reason to fail. */
function shortened(value: OperationAttribute): OperationAttribute {
  if (typeof value === "string") return value.slice(0, attributeCharsMax);
  if (typeof value === "object") return value.slice(0, attributeListMax).map((one) => one.slice(0, attributeCharsMax));
  return value;
}

/** A message may hold what JSON has no form for. */
function textOf(value: unknown): string {
  return (typeof value === "string" ? value : (jsonOf(value) ?? describe(value))).slice(0, contentCharsMax);
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
