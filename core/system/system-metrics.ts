/**
 * What is counted of a system, as metrics: one list for all plugins that hand them on, each in its own form. Names are those of
 * OpenTelemetry; Prometheus has `_` in them for a dot, and `_total` behind a counter.
 */
import { type ExitReason, reasonKind } from "../actor/exit-reason.ts";
import { countsByPosition, type PositionCounts } from "./counts-by-position.ts";
import type { SystemStats } from "./inspection.ts";

export interface SystemMetric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  /** As OpenTelemetry has it: `{actor}`. */
  readonly unit: string;
  readonly description: string;
  /** What its values are told apart by, such as `thread`; undefined: there is one. */
  readonly label?: string;
}

/** One that `stats()` has. */
export interface StatsMetric extends SystemMetric {
  /** By what its label says; one alone stands under "". */
  values(stats: SystemStats): Iterable<readonly [label: string, value: number]>;
}

/** Events that are counted, each from when somebody listens. */
export type CountedEvent =
  | { readonly type: "crashed"; readonly behaviour: string }
  | { readonly type: "exited"; readonly reason: ExitReason }
  | { readonly type: "restarted"; readonly name?: string | undefined };

export const statsMetrics: readonly StatsMetric[] = [
  byThread("gauge", "mofa.actors", "{actor}", "Actors that live, by the place of their thread", "actors"),
  byThread("gauge", "mofa.mailbox.messages", "{message}", "Messages that actors have not taken yet", "unread"),
  byThread(
    "counter",
    "mofa.thread.turns",
    "{turn}",
    "Messages handled by the thread that is there now, by its place",
    "turns",
  ),
  one("counter", "mofa.turns", "{turn}", "Messages handled", ({ turns }) => turns),
  one("counter", "mofa.crashes", "{crash}", "Actors that have ended by a failure", ({ crashes }) => crashes),
  {
    name: "mofa.dead_letters",
    type: "counter",
    unit: "{message}",
    description: "Messages that have reached nobody, by why",
    label: "why",
    values: ({ deadLetters }) => Object.entries(deadLetters),
  },
  one("counter", "mofa.turns_cut", "{turn}", "Turns that were cut down", ({ cuts }) => cuts),
  one("counter", "mofa.threads_lost", "{thread}", "Threads that were lost", ({ threadsLost }) => threadsLost),
  one("gauge", "mofa.processes", "{process}", "Processes of actors that run", ({ processes }) => processes),
  one(
    "counter",
    "mofa.processes_lost",
    "{process}",
    "Processes that have ended before their actors",
    ({ processesLost }) => processesLost,
  ),
  one("counter", "mofa.published", "{message}", "Messages published on the bus", ({ bus }) => bus.published),
  one("gauge", "mofa.tasks_waiting", "{task}", "Tasks that wait for their turn", ({ tasks }) => tasks.waiting),
  one(
    "counter",
    "mofa.events_dropped",
    "{event}",
    "Events that never came: what counts them is too low",
    ({ eventsDropped }) => eventsDropped,
  ),
];

export const eventMetrics = {
  crashed: {
    name: "mofa.behaviour.crashes",
    type: "counter",
    unit: "{crash}",
    description: "Actors that have ended by a failure since the start of the plugin, by behaviour",
    label: "behaviour",
  },
  exited: {
    name: "mofa.exits",
    type: "counter",
    unit: "{actor}",
    description: "Actors that have ended since the start of the plugin, by the kind of reason",
    label: "reason",
  },
  restarted: {
    name: "mofa.restarts",
    type: "counter",
    unit: "{restart}",
    description: "Children started again since the start of the plugin, by supervisor",
    label: "supervisor",
  },
} as const satisfies Record<CountedEvent["type"], SystemMetric>;

/** What the label of its metric says; "": a supervisor without a name. */
export function eventLabel(event: CountedEvent): string {
  switch (event.type) {
    case "crashed":
      return event.behaviour;
    case "exited":
      return reasonKind(event.reason);
    case "restarted":
      return event.name ?? "";
  }
}

function one(
  type: SystemMetric["type"],
  name: string,
  unit: string,
  description: string,
  value: (stats: SystemStats) => number,
): StatsMetric {
  return { name, type, unit, description, values: (stats) => [["", value(stats)]] };
}

function byThread(
  type: SystemMetric["type"],
  name: string,
  unit: string,
  description: string,
  count: keyof PositionCounts,
): StatsMetric {
  return {
    name,
    type,
    unit,
    description,
    label: "thread",
    values: ({ threads }) => Array.from(countsByPosition(threads), ([thread, counts]) => [thread, counts[count]]),
  };
}
