/** What operations, and the runtime itself, come to in numbers: instruments of OpenTelemetry. */
import type { Attributes, BatchObservableCallback, Counter, Meter } from "@opentelemetry/api";
import {
  type CountedEvent,
  eventLabel,
  eventMetrics,
  type OperationEvent,
  type SystemMetric,
  type SystemStats,
  statsMetrics,
} from "../../core/index.ts";
import { BoundedNames } from "./bounded-names.ts";

/** As the conventions for generative AI have them. */
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power);
const secondBounds = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);

/** Of models, of tools, of what is counted by the names of behaviours and supervisors. */
const namesMax = 100;

/** Of an operation's attributes, those that measurements have, too. */
const dimensions = [
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.model",
  "gen_ai.tool.name",
] as const;

export class RuntimeMetrics {
  readonly #tokens;
  readonly #duration;
  readonly #others;
  readonly #events: Readonly<Record<CountedEvent["type"], Counter>>;
  readonly #close: () => void;
  /** Under which models have answered, or were asked for when they did. */
  readonly #models = new BoundedNames(namesMax);
  readonly #tools = new BoundedNames(namesMax);
  readonly #labels: Readonly<Record<CountedEvent["type"], BoundedNames>> = {
    crashed: new BoundedNames(namesMax),
    exited: new BoundedNames(namesMax),
    restarted: new BoundedNames(namesMax),
  };

  /** @param stats asked for when somebody collects */
  constructor(meter: Meter, stats: () => Promise<SystemStats>) {
    this.#tokens = meter.createHistogram("gen_ai.client.token.usage", {
      unit: "{token}",
      description: "Tokens that models have read and written",
      advice: { explicitBucketBoundaries: tokenBounds },
    });
    this.#duration = meter.createHistogram("gen_ai.client.operation.duration", {
      unit: "s",
      description: "How long chats, embeddings and calls of tools have taken",
      advice: { explicitBucketBoundaries: secondBounds },
    });
    this.#others = meter.createHistogram("mofa.operation.duration", {
      unit: "s",
      description: "How long other operations have taken, such as tasks with a trace context",
      advice: { explicitBucketBoundaries: secondBounds },
    });
    const counter = ({ name, unit, description }: SystemMetric) => meter.createCounter(name, { unit, description });
    this.#events = {
      crashed: counter(eventMetrics.crashed),
      exited: counter(eventMetrics.exited),
      restarted: counter(eventMetrics.restarted),
    };
    this.#close = observeStats(meter, stats);
  }

  operation({ attributes, failure, operation, tookMs }: OperationEvent): void {
    const known = Object.fromEntries(
      dimensions.flatMap((name) => {
        const value = attributes[name];
        return typeof value === "string" ? [[name, this.#bounded(name, value, attributes)]] : [];
      }),
    );
    // The conventions' own metric is of their operations alone.
    if (known["gen_ai.operation.name"] === undefined) {
      this.#others.record(tookMs / 1_000, {
        "mofa.operation": operation,
        ...(failure !== undefined && { "error.type": failure }),
      });
      return;
    }
    const measured = known;
    this.#duration.record(tookMs / 1_000, failure === undefined ? measured : { ...measured, "error.type": failure });
    // Who has asked others leaves the count to them.
    if (attributes["mofa.relay"] === true) return;
    for (const type of ["input", "output"] as const) {
      const tokens = attributes[`gen_ai.usage.${type}_tokens`];
      if (typeof tokens === "number") this.#tokens.record(tokens, { ...measured, "gen_ai.token.type": type });
    }
  }

  /** Who asks for a model that there is not has made up its name. */
  #bounded(dimension: (typeof dimensions)[number], value: string, attributes: OperationEvent["attributes"]): string {
    if (dimension === "gen_ai.tool.name") return this.#tools.of(value);
    if (!dimension.endsWith(".model")) return value;
    return attributes["gen_ai.response.model"] === undefined ? this.#models.known(value) : this.#models.of(value);
  }

  happened(event: CountedEvent): void {
    const { type } = event;
    const label = eventLabel(event);
    const told = label === "" ? label : this.#labels[type].of(label);
    this.#events[type].add(1, attributesOf(eventMetrics[type], told));
  }

  close(): void {
    this.#close();
  }
}

function observeStats(meter: Meter, stats: () => Promise<SystemStats>): () => void {
  const observed = statsMetrics.map((metric) => {
    const { name, type, unit, description } = metric;
    const instrument =
      type === "gauge"
        ? meter.createObservableGauge(name, { unit, description })
        : meter.createObservableCounter(name, { unit, description });
    return { metric, instrument };
  });
  const instruments = observed.map(({ instrument }) => instrument);
  const look: BatchObservableCallback = async (result) => {
    const now = await stats();
    for (const { metric, instrument } of observed)
      for (const [said, value] of metric.values(now)) result.observe(instrument, value, attributesOf(metric, said));
  };
  meter.addBatchObservableCallback(look, instruments);
  return () => meter.removeBatchObservableCallback(look, instruments);
}

/** Of what has no name there is none. */
function attributesOf({ label }: SystemMetric, said: string): Attributes {
  return label === undefined || said === "" ? {} : { [`mofa.${label}`]: said };
}
