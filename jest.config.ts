import type { Config } from "jest";
export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.js"],
  transform: {},
  testTimeout: 30_000,
  reporters: ["default", "<rootDir>/test/support/otp-reporter.js"],
} satisfies Config;
