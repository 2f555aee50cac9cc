/** Models that go round in circles. */
import { RuntimeError, type ToolCall } from "../../core/index.ts";
import type { CheckedAgent } from "./agent-definition.ts";
import { type Session, turnMessages } from "./session.ts";

/** @throws RuntimeError `agent_loop`: with these calls the turn has more than it may, or one of them too often. */
export function assertNoLoop({ name, limits }: CheckedAgent, session: Session, toolCalls: readonly ToolCall[]): void {
  const { maxToolCalls, maxSameCalls } = limits;
  const before = turnMessages(session).flatMap((message) =>
    message.role === "assistant" ? (message.toolCalls ?? []) : [],
  );
  const all = [...before, ...toolCalls];
  if (all.length > maxToolCalls)
    throw new RuntimeError(
      "agent_loop",
      `${name}: its model calls ${all.length} tools in a turn (maxToolCalls: ${maxToolCalls})`,
    );
  const counts = new Map<string, number>();
  for (const { name: tool, arguments: given } of all) {
    const key = JSON.stringify([tool, given]);
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count > maxSameCalls)
      throw new RuntimeError(
        "agent_loop",
        `${name}: its model calls ${tool} with the same arguments for the ${count}th time (maxSameCalls: ${maxSameCalls})`,
      );
  }
}
