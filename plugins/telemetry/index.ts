/** The event stream and the trace contexts of messages as spans and metrics of OpenTelemetry, by the SDK that the program has registered. */
import { definePlugin, type PluginHealth } from "../../core/index.ts";
import { telemetryConfig } from "./config.ts";
import { RuntimeMetrics } from "./runtime-metrics.ts";
import { registered } from "./sdk.ts";
import { Spans } from "./spans.ts";

export type { TelemetryConfig } from "./config.ts";

interface State {
  readonly detail: string;
  close(): void;
}

export const telemetry = definePlugin({
  name: "telemetry",
  version: "0.1.0",
  config: { schema: telemetryConfig },
  packages: [{ name: "@opentelemetry/api", version: "1.9.0" }],
  observes: true,
  behaviour: {
    async init({ captureContent }, bus): Promise<State> {
      // The part of OpenTelemetry that programs and libraries share: whose SDK it is, if any, is the program's affair.
      const { tracer, meter, api } = registered(await import("@opentelemetry/api"));
      const spans = tracer && new Spans(api, tracer);
      const metrics = meter && new RuntimeMetrics(meter, () => bus.stats());
      // What nobody wants is not asked for, and then the kernels make nothing of it.
      if (spans !== undefined || metrics !== undefined)
        bus.observe("operation", (event) => {
          spans?.operation(event);
          metrics?.operation(event);
        });
      if (spans !== undefined && captureContent) bus.observe("operationContent", (event) => spans.content(event));
      if (metrics !== undefined) bus.observe(["crashed", "exited", "restarted"], (event) => metrics.happened(event));
      const close = () => metrics?.close();
      bus.signal.addEventListener("abort", close, { once: true });
      return { detail: told(spans !== undefined, metrics !== undefined), close };
    },
    health: ({ detail }): PluginHealth => ({ status: "up", detail }),
    terminate: (state) => state.close(),
    format: ({ detail }) => detail,
  },
});

function told(hasSpans: boolean, hasMetrics: boolean): string {
  if (hasSpans && hasMetrics) return "spans and metrics";
  if (hasSpans) return "spans; no provider of metrics is registered";
  if (hasMetrics) return "metrics; no provider of traces is registered";
  return "nothing: no SDK of OpenTelemetry was registered before this plugin was started";
}
