/** JSON through bytes, as it would go through shared memory. */
import { codecScenarios } from "./codec-scenarios.ts";
import type { Scenarios } from "./scenario.ts";

const bytes = Buffer.from(new SharedArrayBuffer(2 ** 20));

export const scenarios: Scenarios = codecScenarios((messages, take) => {
  let end = 0;
  const ends = messages.map((message) => (end += bytes.write(JSON.stringify(message), end)));
  let start = 0;
  for (const end of ends) {
    take(JSON.parse(bytes.toString("utf8", start, end)));
    start = end;
  }
});
