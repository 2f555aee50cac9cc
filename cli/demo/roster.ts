/**
 * Which agents are up, as the registry tells it, and how long it took each that failed until its successor had done a task.
 */
import { type AgentMessage, type Context, defineServer, type From, refKey } from "../../index.ts";
import { capabilities } from "./conversation.ts";

/** What is left to tell at the end. */
export interface Closing {
  /** Agents that were started again. */
  readonly restarts: number;
  /** One for each agent that failed and whose successor finished a task. */
  readonly recoveriesMs: readonly number[];
}

interface RosterState {
  /** Agents that are up, by ref. */
  readonly numbers: Map<string, number>;
  /** Agents that were up once. */
  readonly known: Set<number>;
  /** Since when agents are down, or have done nothing since they were. */
  readonly downAtMs: Map<number, number>;
  readonly recoveriesMs: number[];
  restarts: number;
  awaitsUp: { readonly from: From; readonly agents: number } | undefined;
}

const recoveriesKept = 1_000_000;

export const roster = defineServer({
  name: "roster",
  init(_: undefined, ctx): RosterState {
    for (const capability of Object.values(capabilities)) ctx.watch({ capability });
    return {
      numbers: new Map(),
      known: new Set(),
      downAtMs: new Map(),
      recoveriesMs: [],
      restarts: 0,
      awaitsUp: undefined,
    };
  },
  casts: {
    /** An agent has done the first task of its life. */
    recovered(state, agent: number, ctx) {
      const sinceMs = state.downAtMs.get(agent);
      if (sinceMs === undefined) return;
      state.downAtMs.delete(agent);
      if (state.recoveriesMs.length < recoveriesKept) state.recoveriesMs.push(ctx.nowMs() - sinceMs);
    },
  },
  calls: {
    closing: ({ restarts, recoveriesMs }): Closing => ({ restarts, recoveriesMs: [...recoveriesMs] }),
    /** Answers when so many are up. One may ask at a time. */
    up(state, agents: number, ctx) {
      state.awaitsUp = { from: ctx.from as From, agents }; // a call has one
      answer(state, ctx);
      return ctx.noReply;
    },
  },
  info(state, message: unknown, ctx) {
    const { change, ref, declaration } = message as AgentMessage; // nobody else sends it anything
    const key = refKey(ref);
    if (change === "appeared") {
      const agent = declaration?.metadata?.["agent"] as number; // as agent.ts declares it
      if (state.known.has(agent)) state.restarts++;
      state.known.add(agent);
      state.numbers.set(key, agent);
      answer(state, ctx);
      return;
    }
    const agent = state.numbers.get(key);
    state.numbers.delete(key);
    if (agent !== undefined && !state.downAtMs.has(agent)) state.downAtMs.set(agent, ctx.nowMs());
  },
  format: ({ numbers, restarts }) => ({ up: numbers.size, restarts }),
});

function answer(state: RosterState, ctx: Context): void {
  if (state.awaitsUp === undefined || state.numbers.size < state.awaitsUp.agents) return;
  ctx.reply(state.awaitsUp.from, undefined);
  state.awaitsUp = undefined;
}
