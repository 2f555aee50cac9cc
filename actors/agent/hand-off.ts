/** Handing a conversation to another agent, as a tool that the model calls. */
import {
  type Context,
  describe,
  RuntimeError,
  type StreamWriter,
  type ToolCall,
  type ToolSpec,
} from "../../core/index.ts";
import type { AgentAnswer, AgentDecision, AgentDelta, AgentInput } from "./agent-answer.ts";
import { type CheckedAgent, handOffPrefix } from "./agent-definition.ts";
import type { TurnEnd } from "./session.ts";

export function handOffSpecs({ handOffs }: CheckedAgent): ToolSpec[] {
  return handOffs.map(({ to, description }) => ({
    name: `${handOffPrefix}${to}`,
    description: `Hands the conversation to ${to}, who answers in your place. ${description}`,
    inputSchema: {
      type: "object",
      properties: { note: { type: "string", description: "What they should know of it so far." } },
      required: ["note"],
      additionalProperties: false,
    },
  }));
}

/** To whom a call of the model's hands the conversation; undefined: it is another tool's. */
export function handedTo({ handOffs }: CheckedAgent, { name }: ToolCall): string | undefined {
  return handOffs.find(({ to }) => name === `${handOffPrefix}${to}`)?.to;
}

export interface HandedOn {
  readonly to: string;
  readonly from: string;
  /** Agents that have handed it on before. */
  readonly path: readonly string[];
  readonly call: ToolCall;
  /** What the user has said. */
  readonly content: string;
  readonly turn: string;
}

/**
 * What the other agent answers.
 * @throws RuntimeError `bad_argument`: the model's note is none, or it would go in a circle; what asking it fails with.
 */
export async function handOn(
  ctx: Context,
  { to, from, path, call, content, turn }: HandedOn,
  {
    signal,
    trace,
    say,
  }: {
    readonly signal: AbortSignal;
    readonly trace: string | undefined;
    say(delta: AgentDelta): Promise<void>;
  },
): Promise<AgentAnswer> {
  const way = [...path, from];
  if (way.includes(to))
    throw new RuntimeError("bad_argument", `${to} has had it before (${way.join(", ")}): answer yourself`);
  const input: AgentInput = {
    content: `${content}\n\n(Handed over by ${from}: ${noteOf(call)})`,
    turn: `${turn}/${to}`,
    path: way,
  };
  await say({ type: "handOff", to });
  const reader = ctx.callStream(to, "ask", input, { signal, trace, idleTimeoutMs: Number.POSITIVE_INFINITY });
  for await (const delta of reader) await say(delta as AgentDelta);
  return reader.result as AgentAnswer;
}

/** How a turn is over that another agent has answered, or is to. */
export function handedEnd(
  by: string,
  { text, output, approvals }: AgentAnswer,
): Extract<TurnEnd, { finish: "handOff" }> {
  return { finish: "handOff", by, text, ...(output !== undefined && { output }), approvals };
}

/** A decision that is another agent's, and what that answers. @throws what it fails with, by rejection. */
export async function decideAt(
  ctx: Context,
  by: string,
  decision: AgentDecision,
  out: StreamWriter | undefined,
): Promise<AgentAnswer> {
  const reader = ctx.callStream(by, "decide", decision, {
    signal: out === undefined ? ctx.signal : AbortSignal.any([ctx.signal, out.signal]),
    idleTimeoutMs: Number.POSITIVE_INFINITY,
  });
  for await (const delta of reader) await out?.write(delta);
  return reader.result as AgentAnswer;
}

function noteOf(call: ToolCall): string {
  let given: unknown;
  try {
    given = JSON.parse(call.arguments);
  } catch {
    given = undefined; // told below
  }
  const { note } = (typeof given === "object" && given !== null ? given : {}) as { readonly note?: unknown };
  if (typeof note === "string") return note;
  throw new RuntimeError("bad_argument", `${call.name} wants { note }, got ${describe(call.arguments)}`);
}
