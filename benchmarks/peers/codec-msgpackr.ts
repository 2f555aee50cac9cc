/** msgpackr at its fastest: records, shared by both ends from the first message on. */
import { Packr } from "msgpackr";
import { codecScenarios } from "./codec-scenarios.ts";
import type { Scenarios } from "./scenario.ts";

const packr = new Packr({ structures: [], useToJSON: false });

export const scenarios: Scenarios = codecScenarios((messages, take) => {
  const packed = messages.map((message) => packr.pack(message));
  for (const bytes of packed) take(packr.unpack(bytes));
});
