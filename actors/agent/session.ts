/**
 * A session: what was said and done between an agent and those who ask it, as it follows from its events. Pure, so that each
 * incarnation makes the same of the same journal.
 */
import type { ChatMessage, ChatUsage, ToolCall } from "../../core/index.ts";

/** Of the events below. */
export const sessionVersion = 1;

export type SessionEvent =
  /** A turn begins. */
  | {
      readonly type: "asked";
      readonly turn: string;
      readonly content: string;
      readonly atMs: number;
      readonly path?: readonly string[];
    }
  /** The model has said something. `begins`: the places of those of its calls that are run at once. */
  | {
      readonly type: "said";
      readonly content: string;
      readonly toolCalls: readonly ToolCall[];
      readonly usage?: ChatUsage;
      readonly begins?: readonly number[];
      /** Drawn by chance: with its place it names each of the calls for good. */
      readonly key?: string;
    }
  /** What it has said is not what it should be: the agent tells it why. */
  | {
      readonly type: "corrected";
      readonly content: string;
      /** It has not been told before of what form it should be: from here on it is, and has no tools. */
      readonly isForm?: boolean;
    }
  /** A call that has waited for a decision is run. */
  | { readonly type: "toolBegan"; readonly place: number }
  | {
      readonly type: "toolEnded";
      readonly place: number;
      readonly content: string;
      readonly isError: boolean;
      readonly tookMs: number;
      /** It had begun, and nobody knows how far it came. */
      readonly isUncertain?: boolean;
    }
  /** Somebody has to decide about that call of the model's. */
  | { readonly type: "approvalAsked"; readonly place: number; readonly id: string; readonly atMs: number }
  | { readonly type: "decided"; readonly id: string; readonly isApproved: boolean; readonly reason?: string }
  /** The turn is over. */
  | ({ readonly type: "ended"; readonly tookMs: number } & TurnEnd)
  /** In the place of the first messages stands what they come to. */
  | { readonly type: "summarised"; readonly messages: number; readonly summary: string; readonly usage?: ChatUsage }
  /** The first messages are left out. */
  | { readonly type: "forgotten"; readonly messages: number };

/** How a turn is over. */
export type TurnEnd =
  /** Its last message is the answer. */
  | { readonly finish: "stop" | "length"; readonly output?: unknown }
  /** Another agent has answered, or waits for decisions. */
  | {
      readonly finish: "handOff";
      readonly by: string;
      readonly text: string;
      readonly output?: unknown;
      readonly approvals: readonly AgentApproval[];
      /** What that one has called and used for it. */
      readonly toolCalls: readonly TurnCall[];
      readonly usage: Usage;
      readonly steps: number;
      /** By which it can be asked again. */
      readonly asked: { readonly content: string; readonly turn: string };
    }
  | { readonly finish: "failed" | "interrupted"; readonly code: string; readonly message: string };

/** A call of a tool in a turn. */
export interface TurnCall {
  readonly name: string;
  /** Undefined: it has not ended. */
  readonly ok?: boolean;
  readonly tookMs?: number;
}

/** A call of the model's that somebody has to decide about: by the agent's call `decide`. */
export interface AgentApproval {
  readonly id: string;
  /** Whose it is. */
  readonly agent: string;
  readonly tool: string;
  /** As the model wrote them. */
  readonly arguments: string;
  /** The time of day from which it waits, in ms since 1970. */
  readonly sinceMs: number;
}

/** Of the calls in the model's last message, as far as one is. */
export type CallState = "new" | "waits" | "decided" | "runs" | "ended";

export interface OpenCall {
  readonly call: ToolCall;
  state: CallState;
  /** Where it waits, or has waited. */
  approval?: { readonly id: string; readonly sinceMs: number };
  decision?: { readonly isApproved: boolean; readonly reason?: string };
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  /** In the currency of the router's prices; absent where it has none. */
  cost?: { amount: number; currency: string };
}

export interface Turn {
  readonly id: string;
  readonly content: string;
  readonly atMs: number;
  /** Agents that have handed it on, the first one first. */
  readonly path: readonly string[];
  /** The number of the message that has begun it, from 0. */
  readonly firstMessage: number;
  steps: number;
  corrections: number;
  /** The model was told of the answer's form, in the place of tools. */
  isForm: boolean;
  readonly calls: TurnCall[];
  readonly usage: Usage;
  /** Undefined: it is open. */
  end?: TurnEnd;
  tookMs: number;
}

/** Data: it is kept as a snapshot. */
export interface Session {
  /** All that was said, but for what a summary stands for. */
  messages: ChatMessage[];
  /** Messages that there were before the first of those. */
  forgotten: number;
  /** The numbers of those that have begun a turn. */
  starts: number[];
  summary: string | undefined;
  turns: number;
  /** The last one. */
  turn: Turn | undefined;
  /** Of the last message, if it is the model's. */
  open: OpenCall[];
  /** Of its calls: see `said`. */
  key: string;
  readonly usage: Usage;
}

export function emptySession(): Session {
  return {
    messages: [],
    forgotten: 0,
    starts: [],
    summary: undefined,
    turns: 0,
    turn: undefined,
    open: [],
    key: "",
    usage: { inputTokens: 0, outputTokens: 0 },
  };
}

export function applied(session: Session, event: SessionEvent): void {
  const { messages, open } = session;
  switch (event.type) {
    case "asked": {
      const { turn: id, content, atMs, path = [] } = event;
      session.turns++;
      const usage = { inputTokens: 0, outputTokens: 0 };
      const firstMessage = session.forgotten + messages.length;
      session.turn = {
        id,
        content,
        atMs,
        path,
        firstMessage,
        steps: 0,
        corrections: 0,
        isForm: false,
        calls: [],
        usage,
        tookMs: 0,
      };
      session.open = [];
      session.starts.push(firstMessage);
      messages.push({ role: "user", content });
      return;
    }
    case "said": {
      const { content, toolCalls, usage, begins = [], key = "" } = event;
      session.key = key;
      messages.push({
        role: "assistant",
        ...((content !== "" || toolCalls.length === 0) && { content }),
        ...(toolCalls.length > 0 && { toolCalls }),
      });
      session.open = toolCalls.map((call, place) => ({ call, state: begins.includes(place) ? "runs" : "new" }));
      const { turn } = session;
      if (turn !== undefined) {
        turn.steps++;
        for (const { name } of toolCalls) turn.calls.push({ name });
        addUsage(turn.usage, usage);
      }
      addUsage(session.usage, usage);
      return;
    }
    case "corrected":
      messages.push({ role: "user", content: event.content });
      if (session.turn === undefined) return;
      if (event.isForm === true) session.turn.isForm = true;
      else session.turn.corrections++;
      return;
    case "toolBegan":
      (open[event.place] as OpenCall).state = "runs";
      return;
    case "toolEnded": {
      const { place, content, isError, tookMs } = event;
      const one = open[place] as OpenCall;
      one.state = "ended";
      messages.push({ role: "tool", toolCallId: one.call.id, content, ...(isError && { isError }) });
      const calls = session.turn?.calls ?? [];
      calls[calls.length - open.length + place] = { name: one.call.name, ok: !isError, tookMs };
      return;
    }
    case "approvalAsked": {
      const { place, id, atMs: sinceMs } = event;
      Object.assign(open[place] as OpenCall, { state: "waits", approval: { id, sinceMs } });
      return;
    }
    case "decided": {
      const { id, isApproved, reason } = event;
      const one = open.find(({ approval }) => approval?.id === id) as OpenCall;
      one.state = "decided";
      one.decision = { isApproved, ...(reason !== undefined && { reason }) };
      return;
    }
    case "ended": {
      const { type: _type, tookMs, ...end } = event;
      if (session.turn !== undefined) Object.assign(session.turn, { end, tookMs });
      // Whoever it was handed to has spoken in the agent's place.
      if (end.finish === "handOff" && end.text !== "") messages.push({ role: "assistant", content: end.text });
      session.open = [];
      return;
    }
    case "forgotten":
      forget(session, event.messages);
      return;
    case "summarised": {
      const { messages: first, summary, usage } = event;
      forget(session, first);
      session.summary = summary;
      addUsage(session.usage, usage);
      if (session.turn !== undefined && session.turn.end === undefined) addUsage(session.turn.usage, usage);
    }
  }
}

function forget(session: Session, messages: number): void {
  session.messages.splice(0, messages);
  session.forgotten += messages;
  session.starts = session.starts.filter((start) => start >= session.forgotten);
}

/** The places of the messages that have begun a turn. */
export function turnPlaces({ starts, forgotten }: Session): readonly number[] {
  return starts.map((start) => start - forgotten);
}

/** Adds what an answer has used; undefined: nobody has told it. */
export function addUsage(total: Usage, usage: ChatUsage | undefined): void {
  if (usage === undefined) return;
  const { inputTokens, outputTokens, cost } = usage;
  total.inputTokens += inputTokens;
  total.outputTokens += outputTokens;
  if (cost === undefined) return;
  const { amount, currency } = cost;
  // One router has one currency; what another has counted cannot be added.
  const before = total.cost ?? { amount: 0, currency };
  if (before.currency === currency) total.cost = { amount: before.amount + amount, currency };
}

/** Whether a turn is under way, or has been left in the midst. */
export function isOpen({ turn }: Session): boolean {
  return turn !== undefined && turn.end === undefined;
}

/** Of the message that has begun the last turn, among those that there are. */
export function turnPlace({ turn, forgotten }: Session): number {
  return (turn?.firstMessage ?? 0) - forgotten;
}

/** Those of the last turn. */
export function turnMessages(session: Session): readonly ChatMessage[] {
  return session.messages.slice(turnPlace(session));
}

/** Those calls that somebody has to decide about. */
export function waiting({ open }: Session): readonly OpenCall[] {
  return open.filter(({ state }) => state === "waits");
}

/** The end of a turn that was handed to another agent, where that waits for decisions. */
export function handedAndWaiting({ turn }: Session): Extract<TurnEnd, { finish: "handOff" }> | undefined {
  const end = turn?.end;
  return end?.finish === "handOff" && end.approvals.length > 0 ? end : undefined;
}

/** What ends the calls that have no answer yet, each by what is known of it. */
export function closing({ open }: Session, why: string): SessionEvent[] {
  return open.flatMap(({ state }, place) => {
    if (state === "ended") return [];
    if (state === "runs") return [uncertain(place, `it had begun when ${why}`)];
    const content = `not done: ${why} before it was begun`;
    return [{ type: "toolEnded", place, content, isError: true, tookMs: 0 } as const];
  });
}

/** Nobody knows how far a call came. */
export function uncertain(place: number, what: string, tookMs = 0): SessionEvent & { readonly type: "toolEnded" } {
  const content = `uncertain: ${what}; it may have been done, in part or as a whole`;
  return { type: "toolEnded", place, content, isError: true, tookMs, isUncertain: true };
}
