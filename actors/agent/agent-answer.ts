/** What is said to an agent, and what it answers: plain data, which crosses threads, processes and languages. */
import { type ChatMessage, RuntimeError } from "../../core/index.ts";
import {
  type AgentApproval,
  addUsage,
  handedAndWaiting,
  type Session,
  type Turn,
  type TurnCall,
  type Usage,
  waiting,
} from "./session.ts";

export type AgentInput =
  | string
  | {
      readonly content: string;
      /** Names the turn: to ask again by it goes on with that turn, or gives what it came to. Default: drawn by chance. */
      readonly turn?: string;
      /** The names of agents that have handed it on, the first one first: none of them gets it again. */
      readonly path?: readonly string[];
    };

export interface AgentDecision {
  /** Of the approval. */
  readonly id: string;
  readonly isApproved: boolean;
  /** Why not: the model is told. */
  readonly reason?: string;
}

export interface AgentAnswer<O = unknown> {
  /** The turn's name. */
  readonly turn: string;
  /** `length`: the model had more to say. `handOff`: another agent has answered. `approval`: nobody has yet; it goes on by `decide`. */
  readonly finish: "stop" | "length" | "handOff" | "approval";
  readonly text: string;
  /** Of an agent with an `output`: what the text says, by its schema. Absent where it waits. */
  readonly output?: O;
  /** The name of the agent that it was handed to. */
  readonly by?: string;
  /** Those that wait; empty unless `finish` is `approval`. */
  readonly approvals: readonly AgentApproval[];
  /** In their order. `ok` is absent where a call waits. */
  readonly toolCalls: readonly TurnCall[];
  /** As the model's provider has counted; answers that failed are not in it. */
  readonly usage: Usage;
  /** Answers of the model. */
  readonly steps: number;
  /** From the ask to the answer, without what lies between a wait and its decision. */
  readonly ms: number;
}

/** What a stream of `ask`, `goOn` or `decide` has before its end, an `AgentAnswer`. */
export type AgentDelta =
  /** To an agent that has handed it on: it is this one's turn. */
  | { readonly type: "begins" }
  | { readonly type: "text"; readonly text: string }
  /** What was said since the last call of a tool is void, and said anew. */
  | { readonly type: "again"; readonly why: string }
  /** A tool is called. `place`: in the model's last message. */
  | { readonly type: "toolCall"; readonly place: number; readonly name: string; readonly arguments: string }
  | { readonly type: "toolProgress"; readonly place: number; readonly data: unknown }
  | {
      readonly type: "toolResult";
      readonly place: number;
      readonly name: string;
      readonly ok: boolean;
      readonly content: string;
      readonly ms: number;
    }
  /** The conversation has grown too long, and its beginning is summed up. */
  | { readonly type: "summarised"; readonly messages: number }
  /** Another agent answers from here on. */
  | { readonly type: "handOff"; readonly to: string };

/** How a session stands. */
export interface SessionState {
  /** Undefined: it ends with its agent. */
  readonly session: string | undefined;
  readonly turns: number;
  readonly messages: readonly ChatMessage[];
  /** Messages before those, which a summary stands for. */
  readonly forgotten: number;
  readonly summary: string | undefined;
  readonly usage: Usage;
  /** `open`: a turn was left in the midst; `goOn` goes on with it. */
  readonly turn: "none" | "open" | "waits" | "ended";
  readonly approvals: readonly AgentApproval[];
  /** How far the last estimate of a request's tokens was from what the provider counted: 0.1 is ten percent too many. */
  readonly estimateError: number | undefined;
}

/** Calls that wait, of this agent and of whom it has handed its last turn to. */
export function approvalsOf(agent: string, session: Session): readonly AgentApproval[] {
  const own = waiting(session).map(({ call, approval }) => ({
    id: approval?.id as string,
    agent,
    tool: call.name,
    arguments: call.arguments,
    sinceMs: approval?.sinceMs as number,
  }));
  return [...own, ...(handedAndWaiting(session)?.approvals ?? [])];
}

/** Of a turn that waits, or is over. @throws RuntimeError what it has failed with, or was interrupted by. */
export function answerOf(agent: string, session: Session, turn: Turn): AgentAnswer {
  const { id, calls, usage, steps, tookMs, end } = turn;
  const common = { turn: id, toolCalls: [...calls], usage: { ...usage }, steps, ms: tookMs };
  if (end === undefined)
    return { ...common, finish: "approval", text: textOf(session), approvals: approvalsOf(agent, session) };
  switch (end.finish) {
    case "failed":
    case "interrupted":
      throw new RuntimeError(end.code, end.message);
    case "handOff": {
      const { text, output, by, approvals } = end;
      const finish = approvals.length > 0 ? "approval" : "handOff";
      const both = {
        toolCalls: [...calls, ...end.toolCalls],
        usage: sumOf(usage, end.usage),
        steps: steps + end.steps,
      };
      return { ...common, ...both, finish, text, ...(output !== undefined && { output }), by, approvals };
    }
    default: {
      const { finish, output } = end;
      return { ...common, finish, text: textOf(session), ...(output !== undefined && { output }), approvals: [] };
    }
  }
}

function sumOf(own: Usage, other: Usage): Usage {
  const sum: Usage = { ...own };
  addUsage(sum, other);
  return sum;
}

/** What the model has said last. */
function textOf({ messages }: Session): string {
  return messages.findLast(({ role }) => role === "assistant")?.content ?? "";
}
