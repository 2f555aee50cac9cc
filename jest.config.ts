import { availableParallelism } from "node:os";
import type { Config } from "jest";

/** Suites that take long and tell little anew from one change to the next: `npm run test:isolated` runs them. */
export const longSuites = [
  "cli/attach",
  "cli/chaos",
  "cli/run",
  "core/bus/bus-property",
  "core/bus/floods",
  "core/bus/kept-floods",
  "core/bus/kept-property",
  "core/half-writes",
  "core/modules",
  "core/processes/ends",
  "core/processes/floods",
  "core/processes/heartbeat",
  "core/processes/orphans",
  "core/processes/values",
  "core/streams/losses",
  "core/streams/stream-property",
  "core/tasks/preemption",
  "core/threads/cut-landings",
  "core/threads/cut-second-line",
  "core/threads/dedicated",
  "core/threads/escapes",
  "core/threads/held-looks",
  "core/threads/interrupts",
  "core/threads/profile",
  "core/threads/replacement",
  "core/threads/stop",
  "core/threads/watchdog",
  "core/volume",
  "examples",
  "packed",
  "plugins/bad-plugins",
  "plugins/storage/isolation",
  "plugins/storage/vector-property",
  "plugins/wasm/config-keys",
  "plugins/wasm/faults",
  "simulation/simulation",
  "stress-kill",
];

export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.js"],
  testPathIgnorePatterns: longSuites.map((suite) => `/test/${suite}\\.test\\.js$`),
  transform: {},
  testTimeout: 60_000,
  // Jest's own choice is one less than there are cores; but many tests wait for threads and processes of their own.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  reporters: ["default", "<rootDir>/test/support/otp-reporter.js"],
} satisfies Config;
