import { availableParallelism } from "node:os";
import type { Config } from "jest";
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.js"],
  transform: {},
  testTimeout: 60_000,
  // Jest's own choice is one less than there are cores; but many tests wait for threads and processes of their own.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  reporters: ["default", "<rootDir>/test/support/otp-reporter.js"],
} satisfies Config;
