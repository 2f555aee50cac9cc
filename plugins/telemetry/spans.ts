/**
 * Operations with a trace context as spans. Actors have given their spans ids before, in the messages that they sent on, and a
 * span has to have the id that its children name as their parent's.
 */
import type { Attributes, Context, HrTime, Span, SpanContext, Tracer } from "@opentelemetry/api";
import {
  type OperationContentEvent,
  type OperationEvent,
  refKey,
  type TraceContext,
  traceContext,
} from "../../core/index.ts";
import type { OpenTelemetry } from "./sdk.ts";

/** Of what was said in operations whose end is still to come; more is forgotten, the oldest first. */
const contentsMax = 1_000;
const contentCharsMax = 10_000_000;
/** What is asked of somebody outside the program. */
const outward: readonly string[] = ["chat", "embeddings"];
const contentNames: Readonly<Record<string, readonly [input: string, output: string]>> = {
  chat: ["gen_ai.input.messages", "gen_ai.output.messages"],
  execute_tool: ["gen_ai.tool.call.arguments", "gen_ai.tool.call.result"],
};

export class Spans {
  readonly #api: OpenTelemetry;
  readonly #tracer: Tracer;
  /** By the context of the operation. */
  readonly #contents = new Map<string, OperationContentEvent>();
  #contentChars = 0;

  constructor(api: OpenTelemetry, tracer: Tracer) {
    this.#api = api;
    this.#tracer = tracer;
  }

  content(event: OperationContentEvent): void {
    if (event.trace === undefined) return;
    this.#contentOf(event.trace);
    this.#contents.set(event.trace, event);
    this.#contentChars += charsOf(event);
    for (const oldest of this.#contents.keys()) {
      if (this.#contents.size <= contentsMax && this.#contentChars <= contentCharsMax) break;
      this.#contentOf(oldest);
    }
  }

  /** It is not kept any longer. */
  #contentOf(trace: string | undefined): OperationContentEvent | undefined {
    const content = trace === undefined ? undefined : this.#contents.get(trace);
    if (content === undefined || trace === undefined) return undefined;
    this.#contents.delete(trace);
    this.#contentChars -= charsOf(content);
    return content;
  }

  operation(event: OperationEvent): void {
    const own = traceContext(event.trace);
    const parent = traceContext(event.parent);
    if (own === undefined || parent === undefined) return;
    const { SpanKind, SpanStatusCode } = this.#api;
    const { operation, subject, beganMs, tookMs, failure } = event;
    const span = this.#tracer.startSpan(
      nameOf(operation, subject ?? event.attributes["gen_ai.response.model"]),
      {
        kind: outward.includes(operation) ? SpanKind.CLIENT : SpanKind.INTERNAL,
        startTime: hrTime(beganMs),
        attributes: this.#attributesOf(event),
      },
      this.#contextOf(parent),
    );
    nameSpan(span, own);
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.end(hrTime(beganMs + tookMs));
  }

  #attributesOf({ operation, ref, name, trace, attributes, failure }: OperationEvent): Attributes {
    const content = this.#contentOf(trace);
    return {
      ...(attributes as Attributes), // what lists there are is not changed
      "mofa.actor": name ?? refKey(ref),
      "mofa.thread": ref.thread,
      ...(failure !== undefined && { "error.type": failure }),
      ...(content !== undefined && contentOf(operation, content)),
    };
  }

  /** Of somebody who may be on another thread, in another process, or in another program. */
  #contextOf({ traceId, spanId, flags }: TraceContext): Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: flags & 1, isRemote: true });
  }
}

/**
 * Gives a span the id under which its children know it. The API has no other way: ids are made by the SDK, where the span is
 * started, and that is when it is over. `spanContext()` is the very object that exporters read.
 */
function nameSpan(span: Span, { spanId }: TraceContext): void {
  // One that is not recorded may share its context with others.
  if (!span.isRecording()) return;
  const context: { -readonly [K in keyof SpanContext]: SpanContext[K] } = span.spanContext();
  context.spanId = spanId;
}

function charsOf({ input, output = "" }: OperationContentEvent): number {
  return input.length + output.length;
}

function contentOf(operation: string, { input, output }: OperationContentEvent): Attributes {
  const [asked, given] = contentNames[operation] ?? ["mofa.input", "mofa.output"];
  return { [asked]: input, ...(output !== undefined && { [given]: output }) };
}

function nameOf(operation: string, subject: unknown): string {
  return typeof subject === "string" ? `${operation} ${subject}` : operation;
}

/** A number would be taken for one of `performance.now()` where it is small. */
function hrTime(ms: number): HrTime {
  const seconds = Math.trunc(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
