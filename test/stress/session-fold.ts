/** What a session's events come to, told without the code of agents: its turns, their calls of tools, and the messages in their order. */
import type { SessionEvent } from "../../actors/index.ts";
import type { ChatMessage } from "../../core/index.ts";

export interface FoldedCall {
  readonly name: string;
  readonly arguments: string;
  hasBegun: boolean;
  approval?: string;
  decision?: boolean;
  end?: Extract<SessionEvent, { type: "toolEnded" }>;
}

export interface FoldedStep {
  /** Messages that there were before. */
  readonly before: number;
  readonly text: string;
  readonly calls: readonly FoldedCall[];
}

export interface FoldedTurn {
  readonly id: string;
  readonly content: string;
  readonly steps: FoldedStep[];
  finish?: string;
}

export interface FoldedSession {
  readonly turns: readonly FoldedTurn[];
  /** All that there ever were. */
  readonly messages: readonly ChatMessage[];
  /** So many of the first are summed up. */
  readonly forgotten: number;
  readonly summaries: number;
}

/** @throws Error one of them is of nothing, or of no conversation that was planned. */
export function folded(events: readonly SessionEvent[]): FoldedSession {
  const turns: FoldedTurn[] = [];
  const messages: ChatMessage[] = [];
  let forgotten = 0;
  let summaries = 0;
  const lastTurn = () => there(turns.at(-1), "turn");
  const callAt = (place: number) => there(lastTurn().steps.at(-1)?.calls[place], `call ${place}`);
  for (const event of events) {
    switch (event.type) {
      case "asked":
        turns.push({ id: event.turn, content: event.content, steps: [] });
        messages.push({ role: "user", content: event.content });
        break;
      case "said": {
        const { content: text, toolCalls, begins = [] } = event;
        const calls = toolCalls.map(
          ({ name, arguments: given }, place): FoldedCall => ({
            name,
            arguments: given,
            hasBegun: begins.includes(place),
          }),
        );
        lastTurn().steps.push({ before: messages.length, text, calls });
        messages.push({ role: "assistant", content: text, toolCalls });
        break;
      }
      case "toolBegan":
        callAt(event.place).hasBegun = true;
        break;
      case "toolEnded": {
        const { place, content, isError } = event;
        const id = lastSaid(messages).toolCalls?.[place]?.id as string;
        callAt(place).end = event;
        messages.push({ role: "tool", toolCallId: id, content, isError });
        break;
      }
      case "approvalAsked":
        callAt(event.place).approval = event.id;
        break;
      case "decided":
        there(
          lastTurn()
            .steps.at(-1)
            ?.calls.find(({ approval }) => approval === event.id),
          event.id,
        ).decision = event.isApproved;
        break;
      case "ended":
        lastTurn().finish = event.finish;
        break;
      case "summarised":
        forgotten += event.messages;
        summaries++;
        break;
      default:
        throw new Error(`broken: the session has an event "${event.type}", and none is planned`);
    }
  }
  return { turns, messages, forgotten, summaries };
}

/** Each call of the model's has one answer, before anything else is said: the numbers of messages where that does not hold. */
export function tornAt(messages: readonly ChatMessage[]): number[] {
  const torn: number[] = [];
  let place = 0;
  while (place < messages.length) {
    const message = messages[place] as ChatMessage;
    const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
    const answers = messages.slice(place + 1, place + 1 + calls.length);
    const ids = new Set(answers.map((answer) => (answer.role === "tool" ? answer.toolCallId : undefined)));
    const isWhole = ids.size === calls.length && calls.every(({ id }) => ids.has(id));
    if (message.role === "tool" || !isWhole) torn.push(place);
    place += isWhole ? 1 + calls.length : 1;
  }
  return torn;
}

function lastSaid(messages: readonly ChatMessage[]): Extract<ChatMessage, { role: "assistant" }> {
  const last = messages.findLast((message) => message.role === "assistant");
  return there(last, "answer of the model's");
}

function there<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`broken: an event of a ${what} that is not there`);
  return value;
}
