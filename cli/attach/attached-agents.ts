/** Calls of tools that wait for a decision in agents of a running program. */
import { type AgentApproval, agentTag } from "../../actors/index.ts";
import { type MofaSystem, type RuntimeError, refKey, type ToolDecision } from "../../index.ts";
import type { ApprovalList } from "./attach-protocol.ts";
import { refOf } from "./attach-protocol.ts";

/** Agents that are asked, the least busy first. */
const agentsMax = 1_000;
/** One that is in a turn does not answer before that has ended, and waits for nobody. */
const askMs = 500;
/** Behind it the turn is under way. */
const decideMs = 2_000;

export class AttachedAgents {
  readonly #system: MofaSystem;

  constructor(system: MofaSystem) {
    this.#system = system;
  }

  async approvals(): Promise<ApprovalList["approvals"]> {
    const agents = this.#system.find({ tags: [agentTag] }).slice(0, agentsMax);
    const all = await Promise.all(
      agents.map(async ({ ref }) => {
        try {
          const approvals = (await this.#system.call(ref, "approvals", undefined, {
            timeoutMs: askMs,
          })) as AgentApproval[];
          return approvals.map(({ id, agent, tool, arguments: given, sinceMs }) => ({
            ...{ id, tool, arguments: parsed(given), sinceMs },
            ...{ plugin: null, agent: refKey(ref), by: agent },
          }));
        } catch {
          return []; // it is in a turn, or has ended
        }
      }),
    );
    return all.flat();
  }

  /** The turn goes on by itself: whoever has asked it reads its answer from the session. */
  async decide(agent: string, decision: ToolDecision): Promise<boolean> {
    try {
      await this.#system.call(refOf(agent) ?? agent, "decide", decision, { timeoutMs: decideMs });
      return true;
    } catch (error) {
      const { code } = error as RuntimeError;
      if (code === "timeout") return true;
      if (code === "bad_argument" || code === "noproc") return false;
      throw error;
    }
  }
}

/** As the model wrote them: what should be JSON, and may be none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
