/** What of an SDK the program has registered with OpenTelemetry's API, on this very thread. */
import type * as Api from "@opentelemetry/api";

export type OpenTelemetry = typeof Api;

const scope = "mofa";

export interface Registered {
  readonly api: OpenTelemetry;
  /** Undefined: nobody takes spans. */
  readonly tracer: Api.Tracer | undefined;
  /** Undefined: nobody takes measurements. */
  readonly meter: Api.Meter | undefined;
}

export function registered(api: OpenTelemetry): Registered {
  const provider = api.trace.getTracerProvider();
  // Before somebody registers, the API has one that does nothing, and so is its meter.
  const isProxy = "getDelegateTracer" in provider;
  const delegate = isProxy ? (provider as Api.ProxyTracerProvider).getDelegateTracer(scope) : provider;
  const meter = api.metrics.getMeter(scope);
  return {
    api,
    tracer: delegate === undefined ? undefined : provider.getTracer(scope),
    meter: meter === api.createNoopMeter() ? undefined : meter,
  };
}
