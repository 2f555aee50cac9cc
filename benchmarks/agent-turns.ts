/** Agents over a model that answers at once, and the actors that ask them. */
import { type AgentApi, defineAgent } from "../actors/index.ts";
import { defineServer, modelOf, type Ref } from "../index.ts";
import { scriptedModel } from "../plugins/llm-scripted/index.ts";
import { heldBytes } from "./peers/held-bytes.ts";
import type { Repetition } from "./peers/scenario.ts";
import { timeEach } from "./peers/stopwatch.ts";

export const quickModel = scriptedModel("llm-quick");
/** It says what it was asked, for the sum. */
export const quickAnswers = { rules: [{ answer: { content: "{last}" } }], deltaChars: 64, maxConcurrent: 1_000 };

export const thinker = defineAgent({ name: "thinker", model: "llm-quick" });

/** Turns of one session: a model reads all that was said before. */
export const turnsOfSession = 10;

export interface AgentPlay {
  /** `model`: asked by the actor itself, with as long a conversation. */
  readonly way: "agent" | "model";
  readonly size: number;
}

export const asker = defineServer({
  name: "asker",
  calls: {
    play(_state, { way, size }: AgentPlay, ctx): Promise<Repetition> {
      const model = modelOf(ctx, "llm-quick");
      let agent: Ref<AgentApi> | undefined;
      let said: { role: "user" | "assistant"; content: string }[] = [];
      return timeEach(size, async (number, watch) => {
        if (number % turnsOfSession === 0) {
          if (agent !== undefined) ctx.exit(agent, "kill");
          agent = way === "agent" ? ctx.spawn(thinker, undefined) : undefined;
          await agent?.call("session");
          said = [];
        }
        const content = String(number);
        watch.start();
        if (agent !== undefined) {
          const { text } = await agent.call("ask", content);
          watch.lap();
          return Number(text);
        }
        said.push({ role: "user", content });
        const answer = await model.chat({ messages: [...said] }).answer();
        said.push({ role: "assistant", content: answer.content });
        watch.lap();
        return Number(answer.content);
      });
    },

    /** So many with nothing in their sessions: what one holds. */
    async idle(_state, agents: number, ctx): Promise<Repetition> {
      const before = heldBytes();
      const startMs = performance.now();
      const all = Array.from({ length: agents }, () => ctx.spawn(thinker, undefined));
      let result = 0;
      for (const agent of all) result += (await agent.call("session")).turns === 0 ? 1 : 0;
      const elapsedMs = performance.now() - startMs;
      const bytes = heldBytes() - before;
      for (const agent of all) ctx.exit(agent, "kill");
      return { result, elapsedMs, bytes };
    },
  },
});

let runs = 0;

/** Agents that are all asked at once, again and again, each for its session in the store. */
export const crowd = defineServer({
  name: "crowd",
  calls: {
    async play(
      _state,
      { agents, turns }: { readonly agents: number; readonly turns: number },
      ctx,
    ): Promise<Repetition> {
      const run = `${process.pid}-${runs++}`;
      const all = Array.from({ length: agents }, (_, at) => ctx.spawn(thinker, { session: `${run} ${at}` }));
      for (const agent of all) await agent.call("session", undefined, { timeoutMs: 60_000 });
      const latenciesUs = new Float64Array(agents * turns);
      let done = 0;
      let result = 0;
      const startMs = performance.now();
      const ask = async (agent: Ref<AgentApi>) => {
        for (let turn = 0; turn < turns; turn++) {
          const askedMs = performance.now();
          const { text } = await agent.call("ask", String(turn), { timeoutMs: 60_000 });
          latenciesUs[done++] = (performance.now() - askedMs) * 1_000;
          result += Number(text) === turn ? 1 : 0;
        }
      };
      await Promise.all(all.map(ask));
      const elapsedMs = performance.now() - startMs;
      for (const agent of all) ctx.exit(agent, "kill");
      return { result, elapsedMs, latenciesUs };
    },
  },
});
