import type { Config } from "jest";
import base, { longSuites } from "./jest.config.ts";

// For this process, which runs the tests, and for its workers.
process.env["MOFA_TEST_PLACES"] = "isolated";

const suites = [
  "actors/agent/ask",
  "actors/agent/places",
  "actors/durable-state",
  "actors/event-sourced",
  "core/semantics/arguments",
  "core/semantics/s1-turns",
  "core/semantics/s10-budgets",
  "core/semantics/s12-groups",
  "core/semantics/s13-bus-options",
  "core/semantics/s13-bus",
  "core/semantics/s13-queue-groups",
  "core/semantics/s14-activity",
  "core/semantics/s14-controls",
  "core/semantics/s14-interrupts",
  "core/semantics/s14-traces",
  "core/semantics/s15-configuration",
  "core/semantics/s15-registry",
  "core/semantics/s16-preemption",
  "core/semantics/s16-tasks",
  "core/semantics/s17-acknowledged-queues",
  "core/semantics/s17-kept-topics",
  "core/semantics/s18-requests",
  "core/semantics/s18-streams",
  "core/semantics/s2-dead-letters",
  "core/semantics/s2-order-and-delivery",
  "core/semantics/s2-reports",
  "core/semantics/s20-events",
  "core/semantics/s21-durable-tasks",
  "core/semantics/s21-durable-topics",
  "core/semantics/s3-links-monitors-exits",
  "core/semantics/s4-liveness-words",
  "core/semantics/s5-failed-calls",
  "core/semantics/s5-names-calls-timers",
  "core/semantics/s6-starting",
  "core/semantics/s7-bounds",
  "plugins/models/budget-ends",
  "plugins/models/scripted",
  "plugins/tools/contract",
  "testing/fault-injector",
  "testing/message-faults",
];

/** `npm run test:isolated`: every suite that runs in all placements, on dedicated threads and in processes; and the long ones. */
export default {
  ...base,
  testPathIgnorePatterns: [],
  testMatch: [...suites, ...longSuites].map((suite) => `<rootDir>/test/${suite}.test.js`),
} satisfies Config;
