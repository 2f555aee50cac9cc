/** What operations, and the runtime itself, come to in numbers: instruments of OpenTelemetry. */
import type { BatchObservableCallback, Meter, Observable } from "@opentelemetry/api";
import {
  type CrashReport,
  countsByPosition,
  type OperationEvent,
  type RestartedEvent,
  type RuntimeEvent,
  reasonKind,
  type SystemStats,
} from "../../core/index.ts";

type Happened = CrashReport | RestartedEvent | Extract<RuntimeEvent, { readonly type: "exited" }>;

/** As the conventions for generative AI have them. */
const tokenBounds = Array.from({ length: 14 }, (_, power) => 4 ** power);
const secondBounds = Array.from({ length: 14 }, (_, power) => 0.01 * 2 ** power);

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
  readonly #crashes;
  readonly #exits;
  readonly #restarts;
  readonly #close: () => void;

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
    this.#crashes = meter.createCounter("mofa.crashes", { unit: "{crash}", description: "Actors that have failed" });
    this.#exits = meter.createCounter("mofa.exits", { unit: "{actor}", description: "Actors that have ended" });
    this.#restarts = meter.createCounter("mofa.restarts", { unit: "{restart}", description: "Children started again" });
    this.#close = observeStats(meter, stats);
  }

  operation({ attributes, failure, operation, tookMs }: OperationEvent): void {
    const known = Object.fromEntries(
      dimensions.flatMap((name) => {
        const value = attributes[name];
        return typeof value === "string" ? [[name, value]] : [];
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

  happened(event: Happened): void {
    if (event.type === "restarted")
      this.#restarts.add(1, event.name === undefined ? {} : { "mofa.supervisor": event.name });
    else if (event.type === "crashed") this.#crashes.add(1, { "mofa.behaviour": event.behaviour });
    else this.#exits.add(1, { "mofa.exit.reason": reasonKind(event.reason) });
  }

  close(): void {
    this.#close();
  }
}

function observeStats(meter: Meter, stats: () => Promise<SystemStats>): () => void {
  const actors = meter.createObservableGauge("mofa.actors", { unit: "{actor}", description: "Actors that live" });
  const unread = meter.createObservableGauge("mofa.mailbox.messages", {
    unit: "{message}",
    description: "Messages that wait in mailboxes",
  });
  const turns = meter.createObservableCounter("mofa.turns", { unit: "{turn}", description: "Messages handled" });
  const letters = meter.createObservableCounter("mofa.dead_letters", {
    unit: "{message}",
    description: "Messages that have reached nobody",
  });
  const observed: Observable[] = [actors, unread, turns, letters];
  const look: BatchObservableCallback = async (result) => {
    const { deadLetters, threads } = await stats();
    for (const [position, counts] of countsByPosition(threads)) {
      const where = { "mofa.thread": position };
      result.observe(actors, counts.actors, where);
      result.observe(unread, counts.unread, where);
      result.observe(turns, counts.turns, where);
    }
    for (const [why, count] of Object.entries(deadLetters)) result.observe(letters, count, { "mofa.why": why });
  };
  meter.addBatchObservableCallback(look, observed);
  return () => meter.removeBatchObservableCallback(look, observed);
}
