/** What is counted of a system, as Prometheus's metrics: by its events from the plugin's start on, and by what its threads count. */
import {
  type CountedEvent,
  eventLabel,
  eventMetrics,
  type OperationEvent,
  type StatsMetric,
  type SystemMetric,
  type SystemStats,
  statsMetrics,
} from "../../core/index.ts";
import { Counts, Histograms, other } from "./bounded-series.ts";
import type { Family, Sample } from "./exposition.ts";

/** In seconds. */
const operationBounds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

export const happenings = ["crashed", "exited", "operation", "restarted"] as const;

export class RuntimeFamilies {
  readonly #events: Readonly<Record<CountedEvent["type"], Counts>>;
  readonly #operations: Histograms;
  readonly #failures: Counts;
  readonly #tokens: Counts;
  readonly #answeredMax: number;
  /** Names under which models have answered, the last of them; others are anything that somebody has asked for. */
  readonly #answered = new Set<string>();

  /** @param maxSeries of a metric with others' names in its labels */
  constructor(maxSeries: number) {
    this.#answeredMax = maxSeries;
    // Why actors end is told by words of the runtime alone.
    this.#events = { crashed: new Counts(maxSeries), exited: new Counts(), restarted: new Counts(maxSeries) };
    this.#operations = new Histograms(operationBounds, maxSeries);
    this.#failures = new Counts(maxSeries);
    this.#tokens = new Counts(maxSeries);
  }

  happened(event: CountedEvent | OperationEvent): void {
    if (event.type === "operation") this.#operation(event);
    else this.#events[event.type].add({ [eventMetrics[event.type].label]: eventLabel(event) });
  }

  #operation({ operation, subject, attributes, failure, tookMs }: OperationEvent): void {
    const model = this.#modelOf(attributes) ?? subject ?? "";
    const labels = { operation, subject: operation === "execute_tool" ? (subject ?? "") : model };
    this.#operations.record(labels, tookMs / 1_000);
    if (failure !== undefined) this.#failures.add({ ...labels, code: failure });
    // Who has asked others leaves the count to them.
    if (attributes["mofa.relay"] === true) return;
    for (const type of ["input", "output"] as const) {
      const tokens = attributes[`gen_ai.usage.${type}_tokens`];
      // A provider may say what it likes, and a counter only grows.
      if (typeof tokens === "number" && Number.isSafeInteger(tokens) && tokens > 0)
        this.#tokens.add({ model, type }, tokens);
    }
  }

  /** Undefined: it is no model's operation, or names none. */
  #modelOf(attributes: OperationEvent["attributes"]): string | undefined {
    const asked = textOf(attributes["gen_ai.request.model"]);
    const answering = textOf(attributes["gen_ai.response.model"]);
    if (answering === undefined) return asked === undefined || this.#answered.has(asked) ? asked : other;
    for (const name of [asked ?? answering, answering]) {
      this.#answered.delete(name);
      this.#answered.add(name);
    }
    for (const oldest of this.#answered) {
      if (this.#answered.size <= this.#answeredMax) break;
      this.#answered.delete(oldest);
    }
    return answering;
  }

  families(stats: SystemStats): readonly Family[] {
    return [
      ...statsMetrics.map((metric) => familyOf(metric, samplesOf(metric, stats))),
      ...happenings
        .filter((type) => type !== "operation")
        .map((type) => familyOf(eventMetrics[type], this.#events[type].samples)),
      counter(
        "mofa_model_tokens_total",
        "Tokens that models have read and written, since the start of the plugin.",
        this.#tokens.samples,
      ),
      {
        name: "mofa_operation_seconds",
        help: "How long chats, embeddings and calls of tools have taken, since the start of the plugin.",
        type: "histogram",
        samples: this.#operations.samples,
      },
      counter("mofa_operation_failures_total", "Those that have failed, by code.", this.#failures.samples),
    ];
  }
}

/** By the name that Prometheus has for it. */
function familyOf({ name, type, description }: SystemMetric, samples: readonly Sample[]): Family {
  const suffix = type === "counter" ? "_total" : "";
  return { name: `${name.replaceAll(".", "_")}${suffix}`, help: `${description}.`, type, samples };
}

function samplesOf({ label, values }: StatsMetric, stats: SystemStats): readonly Sample[] {
  return Array.from(values(stats), ([said, value]) => ({
    labels: label === undefined ? {} : { [label]: said },
    value,
  }));
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples };
}
