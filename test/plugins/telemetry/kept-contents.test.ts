/** What was said in operations whose end is still to come, as `telemetry` keeps it. Not in every placement: no actors run. */
import { expect, test } from "@jest/globals";
import * as api from "@opentelemetry/api";
import type { OperationContentEvent, OperationEvent } from "../../../core/index.ts";
import { Spans } from "../../../plugins/telemetry/spans.ts";

const ref: OperationEvent["ref"] = { node: "here", thread: 0, slot: 1, generation: 1 } as const;
const traceOf = (n: number) => `00-0af7651916cd43dd8448eb211c80319c-${String(n).padStart(16, "0")}-01`;

test("it is forgotten, the oldest first, where it is more than ten million characters", () => {
  const seen: unknown[] = [];
  const span = api.trace.wrapSpanContext(api.INVALID_SPAN_CONTEXT);
  const tracer = {
    startSpan: (_name: string, options: api.SpanOptions) => {
      seen.push(options.attributes?.["gen_ai.input.messages"]);
      return span;
    },
  } as Partial<api.Tracer> as api.Tracer;
  const spans = new Spans(api, tracer);
  const chars = 50_000;
  const content = (n: number): OperationContentEvent => ({
    type: "operationContent",
    ref,
    name: "actor",
    trace: traceOf(n),
    input: `${n}`.padEnd(chars),
    output: undefined,
  });
  for (let n = 1; n <= 201; n++) spans.content(content(n));
  for (const n of [1, 2, 201])
    spans.operation({
      type: "operation",
      ref,
      name: "actor",
      operation: "chat",
      subject: undefined,
      beganMs: 0,
      tookMs: 0,
      trace: traceOf(n),
      parent: traceOf(n),
      attributes: {},
      failure: undefined,
    });
  expect(seen).toEqual([undefined, content(2).input, content(201).input]);
});
