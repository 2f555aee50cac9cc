/**
 * Where a program with an agent may be told to die, beside the points of its store: `MOFA_AGENT_POINT=<name>:<n>` kills it with SIGKILL
 * the n-th time that it comes past. They lie in the model, in the tools and in the caller: around the agent, and not in it.
 */

export const agentPoints = [
  /** The model is asked, and has said nothing. */
  "model-asked",
  "model-midway",
  /** It has said all, and the agent may not have heard of it. */
  "model-answered",
  /** A call is recorded as begun, and its tool has not come to run. */
  "tool-begun",
  "before-effect",
  "after-effect",
  /** The tool has given its result, which may not be recorded. */
  "tool-returned",
  /** The agent has come up, and is asked nothing yet. */
  "started",
  /** The caller knows that somebody has to decide, and has told nobody. */
  "approval-in-hand",
  /** The caller has the answer, and has told nobody. */
  "answer-in-hand",
] as const;
export type AgentPoint = (typeof agentPoints)[number];

const [wanted = "", count = "1"] = (process.env["MOFA_AGENT_POINT"] ?? "").split(":");
let left = Number(count);

/** Each point lies in one thread, which counts it. */
export function agentPoint(name: AgentPoint): void {
  if (name !== wanted || --left > 0) return;
  process.kill(process.pid, "SIGKILL");
  // The signal comes in its own time, and nothing may be done in it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
