import type { Config } from "jest";
import base from "./jest.config.ts";

// For this process, which runs the tests, and for its workers.
process.env["MOFA_TEST_PLACES"] = "process";

const suites = [
  "arguments",
  "s1-turns",
  "s10-budgets",
  "s2-order-and-delivery",
  "s3-links-monitors-exits",
  "s4-liveness-words",
  "s5-names-calls-timers",
  "s6-starting",
  "s7-bounds",
];

/** `npm run test:processes`: every suite that runs in all placements, in processes. */
export default {
  ...base,
  testMatch: suites.map((suite) => `<rootDir>/test/core/semantics/${suite}.test.js`),
} satisfies Config;
