/** What is counted of a system, as Prometheus's metrics: by its events from the plugin's start on, and by what its threads count. */
import {
  type CrashReport,
  countsByPosition,
  type OperationEvent,
  type RestartedEvent,
  type RuntimeEvent,
  reasonKind,
  type SystemStats,
} from "../../core/index.ts";
import { Counts, Histograms } from "./bounded-series.ts";
import type { Family, Sample } from "./exposition.ts";

type Happened = CrashReport | OperationEvent | RestartedEvent | Extract<RuntimeEvent, { readonly type: "exited" }>;

/** In seconds. */
const operationBounds = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

export const happenings = ["crashed", "exited", "operation", "restarted"] as const;

export class RuntimeFamilies {
  readonly #crashes: Counts;
  /** By words of the runtime alone. */
  readonly #exits = new Counts();
  readonly #restarts: Counts;
  readonly #operations: Histograms;
  readonly #failures: Counts;
  readonly #tokens: Counts;

  /** @param maxSeries of a metric with others' names in its labels */
  constructor(maxSeries: number) {
    this.#crashes = new Counts(maxSeries);
    this.#restarts = new Counts(maxSeries);
    this.#operations = new Histograms(operationBounds, maxSeries);
    this.#failures = new Counts(maxSeries);
    this.#tokens = new Counts(maxSeries);
  }

  happened(event: Happened): void {
    switch (event.type) {
      case "crashed":
        this.#crashes.add({ behaviour: event.behaviour });
        return;
      case "exited":
        this.#exits.add({ reason: reasonKind(event.reason) });
        return;
      case "restarted":
        this.#restarts.add({ supervisor: event.name ?? "" });
        return;
      case "operation":
        this.#operation(event);
        return;
    }
  }

  #operation({ operation, subject, attributes, failure, tookMs }: OperationEvent): void {
    const model = textOf(attributes["gen_ai.response.model"]) ?? subject ?? "";
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

  families(stats: SystemStats): readonly Family[] {
    const {
      bus,
      crashes,
      cuts,
      deadLetters,
      eventsDropped,
      processes,
      processesLost,
      tasks,
      threads,
      threadsLost,
      turns,
    } = stats;
    const places = [...countsByPosition(threads)];
    const byThread = (count: "actors" | "unread" | "turns"): Sample[] =>
      places.map(([thread, counts]) => ({ labels: { thread }, value: counts[count] }));
    const letters = Object.entries(deadLetters).map(([why, value]) => ({ labels: { why }, value }));
    return [
      gauge("mofa_actors", "Actors that live, by the place of their thread.", byThread("actors")),
      gauge("mofa_mailbox_messages", "Messages that actors have not taken yet.", byThread("unread")),
      counter("mofa_thread_turns_total", "Messages handled by the thread that is there now.", byThread("turns")),
      counter("mofa_turns_total", "Messages handled.", one(turns)),
      counter("mofa_crashes_total", "Actors that have ended by a failure.", one(crashes)),
      counter(
        "mofa_behaviour_crashes_total",
        "The same since the start of the plugin, by behaviour.",
        this.#crashes.samples,
      ),
      counter(
        "mofa_exits_total",
        "Actors that have ended since the start of the plugin, by the kind of reason.",
        this.#exits.samples,
      ),
      counter(
        "mofa_restarts_total",
        "Children started again since the start of the plugin, by supervisor.",
        this.#restarts.samples,
      ),
      counter("mofa_dead_letters_total", "Messages that have reached nobody.", letters),
      counter("mofa_turns_cut_total", "Turns that were cut down.", one(cuts)),
      counter("mofa_threads_lost_total", "Threads that were lost.", one(threadsLost)),
      gauge("mofa_processes", "Processes of actors that run.", one(processes)),
      counter("mofa_processes_lost_total", "Processes that have ended before their actors.", one(processesLost)),
      counter("mofa_published_total", "Messages published on the bus.", one(bus.published)),
      gauge("mofa_tasks_waiting", "Tasks that wait for their turn.", one(tasks.waiting)),
      counter("mofa_events_dropped_total", "Events that never came: what counts them is too low.", one(eventsDropped)),
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

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "gauge", samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, help, type: "counter", samples };
}
