/**
 * Agents: actors that think with a model, act with tools and remember.
 *
 * Each ask is a turn of the actor, and holds its mailbox until there is an answer: two who ask at once are answered one after the
 * other. An interrupt of the turn closes the model's connection and the tools' calls, and leaves a whole conversation. What it says
 * and does is a journal of its session, so that the next incarnation goes on from there.
 */
import {
  type Behaviour,
  type Context,
  defineServer,
  jsonSchemaFor,
  type NoReply,
  type ServerApi,
  schemaCheck,
} from "../../core/index.ts";
import type { AgentAnswer, AgentDecision, AgentInput, SessionState } from "./agent-answer.ts";
import { type AgentDefinition, checkedAgent } from "./agent-definition.ts";
import type { AgentOutput } from "./agent-requests.ts";
import { type AgentStart, RunningAgent } from "./running-agent.ts";
import type { AgentApproval } from "./session.ts";

/** Of an actor that is an agent, among the tags of its declaration. */
export const agentTag = "agent";

/** The calls of an agent. `ask`, `goOn` and `decide` answer by a stream, too (`callStream`): of `AgentDelta`. */
export interface AgentCalls<O> {
  /**
   * Answers.
   * @throws RuntimeError `agent_waits`: somebody has to decide first; `agent_loop`; `timeout`; `interrupted`; what the model fails with.
   */
  ask(state: never, input: AgentInput): Promise<AgentAnswer<O> | NoReply>;
  /** Goes on with a turn that another incarnation has left. Of one that is over it is the answer, or the failure. */
  goOn(): Promise<AgentAnswer<O> | NoReply>;
  /** Says yes or no to a call that waits, and goes on. @throws RuntimeError `bad_argument`: none waits by that id. */
  decide(state: never, decision: AgentDecision): Promise<AgentAnswer<O> | NoReply>;
  /** How the session stands. */
  session(): SessionState;
  /** Calls of tools that wait for somebody's decision. */
  approvals(): readonly AgentApproval[];
}

export type AgentApi<O = unknown> = ServerApi<AgentCalls<O>, Record<never, never>>;

/** Starts with `{ session }`, or with nothing: see `AgentStart`. @throws RuntimeError `bad_argument`, with what is wrong. */
export function defineAgent<O = undefined>(
  definition: AgentDefinition<O>,
): Behaviour<AgentStart | undefined, AgentApi<O>> {
  const agent = checkedAgent(definition);
  const { name } = agent;
  const { description, module, mailboxCapacity, mailboxPolicy, turnLimitMs } = definition;
  /** What the model is to write, and what is made of it. */
  const schema = agent.output && jsonSchemaFor(agent.output, "input", name);
  const made = agent.output && jsonSchemaFor(agent.output, "output", name);
  /** Made by the first that starts. */
  let output: Promise<AgentOutput | undefined> | undefined;
  const outputOf = async (): Promise<AgentOutput | undefined> =>
    schema && agent.output && { schema, check: await schemaCheck(agent.output, "output", name) };
  return defineServer({
    name,
    ...(module !== undefined && { module }),
    ...(mailboxCapacity !== undefined && { mailboxCapacity }),
    ...(mailboxPolicy !== undefined && { mailboxPolicy }),
    ...(turnLimitMs !== undefined && { turnLimitMs }),
    declaration: {
      tags: [agentTag],
      capabilities: [{ name, input: { type: "string" }, ...(made !== undefined && { output: made }) }],
      metadata: {
        ...(description !== undefined && { description }),
        model: agent.model.plugin,
        tools: agent.tools,
        handOffs: agent.handOffs.map(({ to }) => to),
      },
    },
    async init(start: AgentStart | undefined, ctx: Context) {
      output ??= outputOf();
      return await RunningAgent.start(agent, await output, start, ctx);
    },
    calls: {
      ask: async (state: RunningAgent, input: AgentInput, ctx: Context) => await state.ask(input, ctx),
      goOn: async (state: RunningAgent, _argument: undefined, ctx: Context) => await state.goOn(ctx),
      decide: async (state: RunningAgent, decision: AgentDecision, ctx: Context) => await state.decide(decision, ctx),
      session: (state: RunningAgent) => state.state,
      approvals: (state: RunningAgent) => state.approvals,
    },
    format: (state: RunningAgent) => state.state,
  }) as unknown as Behaviour<AgentStart | undefined, AgentApi<O>>; // what it answers is by the schema
}
