/** Handing a conversation to another agent, as a tool that the model calls. */
import { byDeadline, type Context, describe, RuntimeError, type ToolCall, type ToolSpec } from "../../core/index.ts";
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
  /** Nobody else's, so that it can be asked for again. */
  readonly turn: string;
}

/** What another agent has answered in this one's place, or waits with. */
export interface HandedAnswer {
  readonly by: string;
  readonly answer: AgentAnswer;
  readonly asked: { readonly content: string; readonly turn: string };
}

/** How another agent is heard. */
export interface Hearing {
  readonly signal: AbortSignal;
  readonly trace: string | undefined;
  say(delta: AgentDelta): Promise<void>;
}

/**
 * What the other agent answers.
 * @throws RuntimeError `bad_argument`: the model's note is none, or it would go in a circle; `timeout`: the other has not begun in time; what
 * asking it fails with.
 */
export async function handOn(
  ctx: Context,
  { to, from, path, call, content, turn }: HandedOn,
  hearing: Hearing,
): Promise<HandedAnswer> {
  const way = [...path, from];
  if (way.includes(to))
    throw new RuntimeError("bad_argument", `${to} has had it before (${way.join(", ")}): answer yourself`);
  const asked = { content: `${content}\n\n(Handed over by ${from}: ${noteOf(call)})`, turn };
  await hearing.say({ type: "handOff", to });
  return await askedOf(ctx, to, asked, way, hearing);
}

/** The same, of an agent that may have been asked by that name before. */
export async function askedOf(
  ctx: Context,
  by: string,
  asked: HandedAnswer["asked"],
  path: readonly string[],
  hearing: Hearing,
): Promise<HandedAnswer> {
  const input: AgentInput = { ...asked, path };
  return { by, answer: await heardOf(ctx, by, "ask", input, hearing), asked };
}

/** A decision that is another agent's, and what that answers. @throws what it fails with, by rejection. */
export function decideAt(ctx: Context, by: string, decision: AgentDecision, hearing: Hearing): Promise<AgentAnswer> {
  return heardOf(ctx, by, "decide", decision, hearing);
}

/** One that is in a turn begins when that is over; two that have handed to one another would wait for ever. */
const beginsWithinMs = 30_000;

async function heardOf(
  ctx: Context,
  by: string,
  call: string,
  argument: unknown,
  { signal, trace, say }: Hearing,
): Promise<AgentAnswer> {
  const late = new AbortController();
  const reader = ctx.callStream(by, call, argument, {
    signal: AbortSignal.any([signal, late.signal]),
    trace,
    idleTimeoutMs: Number.POSITIVE_INFINITY,
  });
  const cancel = byDeadline(beginsWithinMs, () => late.abort());
  try {
    for await (const delta of reader) {
      cancel();
      if ((delta as AgentDelta).type !== "begins") await say(delta as AgentDelta);
    }
    return reader.result as AgentAnswer;
  } catch (error) {
    if (!late.signal.aborted || signal.aborted) throw error;
    throw new RuntimeError(
      "timeout",
      `${by} has not begun to answer within ${beginsWithinMs} ms: it is at something else`,
    );
  } finally {
    cancel();
  }
}

/** How a turn is over that another agent has answered, or is to. */
export function handedEnd({ by, answer, asked }: HandedAnswer): Extract<TurnEnd, { finish: "handOff" }> {
  const { text, output, approvals, toolCalls, usage, steps } = answer;
  return {
    ...{ finish: "handOff", by, text, approvals, toolCalls, usage, steps, asked },
    ...(output !== undefined && { output }),
  };
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
