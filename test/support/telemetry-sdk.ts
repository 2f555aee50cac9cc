/**
 * The SDK of OpenTelemetry with exporters that keep all in memory, registered for this program. Typed by what tests look at, and
 * loaded when it is asked for: nobody but these tests needs it.
 */
import { metrics, trace } from "@opentelemetry/api";
import type { PackageBeside } from "./known-services.ts";

export const traceSdk: PackageBeside = { name: "@opentelemetry/sdk-trace", install: "npm ci" };

export interface ExportedSpan {
  readonly name: string;
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly startTime: readonly [number, number];
  readonly duration: readonly [number, number];
  readonly parentSpanContext?: { readonly spanId: string; readonly isRemote?: boolean };
  spanContext(): { readonly traceId: string; readonly spanId: string };
}

export interface ExportedMetric {
  readonly descriptor: { readonly name: string; readonly unit: string };
  readonly dataPoints: readonly { readonly attributes: Readonly<Record<string, unknown>>; readonly value: unknown }[];
}

export interface RegisteredSdk extends AsyncDisposable {
  /** Those that have ended. */
  readonly spans: () => readonly ExportedSpan[];
  /** Collects now. */
  metrics(): Promise<readonly ExportedMetric[]>;
}

interface Sdk {
  readonly TracerProvider: new (options: object) => Parameters<typeof trace.setGlobalTracerProvider>[0];
  readonly SimpleSpanProcessor: new (options: object) => object;
  readonly InMemorySpanExporter: new () => { getFinishedSpans(): readonly ExportedSpan[] };
}

interface MetricsSdk {
  readonly MeterProvider: new (options: object) => Parameters<typeof metrics.setGlobalMeterProvider>[0];
  readonly MetricReader: new () => {
    collect(): Promise<{
      readonly resourceMetrics: { readonly scopeMetrics: readonly { readonly metrics: readonly ExportedMetric[] }[] };
      readonly errors: readonly unknown[];
    }>;
  };
}

/** As its users register it. */
export async function registerSdk(): Promise<RegisteredSdk> {
  const [traceName, metricsName] = ["@opentelemetry/sdk-trace", "@opentelemetry/sdk-metrics"];
  const sdk = (await import(traceName)) as Sdk;
  const { MeterProvider, MetricReader } = (await import(metricsName)) as MetricsSdk;
  const exporter = new sdk.InMemorySpanExporter();
  trace.setGlobalTracerProvider(
    new sdk.TracerProvider({ spanProcessors: [new sdk.SimpleSpanProcessor({ exporter })] }),
  );
  class Reader extends MetricReader {
    protected onForceFlush(): Promise<void> {
      return Promise.resolve();
    }
    protected onShutdown(): Promise<void> {
      return Promise.resolve();
    }
  }
  const reader = new Reader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  return {
    spans: () => exporter.getFinishedSpans(),
    async metrics() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw new AggregateError(errors);
      return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    },
    [Symbol.asyncDispose]() {
      trace.disable();
      metrics.disable();
      return Promise.resolve();
    },
  };
}
