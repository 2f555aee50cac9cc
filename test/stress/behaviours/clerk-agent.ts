/** The agent of the program that is killed. */
import { defineAgent } from "../../../actors/index.ts";

/** Tools that run at a time: as many calls may be uncertain after a kill. */
export const toolsAtOnce = 2;
export const clerkName = "clerk";
export const sessionName = "desk";

export const clerk = defineAgent({
  name: clerkName,
  model: "llm-planned",
  instructions: "You do as planned.",
  tools: ["tool-desk"],
  // So few that what is older is summed up now and then.
  memory: { contextTokens: 1_000 },
  limits: { maxParallelTools: toolsAtOnce },
});
