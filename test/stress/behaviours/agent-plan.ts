/** What is said and done in a conversation, as the model and who checks it know it: turn by turn, the same every time. */
import { createHash } from "node:crypto";
import type { ChatMessage } from "../../../core/index.ts";

/** `note` has an effect, `refuse` fails by its own word and has none, `sign` has one when somebody has approved. */
export type DeskTool = "note" | "refuse" | "sign";

/** The calls in each answer of the model's, but for the last one, which has none. By the number of the turn, in turns. */
const kinds: readonly (readonly (readonly DeskTool[])[])[] = [
  [],
  [["note"]],
  [["note", "note", "refuse", "note"]],
  [["sign"]],
  [["note", "sign", "sign"], ["note"]],
  [["refuse"], ["note", "note"]],
];
/** After so many turns everything has been. */
export const roundTurns = kinds.length;

export interface PlannedCall {
  readonly tool: DeskTool;
  /** No other call has it. */
  readonly work: string;
}

/** @param step from 0; of the last one, and those that should not be, there are none */
export function plannedCalls(turn: number, step: number): readonly PlannedCall[] {
  const tools = kinds[turn % roundTurns]?.[step] ?? [];
  return tools.map((tool, place) => ({ tool, work: `${turn}.${step}.${place}` }));
}

/** Of an answered turn, with the last one. */
export function plannedSteps(turn: number): number {
  return (kinds[turn % roundTurns] as readonly unknown[]).length + 1;
}

/** What the caller says to a call that waits. */
export function isToApprove(work: string): boolean {
  return !work.endsWith(".2");
}

export function askOf(turn: number): string {
  return `turn ${turn}`;
}

export function turnOf(asked: string): number {
  return Number(/^turn (\d+)$/.exec(asked)?.[1]);
}

/** What the model says in the end: it repeats what its tools have given since it was asked. */
export function answerText(turn: number, results: readonly string[]): string {
  return [`This is turn ${turn}`, ...results].join("; ");
}

/** The same of the same messages, whichever way they came. */
export function digestOf(messages: readonly ChatMessage[]): string {
  const hash = createHash("sha256");
  for (const message of messages) {
    const { role, content = "" } = message;
    const calls = message.role === "assistant" ? (message.toolCalls ?? []) : [];
    const tool = message.role === "tool" ? [message.toolCallId, message.isError === true] : [];
    hash.update(
      JSON.stringify([role, content, calls.map(({ id, name, arguments: given }) => [id, name, given]), tool]),
    );
  }
  return hash.digest("hex").slice(0, 16);
}
